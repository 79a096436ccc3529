"""Torznab, the search API of Prowlarr, Sonarr and their like: Newznab's requests, answered in RSS with attributes.

A request by IMDb's id alone finds the torrents that are known to be of that film or series. With words beside the
id, only the words are searched for, since most torrents are of no known film. A request by other ids alone finds
nothing.
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
from api.feeds.torznab_categories import (
    CATEGORIES,
    CATEGORY_OF_KIND,
    kinds_in_categories,
    parent_category,
)
from archive.browse.search import SearchQuery, search_torrents
from archive.errors import NotListed, Unavailable
from archive.films.film_links import FilmLink, find_films
from archive.naming.torrent_kind import TorrentKind
from archive.torrents.index_entries import TorrentEntry
from metainfo.errors import Refusal
from metainfo.magnet import format_magnet

NAMESPACE = "http://torznab.com/schemas/2015/feed"
_MAX_ITEMS = 100
_MAX_QUERY = 2_000  # characters

_FUNCTIONS = {"search": "search", "tvsearch": "tv-search", "movie": "movie-search"}
_FUNCTIONS |= {"music": "audio-search", "audio": "audio-search", "book": "book-search"}
_SUPPORTED_PARAMETERS = {
    "search": "q",
    "tv-search": "q,season,ep,imdbid",
    "movie-search": "q,imdbid",
    "audio-search": "q",
    "book-search": "q",
}
# Ids of a film or series in other catalogues. Only IMDb's is known here.
_ID_PARAMETERS = {"imdbid", "tmdbid", "tvdbid", "tvmazeid", "traktid", "rid", "doubanid"}
_CATEGORIES_OF_FUNCTION = {
    "tv-search": (5000,),
    "movie-search": (2000,),
    "audio-search": (3000,),
    "book-search": (7000,),
}


class _TorznabError(Exception):
    """`args` are Newznab's error number and its description."""


@csrf_exempt  # it changes nothing; Django's check would answer other methods with a page of HTML
@require_safe
def torznab_api(request: HttpRequest) -> HttpResponse:
    """`apikey` is accepted and not needed."""
    function = request.GET.get("t", "")
    try:
        if function == "caps":
            return _xml_response(_build_capabilities(request))
        if not function:
            raise _TorznabError(200, "Missing parameter (t)")
        if function not in _FUNCTIONS:
            raise _TorznabError(202, "No such function")
        return _xml_response(_build_feed(request, _FUNCTIONS[function]), "application/rss+xml")
    except _TorznabError as error:
        return _error_response(*error.args)
    except NotListed as refusal:
        return _error_response(910, f"API disabled. {refusal}")
    except Refusal as refusal:
        response = _error_response(900, str(refusal), 503)
        response["Retry-After"] = str(Unavailable.retry_after)
        return response


def _build_capabilities(request: HttpRequest) -> etree._Element:
    caps = etree.Element("caps")
    etree.SubElement(caps, "server", {"title": "Hashkeep", "url": request.build_absolute_uri("/")})
    etree.SubElement(caps, "limits", {"max": str(_MAX_ITEMS), "default": str(_MAX_ITEMS)})
    etree.SubElement(caps, "registration", {"available": "no", "open": "no"})
    searching, available = etree.SubElement(caps, "searching"), "yes" if settings.LISTING else "no"
    for function, parameters in _SUPPORTED_PARAMETERS.items():
        etree.SubElement(searching, function, {"available": available, "supportedParams": parameters})
    categories = etree.SubElement(caps, "categories")
    parent = categories
    for number, (name, kind) in CATEGORIES.items():
        attributes = {"id": str(number), "name": name}
        if kind is None:
            parent = etree.SubElement(categories, "category", attributes)
        else:
            etree.SubElement(parent, "subcat", attributes)
    return caps


def _build_feed(request: HttpRequest, function: str) -> etree._Element:
    document, channel = start_channel(request, "Hashkeep", {"torznab": NAMESPACE})
    limit = _parse_number(request, "limit", _MAX_ITEMS)
    offset = _parse_number(request, "offset", 0)
    entries: list[TorrentEntry] = []
    if limit and (query := _parse_query(request, function)):
        entries = search_torrents(query, limit=min(limit, _MAX_ITEMS), offset=offset).hits
    etree.SubElement(channel, f"{{{NAMESPACE}}}response", {"offset": str(offset)})
    films = find_films(entries)
    for entry in entries:
        _add_torznab_item(channel, entry, torrent_urls(request, entry), films.get(entry.number))
    return document


