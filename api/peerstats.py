"""The "Torrent API": peers of torrents by day and country, as JSON, for whoever has a key.

Its document names two statuses, 200 and 500, so an error too is a 200 unless it is our fault: an object of just
`error` and `message`, which is how clients know it. Hashes are lower case there, times have milliseconds and an
offset without a colon, what is not known is left out. `short=true` leaves the countries out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any

from rest_framework.decorators import api_view, parser_classes
from rest_framework.exceptions import APIException
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from archive import errors
from archive.catalogue import Entry, look
from archive.census import ask, living
from archive.errors import Refusal
from archive.films import Match, film, tell, torrents
from archive.infohash import parse, spell
from archive.keys import Key, authorize, find
from archive.kind import Kind, kind
from archive.magnet import Magnet, read
from archive.peers import Day, on
from archive.throttle import spend
from archive.wanted import want
from archive.words import words

View = Callable[..., Any]

_CODES: dict[type[Refusal], str] = {
    errors.SuspendedKey: "API_KEY_SUSPENDED",
    errors.NotAuthorized: "API_KEY_UNKNOWN",
    errors.NotListed: "ACCESS_FORBIDDEN",
    errors.NotAnImdbId: "INVALID_IMDB",
    errors.NotAnInfohash: "INVALID_INFOHASH",
    errors.NotHeld: "INFOHASH_NOT_FOUND",
    errors.TakenDown: "INFOHASH_NOT_FOUND",
    # New ones may be added, the document says.
    errors.TooMany: "TOO_MANY_REQUESTS",
}
_CATEGORIES = {
    Kind.AUDIO: "Music",
    Kind.BOOK: "Books",
    Kind.SOFTWARE: "PC",
    Kind.ADULT: "XXX",
    Kind.OTHER: "Unsorted",
}


class WrongDay(Refusal):
    """No day of the form yyyy-MM-dd."""


def dialect(*methods: str) -> Callable[[View], View]:
    """The key first, then the view; every refusal in the document's words."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: Request, **captured: str) -> Response:
            try:
                carriers = (request.headers.get(name, "") for name in ("Authorization", "X-Api-Key"))
                key = authorize(find(*carriers, _given(request, "key"), _given(request, "apikey")))
                spend(request.META["REMOTE_ADDR"], key)
                return Response(view(request, key, **captured), headers={"Cache-Control": "no-store"})
            except Refusal as refusal:
                return _failed(refusal)
            except APIException as error:  # a form that nobody can read
                return _error("INVALID_REQUEST", str(error.detail), 200)

        decorated: View = parser_classes([FormParser, MultiPartParser, JSONParser])(answer)
        return api_view([*methods])(decorated)

    return decorate


@dialect("GET")
def films(request: Request, key: Key, imdb: str) -> dict[str, Any]:
    title, entries = torrents(imdb)
    alive = living(one.number for one in entries)
    told = [
        {
            "infohash": one.infohash.lower(),
            "size": one.size,
            "dateAdded": _moment(one.stored_at),
            "name": one.name,
            "alive": one.number in alive,
        }
        for one in entries
    ]
    return {"imdb": imdb, "title": title, "torrents": told}


@dialect("GET")
def info(request: Request, key: Key, infohash: str) -> dict[str, Any]:
    entry = look(_named(infohash))
    ask(entry.number)
    match = film(tuple(bytes.fromhex(one) for one in (entry.v1, entry.v2) if one))
    return {
        "infohash": infohash.lower(),
        "torrentName": entry.name,
        "size": entry.size,
        "category": _category(entry),
        "title": _title(entry, match),
        **({"imdbId": match.imdb} if match else {}),
        "dateAdded": _moment(entry.stored_at),
        "alive": bool(living([entry.number])),
    }


@dialect("GET")
def peers(request: Request, key: Key, infohash: str) -> dict[str, Any]:
    """One day's distinct peers; of the last day with a look where none is named."""
    entry = look(_named(infohash))
    ask(entry.number)
    asked = _day(_given(request, "day"))
    found = on(parse(entry.infohash), asked) or Day(asked or datetime.now(UTC).date(), {})
    only = _given(request, "countryCode").upper()
    countries = {code: n for code, n in found.countries.items() if only in ("", code)}
    told: dict[str, Any] = {
        "day": found.day.isoformat(),
        "infohash": infohash.lower(),
        "totalPeers": sum(countries.values()),
    }
    if _given(request, "short").lower() != "true":
        most_first = sorted(countries.items(), key=lambda one: (-one[1], one[0]))
        told["countries"] = [{"code": code, "peers": n} for code, n in most_first]
    return told


@dialect("POST")
def add(request: Request, key: Key) -> dict[str, Any]:
    """Held or not: what is held is looked at soon, what is not is looked for. `imdbId` and `title` are ours."""
    wish = _named(_given(request, "infohash"))
    if imdb := _given(request, "imdbId"):
        tell(wish.infohash, imdb, _given(request, "title"), source=f"key {key.prefix}")
    [standing] = want([wish], request.META["REMOTE_ADDR"])
    if standing.state == "held":
        ask(look(wish).number)
    elif standing.state == "given up" and standing.reason:
        raise errors.NotHeld(standing.reason)
    return {}


def _given(request: Request, name: str) -> str:
    """From the form or the query: clients put the key of a POST in either."""
    form: Mapping[str, Any] = request.data if isinstance(request.data, Mapping) else {}
    return str(form.get(name) or request.query_params.get(name) or "").strip()


def _named(infohash: str) -> Magnet:
    return read(spell(parse(infohash)))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise WrongDay("A day is of the form yyyy-MM-dd.") from None


def _moment(at: datetime) -> str:
    """2017-10-09T00:30:58.080+0000, as in the document."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def _category(entry: Entry) -> str:
    found = kind(entry.name, list(words(entry.name)))
    return _CATEGORIES.get(found) or ("TV" if found.startswith("series") else "Movies")


def _title(entry: Entry, match: Match | None) -> str:
    return (match.title if match else "") or entry.name


def _failed(refusal: Refusal) -> Response:
    if isinstance(refusal, WrongDay):
        return _error("INVALID_DAY", str(refusal), 200)
    for kind_, code in _CODES.items():
        if isinstance(refusal, kind_):
            return _error(code, str(refusal), 200)
    return _error("INTERNAL_ERROR", str(refusal), 500)


def _error(code: str, message: str, status: int) -> Response:
    return Response({"error": code, "message": message}, status=status, headers={"Cache-Control": "no-store"})
