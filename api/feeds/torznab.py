"""Torznab, as Prowlarr, Sonarr and their like speak it: Newznab's questions, and answers in RSS with attributes.

Categories are guesses from names. A question by IMDb's id alone finds what is known to be that film or series; with
words beside it, the words are looked for, as most torrents are of no known film. By other ids alone nothing is found.
"""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from lxml import etree

from api.feeds.rss_document import (
    TorrentUrls,
    add_enclosure,
    add_item,
    add_text_element,
    clean_text,
    serialize,
    start_channel,
    torrent_urls,
)
from archive.browse.search import SearchQuery, search_torrents
from archive.errors import NotListed, Unavailable
from archive.films.film_links import FilmLink, find_films
from archive.naming.torrent_kind import TorrentKind
from archive.torrents.catalogue import Entry
from metainfo.errors import Refusal
from metainfo.magnet import format_magnet

NAMESPACE = "http://torznab.com/schemas/2015/feed"
_MOST = 100  # items of an answer
_QUESTION = 2_000  # characters

# Newznab's numbers. Thousands are all of their kind, and hold the numbers that follow them here.
_CATEGORIES: dict[int, tuple[str, TorrentKind | None]] = {
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
_NUMBERS = {kind: number for number, (_, kind) in _CATEGORIES.items() if kind}
_FUNCTIONS = {"search": "search", "tvsearch": "tv-search", "movie": "movie-search"}
_FUNCTIONS |= {"music": "audio-search", "audio": "audio-search", "book": "book-search"}
_PARAMETERS = {
    "search": "q",
    "tv-search": "q,season,ep,imdbid",
    "movie-search": "q,imdbid",
    "audio-search": "q",
    "book-search": "q",
}
_IDS = {"imdbid", "tmdbid", "tvdbid", "tvmazeid", "traktid", "rid", "doubanid"}
_WITHIN = {"tv-search": (5000,), "movie-search": (2000,), "audio-search": (3000,), "book-search": (7000,)}


class _Wrong(Exception):
    """Newznab's number for what is wrong, and what there is to say."""


@csrf_exempt  # it changes nothing; Django's check would answer other methods with a page of HTML
@require_safe
def torznab_api(request: HttpRequest) -> HttpResponse:
    """`apikey` is accepted and not needed."""
    function = request.GET.get("t", "")
    try:
        if function == "caps":
            return _answer(_caps(request))
        if not function:
            raise _Wrong(200, "Missing parameter (t)")
        if function not in _FUNCTIONS:
            raise _Wrong(202, "No such function")
        return _answer(_feed(request, _FUNCTIONS[function]), "application/rss+xml")
    except _Wrong as wrong:
        return _failed(*wrong.args)
    except NotListed as refusal:
        return _failed(910, f"API disabled. {refusal}")
    except Refusal as refusal:
        response = _failed(900, str(refusal), 503)
        response["Retry-After"] = str(Unavailable.retry_after)
        return response


def _caps(request: HttpRequest) -> etree._Element:
    caps = etree.Element("caps")
    etree.SubElement(caps, "server", {"title": "Hashkeep", "url": request.build_absolute_uri("/")})
    etree.SubElement(caps, "limits", {"max": str(_MOST), "default": str(_MOST)})
    etree.SubElement(caps, "registration", {"available": "no", "open": "no"})
    searching, available = etree.SubElement(caps, "searching"), "yes" if settings.LISTING else "no"
    for function, parameters in _PARAMETERS.items():
        etree.SubElement(searching, function, {"available": available, "supportedParams": parameters})
    categories = etree.SubElement(caps, "categories")
    made = categories
    for number, (name, kind) in _CATEGORIES.items():
        said = {"id": str(number), "name": name}
        if kind is None:
            made = etree.SubElement(categories, "category", said)
        else:
            etree.SubElement(made, "subcat", said)
    return caps


def _feed(request: HttpRequest, function: str) -> etree._Element:
    document, told = start_channel(request, "Hashkeep", {"torznab": NAMESPACE})
    limit = _number(request, "limit", _MOST)
    offset = _number(request, "offset", 0)
    hits: list[Entry] = []
    if limit and (query := _query(request, function)):
        hits = search_torrents(query, limit=min(limit, _MOST), offset=offset).hits
    etree.SubElement(told, f"{{{NAMESPACE}}}response", {"offset": str(offset)})
    matches = find_films(hits)
    for hit in hits:
        _add(told, hit, torrent_urls(request, hit), matches.get(hit.number))
    return document


def _query(request: HttpRequest, function: str) -> SearchQuery | None:
    """None for what cannot be answered: an id without words, or categories of which there are none here."""
    said = request.GET.get("q", "")[:_QUESTION].strip()
    imdb = None if said else _imdb(request)
    if not said and imdb is None and not _IDS.isdisjoint(request.GET):
        return None
    numbers = [int(number) for number in re.findall(r"\d{4,9}", request.GET.get("cat", "")[:_QUESTION])]
    wanted = _kinds(numbers or _WITHIN.get(function, ()))
    if numbers and not wanted:
        return None
    if imdb is not None and wanted:
        wanted += (TorrentKind.OTHER,)  # the name does not tell; whoever matched it knew better
    return SearchQuery(
        f"{said} {_episode(request)}", wanted if len(wanted) < len(TorrentKind) else (), imdb=imdb
    )


def _imdb(request: HttpRequest) -> int | None:
    """With and without its tt: Radarr leaves it out, Prowlarr does not."""
    asked = re.fullmatch(r"(?:tt)?0*(\d{1,9})", request.GET.get("imdbid", "").strip()[:20], re.ASCII)
    return int(asked[1]) if asked else None


def _kinds(numbers: list[int] | tuple[int, ...]) -> tuple[TorrentKind, ...]:
    return tuple(kind for kind, own in _NUMBERS.items() if own in numbers or _parent(own) in numbers)


def _parent(number: int) -> int:
    return number // 1000 * 1000


def _episode(request: HttpRequest) -> str:
    """As release names spell it: season 1, ep 2 is S01E02, and season 2026, ep 11/20 is a day."""
    season, episode = (request.GET.get(name, "")[:10] for name in ("season", "ep"))
    number = re.fullmatch(r"[Ss]?0*(\d{1,4})", season)
    if not number:
        return ""
    if day := re.fullmatch(r"(\d{1,2})/(\d{1,2})", episode):
        return f"{season} {int(day[1]):02d} {int(day[2]):02d}"
    part = re.fullmatch(r"[Ee]?0*(\d{1,4})", episode)
    return f"s{int(number[1]):02d}" + (f"e{int(part[1]):02d}" if part else "")


def _number(request: HttpRequest, name: str, default: int) -> int:
    value = request.GET.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise _Wrong(201, f"Incorrect parameter ({name})")
    return int(value)


def _add(told: etree._Element, hit: Entry, where: TorrentUrls, match: FilmLink | None) -> None:
    made = add_item(told, hit, where, link=where.torrent)
    add_text_element(made, "comments", where.view)
    add_text_element(made, "size", str(hit.size))
    number = _NUMBERS[hit.kind]
    add_text_element(made, "category", str(number))
    add_enclosure(made, where.torrent, hit.size)  # here by custom that of the content: FlexGet shows it so
    attributes = [
        ("category", str(_parent(number))),
        ("category", str(number)),
        ("size", str(hit.size)),
        ("files", str(hit.files)),
        ("infohash", (hit.v1 or hit.infohash).lower()),
        ("magneturl", format_magnet(hit.v1, hit.v2, clean_text(hit.name), ())),
        ("downloadvolumefactor", "0"),
        ("uploadvolumefactor", "1"),
    ]
    if match:
        attributes += [("imdb", match.imdb_id.removeprefix("tt")), ("imdbid", match.imdb_id)]
    for name, value in attributes + _swarm(hit):
        etree.SubElement(made, f"{{{NAMESPACE}}}attr", {"name": name, "value": value})


def _swarm(hit: Entry) -> list[tuple[str, str]]:
    """What is not known is left out: clients take that for unknown, and a 0 for a dead torrent."""
    if hit.liveness is None:
        return []
    seen = hit.liveness
    told = {
        "seeders": seen.seeders,
        "leechers": seen.leechers,
        "peers": seen.swarm_size,  # both together: clients take the seeders off
        "grabs": seen.completed,
    }
    return [(name, str(number)) for name, number in told.items() if number is not None]


def _failed(code: int, description: str, status: int = 200) -> HttpResponse:
    """Newznab's errors have status 200: clients look into the document."""
    return _answer(etree.Element("error", {"code": str(code), "description": description}), status=status)


def _answer(document: etree._Element, kind: str = "application/xml", status: int = 200) -> HttpResponse:
    response = HttpResponse(serialize(document), content_type=f"{kind}; charset=utf-8", status=status)
    response["Cache-Control"] = "no-store"
    return response
