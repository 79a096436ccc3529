"""The "Torrent API": peers of torrents by day and country, as JSON, for whoever has a key.

Its document names two statuses, 200 and 500, so an error too is a 200 unless it is our fault: an object of just
`error` and `message`, which is how clients know it. Hashes are lower case there, times have milliseconds and an
offset without a colon, what is not known is left out. `short=true` leaves the countries out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, FormParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.rest.parsers import LimitedJsonParser, UploadFormParser
from api.rest.renderers import AsciiJsonRenderer
from api.rest.view import release_body
from archive.access.api_keys import ApiKey, authorize_key, key_text_from_request
from archive.access.rate_limit import enforce_rate_limit
from archive.census.daily_peers import DailyPeers, peers_on_day
from archive.census.liveness import find_alive
from archive.census.schedule import request_counts
from archive.errors import NotAnImdbId, NotAuthorized, NotHeld, NotListed, SuspendedKey, TakenDown, TooMany
from archive.films.film_links import FilmLink, find_film, list_torrents_of_film, set_imdb_id
from archive.naming.release_name import parse_release_name
from archive.naming.torrent_kind import TorrentKind
from archive.queue.enqueue import enqueue_wishes
from archive.torrents.catalogue import TorrentEntry, find_entry
from metainfo.errors import NotAnInfohash, Refusal
from metainfo.infohash import infohash_to_hex, parse_infohash
from metainfo.magnet import Magnet, parse_magnet

Act = Callable[..., dict[str, Any]]

_LONGEST = 65_536  # bytes of a request
_CODES: dict[type[Refusal], str] = {
    SuspendedKey: "API_KEY_SUSPENDED",
    NotAuthorized: "API_KEY_UNKNOWN",
    NotListed: "ACCESS_FORBIDDEN",
    NotAnImdbId: "INVALID_IMDB",
    NotAnInfohash: "INVALID_INFOHASH",
    NotHeld: "INFOHASH_NOT_FOUND",
    TakenDown: "INFOHASH_NOT_FOUND",
    # New ones may be added, the document says.
    TooMany: "TOO_MANY_REQUESTS",
}
_CATEGORIES = {
    TorrentKind.ANIME: "Anime",
    TorrentKind.AUDIO: "Music",
    TorrentKind.BOOK: "Books",
    TorrentKind.SOFTWARE: "PC",
    TorrentKind.MOBILE: "Mobile",
    TorrentKind.ADULT: "XXX",
    TorrentKind.OTHER: "Unsorted",
}


class WrongRequest(Refusal):
    """The method is another, or there is too much of it."""


class WrongDay(Refusal):
    """No day of the form yyyy-MM-dd."""


class _Any(BaseContentNegotiation):
    """The answer is JSON, whatever somebody would rather have."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


class TorrentApiView(APIView):
    """The key first, then the act; every refusal in the document's words."""

    renderer_classes = (AsciiJsonRenderer,)
    parser_classes = (FormParser, UploadFormParser, LimitedJsonParser)
    content_negotiation_class = _Any
    verb = "GET"
    act: Act = staticmethod(dict)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in (self.verb, "HEAD" if self.verb == "GET" else self.verb):
            raise WrongRequest(f"This is for {self.verb}.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > _LONGEST:
            raise WrongRequest(f"A request has at most {_LONGEST:,} bytes.")
        try:
            self.key = authorize_key(
                key_text_from_request(request.META, _given(request, "key"), _given(request, "apikey"))
            )
        except NotAuthorized:
            enforce_rate_limit(request.META["REMOTE_ADDR"])  # whoever guesses is counted as well
            raise
        enforce_rate_limit(request.META["REMOTE_ADDR"], self.key)

    def get(self, request: Request, **captured: str) -> Response:
        return Response(self.act(request, self.key, **captured), headers={"Cache-Control": "no-store"})

    post = put = patch = delete = options = get

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case Refusal():
                return _failed(exc)
            case APIException() | SuspiciousOperation():  # a form that nobody can read, or of too many fields
                return _error("INVALID_REQUEST", "This request cannot be read.", 200)
        raise exc

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        release_body(request)
        return answer


def list_film_torrents(request: Request, key: ApiKey, imdb: str) -> dict[str, Any]:
    title, entries = list_torrents_of_film(imdb)
    alive = find_alive(one.number for one in entries)
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


def torrent_info(request: Request, key: ApiKey, infohash: str) -> dict[str, Any]:
    entry = find_entry(_named(infohash))
    request_counts(entry.number)
    match = find_film(tuple(bytes.fromhex(one) for one in (entry.v1, entry.v2) if one))
    return {
        "infohash": infohash.lower(),
        "torrentName": entry.name,
        "size": entry.size,
        "category": _category(entry),
        "title": _title(entry, match),
        **({"imdbId": match.imdb_id} if match else {}),
        "dateAdded": _moment(entry.stored_at),
        "alive": bool(find_alive([entry.number])),
    }


def count_peers(request: Request, key: ApiKey, infohash: str) -> dict[str, Any]:
    """One day's distinct peers; of the last day with a look where none is named."""
    entry = find_entry(_named(infohash))
    request_counts(entry.number)
    asked = _day(_given(request, "day"))
    found = peers_on_day(parse_infohash(entry.infohash), asked) or DailyPeers(
        asked or datetime.now(UTC).date(), {}
    )
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


def request_torrent(request: Request, key: ApiKey) -> dict[str, Any]:
    """Held or not: what is held is looked at soon, what is not is looked for. `imdbId` and `title` are ours."""
    if not (named := _given(request, "infohash")):
        raise NotAnInfohash("No infohash was sent; it goes into the field `infohash`.")
    wish = _named(named)
    if imdb := _given(request, "imdbId"):
        set_imdb_id(wish.infohash, imdb, _given(request, "title"), source=f"key {key.prefix}")
    if not settings.RESOLVE:
        request_counts(find_entry(wish).number)  # what is not held cannot be looked for
        return {}
    [standing] = enqueue_wishes([wish], request.META["REMOTE_ADDR"])
    if standing.state == "held":
        request_counts(find_entry(wish).number)
    elif standing.state == "given up" and standing.reason:
        raise NotHeld(standing.reason)
    return {}


_OURS: dict[type[Refusal], str] = {WrongDay: "INVALID_DAY", WrongRequest: "INVALID_REQUEST"}


def _given(request: Request, name: str) -> str:
    """From the form or the query: clients put the key of a POST in either."""
    form: Mapping[str, Any] = request.data if isinstance(request.data, Mapping) else {}
    return str(form.get(name) or request.query_params.get(name) or "").strip()


def _named(infohash: str) -> Magnet:
    return parse_magnet(infohash_to_hex(parse_infohash(infohash)))


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


def _category(entry: TorrentEntry) -> str:
    return _CATEGORIES.get(entry.kind) or ("TV" if entry.kind.startswith("series") else "Movies")


def _title(entry: TorrentEntry, match: FilmLink | None) -> str:
    """As IMDb has it; or what the name of a film or series seems to say; or the name, as in the document."""
    if match and match.title:
        return match.title
    return (parse_release_name(entry.name).title if entry.kind.is_film_or_series else "") or entry.name


def _failed(refusal: Refusal) -> Response:
    for kind_, code in (_CODES | _OURS).items():
        if isinstance(refusal, kind_):
            return _error(code, str(refusal), 200)
    return _error("INTERNAL_ERROR", str(refusal), 500)


def _error(code: str, message: str, status: int) -> Response:
    return Response({"error": code, "message": message}, status=status, headers={"Cache-Control": "no-store"})
