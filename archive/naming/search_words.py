"""Splits names into search words, and makes the text that the full-text index keeps of each torrent.

A word has one spelling, whatever the letter case, accents and script of the name: "Amélie" and "AMELIE" are both
"amelie". What names write in several ways is in the index in each of them: "1x05" has the words "1x05", "s01" and
"s01e05". The first word of an index text stands for the torrent's kind ("=filmhd"), so that a search by kind is a
search for a word.
"""

from collections.abc import Iterator
from itertools import chain, islice

from django.conf import settings

from archive.naming.fold_letters import fold_letters
from archive.naming.other_spellings import find_index_words
from archive.naming.torrent_kind import TorrentKind, guess_kind
from metainfo import Metainfo, ParsedTorrent

_KIND_PREFIX = "="  # split_words never yields this sign, so no name has such a word
_KIND_OF_WORD = {f"{_KIND_PREFIX}{kind}": kind for kind in TorrentKind}
_MAX_WORD = 60  # characters; the rest of a word is ignored, in names and in searches alike
_MAX_WORDS = 1_000  # of a torrent
_SIGNS = str.maketrans("'-&", "   ")


def split_words(text: str) -> Iterator[str]:
    """The words of a text in their order, each as often as it occurs, as `fold_letters` spells them."""
    return split_folded(fold_letters(text))


def split_folded(folded: str) -> Iterator[str]:
    """The words of a text that is folded already."""
    for word in folded.translate(_SIGNS).split():
        yield word[:_MAX_WORD]


def kind_word(kind: TorrentKind) -> str:
    """The word that all torrents of this kind share in the index."""
    return f"{_KIND_PREFIX}{kind}"


def kind_from_index_words(index_words: str) -> TorrentKind:
    """The kind that the first word of an index text stands for; OTHER for a text without one."""
    return _KIND_OF_WORD.get(index_words.partition(" ")[0], TorrentKind.OTHER)


def make_index_words(torrent: bytes, metainfo: Metainfo) -> str:
    """The text that the index keeps of a torrent: the word of its kind, then the words of its name.

    Other spellings of parts of the name follow, and, where the setting SEARCH_FILES is on, the words of the files'
    paths. Each word occurs once, and at most `_MAX_WORDS` follow the kind.
    """
    folded = fold_letters(metainfo.name)
    name_words, more = list(split_folded(folded)), find_index_words(folded)
    kind = guess_kind(metainfo.name, [*name_words, *more.other_spellings], metainfo.largest_file)
    found = dict.fromkeys([kind_word(kind)])
    found |= dict.fromkeys(islice(chain(name_words, more.other_spellings, more.guesses), _MAX_WORDS))
    if settings.SEARCH_FILES:
        for word in _path_words(torrent):
            if len(found) >= _MAX_WORDS:
                break
            found[word] = None
    return " ".join(found)


def _path_words(torrent: bytes) -> Iterator[str]:
    """The words of the files' paths, with other spellings in the first `_MAX_WORDS` files: they take time to find."""
    for number, file in enumerate(ParsedTorrent(torrent, len(torrent)).files()):
        for part in file.path:
            folded = fold_letters(part)
            yield from split_folded(folded)
            if number < _MAX_WORDS:
                yield from find_index_words(folded).other_spellings