def _parse_query(request: HttpRequest, function: str) -> SearchQuery | None:
    """None for a request that finds nothing: an unknown id without words, or only categories that are not in use."""
    words = request.GET.get("q", "")[:_MAX_QUERY].strip()
    imdb = None if words else _parse_imdb_id(request)
    if not words and imdb is None and not _ID_PARAMETERS.isdisjoint(request.GET):
        return None
    numbers = [int(number) for number in re.findall(r"\d{4,9}", request.GET.get("cat", "")[:_MAX_QUERY])]
    kinds = kinds_in_categories(numbers or _CATEGORIES_OF_FUNCTION.get(function, ()))
    if numbers and not kinds:
        return None
    if imdb is not None and kinds:
        kinds += (TorrentKind.OTHER,)  # a torrent whose name does not tell its kind may be linked to the film
    every_kind = len(kinds) == len(TorrentKind)
    return SearchQuery(f"{words} {_format_episode(request)}", () if every_kind else kinds, imdb_number=imdb)


def _parse_imdb_id(request: HttpRequest) -> int | None:
    """With and without its tt: Radarr leaves it out, Prowlarr does not."""
    match = re.fullmatch(r"(?:tt)?0*(\d{1,9})", request.GET.get("imdbid", "").strip()[:20], re.ASCII)
    return int(match[1]) if match else None


def _format_episode(request: HttpRequest) -> str:
    """As release names spell it: season 1, ep 2 is S01E02, and season 2026, ep 11/20 is a day."""
    season, episode = (request.GET.get(name, "")[:10] for name in ("season", "ep"))
    season_number = re.fullmatch(r"[Ss]?0*(\d{1,4})", season)
    if not season_number:
        return ""
    if day := re.fullmatch(r"(\d{1,2})/(\d{1,2})", episode):
        return f"{season} {int(day[1]):02d} {int(day[2]):02d}"
    number = re.fullmatch(r"[Ee]?0*(\d{1,5})", episode)
    return f"s{int(season_number[1]):02d}" + (f"e{int(number[1]):02d}" if number else "")


def _parse_number(request: HttpRequest, name: str, default: int) -> int:
    value = request.GET.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise _TorznabError(201, f"Incorrect parameter ({name})")
    return int(value)


def _add_torznab_item(
    channel: etree._Element, entry: TorrentEntry, urls: TorrentUrls, film: FilmLink | None
) -> None:
    item = add_item(channel, entry, urls, link=urls.torrent)
    add_text_element(item, "comments", urls.view)
    add_text_element(item, "size", str(entry.size))
    category = CATEGORY_OF_KIND[entry.kind]
    add_text_element(item, "category", str(category))
    add_enclosure(item, urls.torrent, entry.size)  # the content's size, by custom: FlexGet shows it so
    attributes = [
        ("category", str(parent_category(category))),
        ("category", str(category)),
        ("size", str(entry.size)),
        ("files", str(entry.files)),
        ("infohash", (entry.v1 or entry.infohash).lower()),
        ("magneturl", format_magnet(entry.v1, entry.v2, clean_text(entry.name), ())),
        ("downloadvolumefactor", "0"),
        ("uploadvolumefactor", "1"),
    ]
    if film:
        attributes += [("imdb", film.imdb_id.removeprefix("tt")), ("imdbid", film.imdb_id)]
    for name, value in attributes + _swarm_attributes(entry):
        etree.SubElement(item, f"{{{NAMESPACE}}}attr", {"name": name, "value": value})


def _swarm_attributes(entry: TorrentEntry) -> list[tuple[str, str]]:
    """An unknown number is left out: clients take 0 for a dead torrent."""
    if entry.liveness is None:
        return []
    numbers = {
        "seeders": entry.liveness.seeders,
        "leechers": entry.liveness.leechers,
        "peers": entry.liveness.swarm_size,  # seeders and leechers: clients subtract the seeders
        "grabs": entry.liveness.completed,
    }
    return [(name, str(number)) for name, number in numbers.items() if number is not None]


def _error_response(code: int, description: str, status: int = 200) -> HttpResponse:
    """Newznab's errors have status 200: clients look into the document."""
    return _xml_response(
        etree.Element("error", {"code": str(code), "description": description}), status=status
    )


def _xml_response(
    document: etree._Element, media_type: str = "application/xml", status: int = 200
) -> HttpResponse:
    response = HttpResponse(serialize(document), content_type=f"{media_type}; charset=utf-8", status=status)
    response["Cache-Control"] = "no-store"
    return response
