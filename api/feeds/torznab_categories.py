"""Newznab's category numbers, and the kind of torrent that each stands for.

A torrent's kind is guessed from its name, so its category is a guess too.
"""

from collections.abc import Collection

from archive.naming.torrent_kind import TorrentKind

# A number of whole thousands is a parent: it stands for all kinds of the numbers that follow it here.
CATEGORIES: dict[int, tuple[str, TorrentKind | None]] = {
    2000: ("Movies", None),
    2030: ("Movies/SD", TorrentKind.FILM_SD),
    2040: ("Movies/HD", TorrentKind.FILM_HD),
    2045: ("Movies/UHD", TorrentKind.FILM_UHD),
    3000: ("Audio", None),
    3050: ("Audio/Other", TorrentKind.AUDIO),
    4000: ("PC", None),
    4010: ("PC/0day", TorrentKind.SOFTWARE),
    4040: ("PC/Mobile-Other", TorrentKind.MOBILE),
    5000: ("TV", None),
    5030: ("TV/SD", TorrentKind.SERIES_SD),
    5040: ("TV/HD", TorrentKind.SERIES_HD),
    5045: ("TV/UHD", TorrentKind.SERIES_UHD),
    5070: ("TV/Anime", TorrentKind.ANIME),
    6000: ("XXX", None),
    6070: ("XXX/Other", TorrentKind.ADULT),
    7000: ("Books", None),
    7020: ("Books/EBook", TorrentKind.BOOK),
    8000: ("Other", None),
    8010: ("Other/Misc", TorrentKind.OTHER),
}
CATEGORY_OF_KIND = {kind: number for number, (_, kind) in CATEGORIES.items() if kind}


def parent_category(number: int) -> int:
    return number // 1000 * 1000


def kinds_in_categories(numbers: Collection[int]) -> tuple[TorrentKind, ...]:
    """The kinds of these categories, which may be parents. Numbers that are not in the table are ignored."""
    return tuple(
        kind
        for kind, number in CATEGORY_OF_KIND.items()
        if number in numbers or parent_category(number) in numbers
    )
