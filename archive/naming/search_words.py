"""Splits names into search words, and makes the text that the full-text index keeps of each torrent.

A word has one spelling, whatever the letter case, accents and script of the name: "Amélie" and "AMELIE" are both
"amelie". The first word of an index text stands for the torrent's kind ("=filmhd"), so that a search by kind is a
search for a word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

from django.conf import settings

from archive.naming.torrent_kind import TorrentKind, guess_kind
from metainfo import Metainfo, ParsedTorrent

_KIND_PREFIX = "="  # split_words never yields this sign, so no name has such a word
_KIND_OF_WORD = {f"{_KIND_PREFIX}{kind}": kind for kind in TorrentKind}
_MAX_WORD = 60  # characters; the rest of a word is ignored, in names and in searches alike
_MAX_WORDS = 1_000  # of a torrent
_EPISODE = re.compile(r"(s\d{1,3})e\d{1,4}.*")
_CJK = re.compile(
    r"[\u2e80-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class _Letters(dict[int, str]):
    """For str.translate: keeps letters, digits and their marks, drops accents, makes a space of all else.

    Filled on demand, one character at a time.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if 0x300 <= code < 0x370:  # combining diacritical marks, which é and ё are made of after NFKD
            self[code] = ""
        elif unicodedata.category(character)[0] in "LNM":
            # Chinese and Japanese have no spaces: there, each sign counts as a word.
            self[code] = f" {character} " if _CJK.match(character) else character
        else:
            self[code] = " "
        return self[code]


_LETTERS = _Letters()


def split_words(text: str) -> Iterator[str]:
    """The words of a text in their order, each as often as it occurs, folded to one spelling (Unicode NFKD)."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    for word in folded.translate(_LETTERS).split():
        yield word[:_MAX_WORD]


def kind_word(kind: TorrentKind) -> str:
    """The word that all torrents of this kind share in the index."""
    return f"{_KIND_PREFIX}{kind}"


def kind_from_index_words(index_words: str) -> TorrentKind:
    """The kind that the first word of an index text stands for; OTHER for a text without one."""
    return _KIND_OF_WORD.get(index_words.partition(" ")[0], TorrentKind.OTHER)


def make_index_words(torrent: bytes, metainfo: Metainfo) -> str:
    """The text that the index keeps of a torrent: the word of its kind, then the words of its name.

    Where the setting SEARCH_FILES is on, the words of the files' paths follow. Each word occurs once, and at most
    `_MAX_WORDS` follow the kind.
    """
    name_words = list(split_words(metainfo.name))
    found = dict.fromkeys([kind_word(guess_kind(metainfo.name, name_words, metainfo.largest_file))])
    found |= dict.fromkeys(islice(_add_seasons(name_words), _MAX_WORDS))
    if settings.SEARCH_FILES:
        for word in _path_words(torrent):
            if len(found) >= _MAX_WORDS:
                break
            found[word] = None
    return " ".join(found)


def _add_seasons(words: Iterable[str]) -> Iterator[str]:
    """The words, and "s01" after each "s01e02": a search for a season means its episodes too."""
    for word in words:
        yield word
        if episode := _EPISODE.fullmatch(word):
            yield episode[1]


def _path_words(torrent: bytes) -> Iterator[str]:
    for file in ParsedTorrent(torrent, len(torrent)).files():
        for part in file.path:
            yield from split_words(part)
