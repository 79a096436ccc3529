"""The words that a torrent is found by, in one spelling whatever its name's letter case, accents and script."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

from django.conf import settings

from archive.naming.torrent_kind import TorrentKind, guess_kind
from metainfo import Metainfo, ParsedTorrent

_MARK = "="  # before a word that stands for a kind; no name has such a word
_KINDS = {f"{_MARK}{one}": one for one in TorrentKind}
_LONGEST = 60  # characters of a word; what follows is not looked at, here or there
_MOST = 1_000  # words of a torrent
_EPISODE = re.compile(r"(s\d{1,3})e\d{1,4}.*")
_ALONE = re.compile(
    r"[\u2e80-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class _Letters(dict[int, str]):
    """For str.translate: letters, digits and the marks on them stay, accents go, all else parts words."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if 0x300 <= code < 0x370:  # combining diacritical marks, which é and ё are made of after NFKD
            self[code] = ""
        elif unicodedata.category(character)[0] in "LNM":
            # Chinese and Japanese have no spaces: there, each sign counts as a word.
            self[code] = f" {character} " if _ALONE.match(character) else character
        else:
            self[code] = " "
        return self[code]


_LETTERS = _Letters()


def split_words(text: str) -> Iterator[str]:
    """Each as often as it occurs."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    for word in folded.translate(_LETTERS).split():
        yield word[:_LONGEST]


def kind_word(one: TorrentKind) -> str:
    """The word that all torrents of a kind share."""
    return f"{_MARK}{one}"


def kind_from_index_words(found_by: str) -> TorrentKind:
    """As the index keeps it."""
    return _KINDS.get(found_by.partition(" ")[0], TorrentKind.OTHER)


def index_words(torrent: bytes, metainfo: Metainfo) -> str:
    """What the index keeps: the words of the name and, where SEARCH_FILES is on, of the files' paths."""
    named = list(split_words(metainfo.name))
    found = dict.fromkeys([kind_word(guess_kind(metainfo.name, named, metainfo.main))])
    found |= dict.fromkeys(islice(_with_seasons(named), _MOST))
    if settings.SEARCH_FILES:
        for word in _of_files(torrent):
            if len(found) >= _MOST:
                break
            found[word] = None
    return " ".join(found)


def _with_seasons(named: Iterable[str]) -> Iterator[str]:
    """Whoever looks for a season means its episodes too: s01e02 is found by s01."""
    for word in named:
        yield word
        if episode := _EPISODE.fullmatch(word):
            yield episode[1]


def _of_files(torrent: bytes) -> Iterator[str]:
    for file in ParsedTorrent(torrent, len(torrent)).files():
        for part in file.path:
            yield from split_words(part)
