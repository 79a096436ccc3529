"""The methods of the Torrent API, a function each: a film's torrents, a torrent's description, its peers, add."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from rest_framework.request import Request

from api.torrent_api.parameters import format_time, parse_day, parse_infohash_as_magnet, read_parameter
from archive.access.api_keys import ApiKey
from archive.census.daily_peers import DailyPeers, peers_on_day
from archive.census.liveness import find_alive
from archive.census.schedule import request_counts
from archive.errors import NotHeld
from archive.films.film_links import FilmLink, find_film, list_torrents_of_film, set_imdb_id
from archive.naming.release_name import parse_release_name
from archive.naming.torrent_kind import TorrentKind
from archive.queue.enqueue import enqueue_wishes
from archive.torrents.index_entries import TorrentEntry, find_entry
from metainfo.errors import NotAnInfohash
from metainfo.infohash import parse_infohash

_CATEGORIES = {
    TorrentKind.ANIME: "Anime",
    TorrentKind.AUDIO: "Music",
    TorrentKind.BOOK: "Books",
    TorrentKind.SOFTWARE: "PC",
    TorrentKind.MOBILE: "Mobile",
    TorrentKind.ADULT: "XXX",
    TorrentKind.OTHER: "Unsorted",
}


def list_film_torrents(request: Request, key: ApiKey, imdb: str) -> dict[str, Any]:
    title, entries = list_torrents_of_film(imdb)
    alive = find_alive(entry.number for entry in entries)
    torrents = [
        {
            "infohash": entry.infohash.lower(),
            "size": entry.size,
            "dateAdded": format_time(entry.stored_at),
            "name": entry.name,
            "alive": entry.number in alive,
        }
        for entry in entries
    ]
    return {"imdb": imdb, "title": title, "torrents": torrents}


def torrent_info(request: Request, key: ApiKey, infohash: str) -> dict[str, Any]:
    entry = find_entry(parse_infohash_as_magnet(infohash))
    request_counts(entry.number)
    film = find_film(tuple(bytes.fromhex(hex_) for hex_ in (entry.v1, entry.v2) if hex_))
    return {
        "infohash": infohash.lower(),
        "torrentName": entry.name,
        "size": entry.size,
        "category": _category_name(entry),
        "title": _display_title(entry, film),
        **({"imdbId": film.imdb_id} if film else {}),
        "dateAdded": format_time(entry.stored_at),
        "alive": bool(find_alive([entry.number])),
    }


def count_peers(request: Request, key: ApiKey, infohash: str) -> dict[str, Any]:
    """The distinct peers of one day; without `day`, of the last day on which they were counted."""
    entry = find_entry(parse_infohash_as_magnet(infohash))
    request_counts(entry.number)
    day = parse_day(read_parameter(request, "day"))
    counted = peers_on_day(parse_infohash(entry.infohash), day)
    if counted is None:
        counted = DailyPeers(day or datetime.now(UTC).date(), {})
    only = read_parameter(request, "countryCode").upper()
    countries = {code: peers for code, peers in counted.countries.items() if only in ("", code)}
    answer: dict[str, Any] = {
        "day": counted.day.isoformat(),
        "infohash": infohash.lower(),
        "totalPeers": sum(countries.values()),
    }
    if read_parameter(request, "short").lower() != "true":
        most_first = sorted(countries.items(), key=lambda row: (-row[1], row[0]))
        answer["countries"] = [{"code": code, "peers": peers} for code, peers in most_first]
    return answer


def request_torrent(request: Request, key: ApiKey) -> dict[str, Any]:
    """Have a torrent that is held counted soon, and one that is not held fetched. `imdbId` and `title` are our own
    additions."""
    text = read_parameter(request, "infohash")
    if not text:
        raise NotAnInfohash("No infohash was sent; it goes into the field `infohash`.")
    magnet = parse_infohash_as_magnet(text)
    if imdb_id := read_parameter(request, "imdbId"):
        title = read_parameter(request, "title")
        set_imdb_id(magnet.infohash, imdb_id, title, source=f"key {key.prefix}")
    if not settings.RESOLVE:
        request_counts(find_entry(magnet).number)  # raises NotHeld: what is not held cannot be fetched
        return {}
    [wish] = enqueue_wishes([magnet], request.META["REMOTE_ADDR"])
    if wish.state == "held":
        request_counts(find_entry(magnet).number)
    elif wish.state == "given up" and wish.reason:
        raise NotHeld(wish.reason)
    return {}


def _category_name(entry: TorrentEntry) -> str:
    return _CATEGORIES.get(entry.kind) or ("TV" if entry.kind.startswith("series") else "Movies")


def _display_title(entry: TorrentEntry, film: FilmLink | None) -> str:
    """IMDb's title; or the one that the name of a film or series seems to have; or the name, as in the document."""
    if film and film.title:
        return film.title
    return (parse_release_name(entry.name).title if entry.kind.is_film_or_series else "") or entry.name
