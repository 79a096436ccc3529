"""Guesses the kind of a torrent (film, series, book, software …) from its name and its largest file.

A guess helps to filter a search and may be wrong. Steps of `guess_kind`, the first that answers wins:

1. the word "xxx" in the name: adult;
2. the ending of the name itself ("….mp3", "….epub");
3. the ending of the largest file, except for disc images, which may hold anything;
4. words in the name that are usual for one kind ("1080p", "flac", "linux");
5. for a film: an episode number or a date makes it a series, words and brackets of fansubs make it anime.
"""

import re
from enum import StrEnum


class TorrentKind(StrEnum):
    FILM_SD = "filmsd"
    FILM_HD = "filmhd"
    FILM_UHD = "filmuhd"
    SERIES_SD = "seriessd"
    SERIES_HD = "serieshd"
    SERIES_UHD = "seriesuhd"
    ANIME = "anime"
    AUDIO = "audio"
    BOOK = "book"
    SOFTWARE = "software"
    MOBILE = "mobile"
    ADULT = "adult"
    OTHER = "other"

    @property
    def is_film_or_series(self) -> bool:
        """Whether IMDb may have a title for it. Anime is left out."""
        return self.startswith(("film", "series"))


_ENDINGS = {
    "film": "avi divx flv m2ts m4v mkv mov mp4 mpeg mpg ogv ts vob webm wmv",
    "audio": "aac aiff ape flac m4a m4b mka mp3 ogg opus wav wma",
    "book": "azw3 cbr cbz chm djvu epub fb2 lit mobi pdf",
    "software": "appimage appx bin deb dmg exe img iso jar msi pkg qcow2 rpm vdi vmdk xpi",
    "mobile": "apk apkm ipa xapk",
}
_WORDS = {
    "adult": "xxx",
    "film": (
        "1080i 1080p 2160p 480p 576p 720p av1 bdremux bdrip bluray brrip camrip dvdrip dvdscr hdcam hdrip hdtv hevc "
        "hdts remux uhd vhsrip webdl webrip x264 x265 xvid"
    ),
    "audio": "320kbps 192kbps 256kbps v0 audiobook discography flac mp3 ost soundtrack vinyl",
    "book": "ebook ebooks epub mobi pdf comic comics manga magazine",
    "mobile": "android apk ios ipa",
    "software": "amd64 crack cracked keygen linux macos portable repack win64 windows x86 x64",
}
_KIND_OF_ENDING = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_KIND_OF_WORD = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_EPISODE = re.compile(r"s\d{1,4}(e\d{1,5})+|s\d{1,3}|\d{1,2}x\d{2,3}|season|seasons|hdtv|pdtv")
_YEAR_SEASON = re.compile(r"s(19|20)\d\d")  # by itself it may be a car or a camera
# Daily programmes are named by their date.
_DATE = re.compile(r"\b(19|20)\d\d (0[1-9]|1[0-2]) (0[1-9]|[12]\d|3[01])\b")
# Names of fansubs: [group] title - 12 [1080p], with the CRC of the file at the end.
_ANIME = re.compile(r"\[[^\]]{1,40}\].*( - \d{1,4}(v\d)?\b|[\[(][0-9A-Fa-f]{8}[\])])")
_PRIORITY = (
    "adult",
    "film",
    "audio",
    "book",
    "mobile",
    "software",
)  # a film may have a soundtrack; not the reverse
_MAX_ANIME_NAME = 300  # characters of a name that the pattern of anime is tried on


def guess_kind(name: str, words: list[str], largest_file: str) -> TorrentKind:
    """The kind of a torrent with this name, OTHER where nothing hints at one.

    `words` are those of the name, as `search_words.split_words` makes them, and those of its other spellings, such as
    "s01e05" for "Season 1 Episode 5". `largest_file` is the name of the
    torrent's largest file without its folders, "" where it is not known.
    """
    hints = {_KIND_OF_WORD[word] for word in words if word in _KIND_OF_WORD}
    kind = "adult" if "adult" in hints else _kind_of_ending(name) or _kind_of_file(largest_file, hints)
    is_episode = any(_EPISODE.fullmatch(word) for word in words) or bool(_DATE.search(" ".join(words)))
    if kind in ("film", None) and "anime" in words or kind == "film" and _ANIME.match(name[:_MAX_ANIME_NAME]):
        return TorrentKind.ANIME
    if kind == "film" or (kind is None and is_episode):
        is_episode = is_episode or any(map(_YEAR_SEASON.fullmatch, words))
        return TorrentKind(f"{'series' if is_episode else 'film'}{_guess_resolution(words)}")
    return TorrentKind(kind) if kind else TorrentKind.OTHER


def _kind_of_ending(name: str) -> str | None:
    return _KIND_OF_ENDING.get(name[-10:].lower().rpartition(".")[2])


def _kind_of_file(file: str, hints: set[str]) -> str | None:
    """The kind by the ending of this file, or by the hints where the ending says nothing.

    A disc image may hold anything, so there the hints of the torrent's name come first.
    """
    by_ending = _kind_of_ending(file)
    by_name = next((kind for kind in _PRIORITY if kind in hints), None)
    return by_name or by_ending if by_ending in ("software", None) else by_ending


def _guess_resolution(words: list[str]) -> str:
    if not {"2160p", "4k", "uhd"}.isdisjoint(words):
        return "uhd"
    return "sd" if {"720p", "1080p", "1080i", "bluray"}.isdisjoint(words) else "hd"
