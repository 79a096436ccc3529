"""What kind of thing a torrent is, guessed from its name and its largest file: a help, and no promise."""

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
    def titled(self) -> bool:
        """Films and series, which have titles at IMDb."""
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
_OF_ENDING = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_OF_WORD = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_EPISODE = re.compile(r"s\d{1,3}(e\d{1,4})*|\d{1,2}x\d{2,3}|season|seasons|hdtv|pdtv")
_DAY = re.compile(r"\b(19|20)\d\d (0[1-9]|1[0-2]) (0[1-9]|[12]\d|3[01])\b")  # how daily programmes are named
# Fansubbers' names: [group] title - 12 [1080p], with the CRC of the file at the end.
_ANIME = re.compile(r"\[[^\]]{1,40}\].*( - \d{1,4}(v\d)?\b|[\[(][0-9A-Fa-f]{8}[\])])")
_RANK = (
    "adult",
    "film",
    "audio",
    "book",
    "mobile",
    "software",
)  # a film may have a soundtrack; not the reverse
_LOOKED_AT = 300  # characters of a name


def guess_kind(name: str, words: list[str], main: str) -> TorrentKind:
    """`words` are those of the name, as `search_words` makes them; `main` is the name of the largest file."""
    hints = {_OF_WORD[word] for word in words if word in _OF_WORD}
    found = "adult" if "adult" in hints else _of_ending(name) or _of_files(main, hints)
    episode = any(_EPISODE.fullmatch(word) for word in words) or bool(_DAY.search(" ".join(words)))
    if found in ("film", None) and "anime" in words or found == "film" and _ANIME.match(name[:_LOOKED_AT]):
        return TorrentKind.ANIME
    if found == "film" or (found is None and episode):
        return TorrentKind(f"{'series' if episode else 'film'}{_sharpness(words)}")
    return TorrentKind(found) if found else TorrentKind.OTHER


def _of_ending(name: str) -> str | None:
    return _OF_ENDING.get(name[-10:].lower().rpartition(".")[2])


def _of_files(main: str, hints: set[str]) -> str | None:
    """A picture of a disc may hold anything, so there the name's words come first."""
    ending = _of_ending(main)
    by_name = next((one for one in _RANK if one in hints), None)
    return by_name or ending if ending in ("software", None) else ending


def _sharpness(words: list[str]) -> str:
    if not {"2160p", "4k", "uhd"}.isdisjoint(words):
        return "uhd"
    return "sd" if {"720p", "1080p", "1080i", "bluray"}.isdisjoint(words) else "hd"
