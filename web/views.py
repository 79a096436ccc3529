"""The pages: each view unwraps the request, asks the archive once, and hands the answer to a template."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.messages import get_messages
from django.core.exceptions import BadRequest, DisallowedHost
from django.core.files.uploadedfile import UploadedFile
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import is_valid_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from archive.access.api_keys import find_key_text, require_upload_key
from archive.browse.describe import Description, describe_torrent, description_version
from archive.census.daily_peers import country_database_credit, peer_history
from archive.errors import NotHeld
from archive.queue.wishes import WishStatus, enqueue_wishes, wish_status
from archive.takedowns.takedown import list_notices
from archive.torrents.count import count_torrents
from archive.torrents.deposit import Receipt, deposit_many
from archive.torrents.held import find_held
from metainfo.errors import Refusal
from metainfo.infohash import parse, spell
from metainfo.magnet import magnet, read
from server.request_body import contents
from web.bar_chart import DAYS, build_peer_chart
from web.file_list import format_files
from web.file_tree import build_tree
from web.page_response import (
    allow_data_images,
    base_url,
    refusals_as_pages,
    render_page,
    respond_unless_cached,
    set_page_headers,
)
from web.untrusted_text import make_printable

_TRACKERS = 20  # shown of a torrent
_WEB_SEEDS = 5
_NOTICES = 100  # takedowns on the page; the plain list has them all
_NOT_OUR_NAME = "This archive does not answer to that name. Its operator can add it to ALLOWED_HOSTS.\n"


class Outcome(NamedTuple):
    """What became of one file of the form."""

    filename: str
    receipt: Receipt | None = None
    refusal: Refusal | None = None


@require_safe
@refusals_as_pages
def front(request: HttpRequest) -> HttpResponse:
    context = {
        "count": count_torrents(),
        "max_bytes": settings.MAX_TORRENT_BYTES,
        "keys": settings.UPLOADS == "keys",
    }
    return render_page("front.html", context)


@require_safe
@refusals_as_pages
def find_torrent(request: HttpRequest) -> HttpResponseBase:
    """What is not held is looked for, and the page it leads to shows how that goes."""
    asked = read(request.GET.get("q", ""), private=settings.BT_ALLOW_PRIVATE)
    if settings.RESOLVE:
        enqueue_wishes([asked], request.META["REMOTE_ADDR"], awaited=True)
    return redirect("torrent", spell(asked.infohash))


@require_safe
@refusals_as_pages
def torrent(request: HttpRequest, infohash: str) -> HttpResponseBase:
    asked = parse(infohash)
    right = spell(find_held([asked]).get(asked, asked))
    if infohash != right:
        return redirect("torrent", right)
    try:
        if _is_staff(request):
            return _shown(describe_torrent(asked), _for_staff(request))
        return respond_unless_cached(
            request, description_version(asked), lambda: _shown(describe_torrent(asked))
        )
    except NotHeld:
        return _wanted(wish_status(asked))


def _shown(described: Description, more: Mapping[str, Any] | None = None) -> HttpResponseBase:
    name, trackers = described.metainfo.name, described.trackers
    shown = build_tree(described.files())
    context: dict[str, Any] = {
        "torrent": described,
        "tree": shown,
        "more_files": described.metainfo.files - shown.shown,
        "trackers": trackers[:_TRACKERS],
        "more_trackers": len(trackers[_TRACKERS:]),
        "web_seeds": described.details.web_seeds[:_WEB_SEEDS],
        "magnet": magnet(described.v1, described.v2, name, trackers),
        **_peers(described),
    }
    response = render_page("torrent.html", {**context, **(more or {})})
    if more:
        response["Cache-Control"] = "private, no-store"
    return response


def _peers(described: Description) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    counted = peer_history(parse(described.infohash), today - timedelta(days=DAYS - 1), today)
    return {"chart": build_peer_chart(counted, today), "days": DAYS, "credit": country_database_credit()}


def _for_staff(request: HttpRequest) -> dict[str, Any]:
    """What they see besides: buttons that hand the torrent to a client."""
    return {
        "clients": list(settings.CLIENTS),
        "messages": get_messages(request),
        "csrf": get_token(request),
    }


def _is_staff(request: HttpRequest) -> bool:
    """Strangers bring no session, and cost no look into the database."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    return request.user.is_active and request.user.is_staff


def _wanted(standing: WishStatus) -> HttpResponseBase:
    if standing.state == "held":  # since a moment ago
        return redirect("torrent", standing.infohash)
    return render_page("wanted.html", {"standing": standing}, 202 if standing.state == "pending" else 404)


@require_safe
@refusals_as_pages
def files(request: HttpRequest, infohash: str) -> HttpResponseBase:
    """Every file of a torrent, a line each: for the ones with more than a page can pleasantly show."""
    asked = parse(infohash)
    return respond_unless_cached(
        request, description_version(asked), lambda: _streamed(format_files(describe_torrent(asked).files()))
    )


def _streamed(lines: Iterator[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(lines, content_type="text/plain; charset=utf-8")


@csrf_exempt  # nobody is signed in here, so there is no authority that a foreign page could borrow
@require_POST
@refusals_as_pages
def store(request: HttpRequest) -> HttpResponse:
    """The form of the front page, for browsers without JavaScript."""
    try:
        key, files = request.POST.get("apikey", ""), request.FILES.getlist("torrent")
    except (
        LookupError,
        TypeError,
        UnicodeError,
    ):  # charsets and parameters that Python's parser stumbles over
        raise BadRequest("The form cannot be read.") from None
    require_upload_key(find_key_text("", key))
    outcomes = [
        _of(*pair) for pair in zip(files, deposit_many(contents(files), entry_point="page"), strict=True)
    ]
    return render_page("stored.html", {"outcomes": outcomes}, 200 if outcomes else 400)


def _of(file: "UploadedFile[bytes]", outcome: Receipt | Refusal) -> Outcome:
    filename = file.name or ""
    if isinstance(outcome, Refusal):
        return Outcome(filename, refusal=outcome)
    return Outcome(filename, receipt=outcome)


@require_safe
def api(request: HttpRequest) -> HttpResponse:
    base = base_url(request)
    context = {
        "base": base,
        "wsdl": f"{base}/api/storetorrent.wsdl",
        "max_bytes": settings.MAX_TORRENT_BYTES,
        "keys": settings.UPLOADS == "keys",
        "resolves": settings.RESOLVE,
        "patience": f"{settings.RESOLVE_TIMEOUT:g}",
        "counts": settings.CENSUS,
    }
    return render_page("api.html", context)


@csrf_exempt  # it changes nothing; without this, Django's check answers other methods with 403
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """What the REST API's own description says, to be read and tried out."""
    return allow_data_images(render_page("reference.html"))


@require_safe
@refusals_as_pages
def takedowns(request: HttpRequest) -> HttpResponse:
    newest = list(islice(list_notices(), _NOTICES + 1))
    return render_page("takedowns.html", {"notices": newest[:_NOTICES], "more": newest[_NOTICES:]})


@require_safe
@refusals_as_pages
def all_takedowns(request: HttpRequest) -> HttpResponseBase:
    """Every listed takedown, an infohash a line: for programs."""
    return _plain(
        f"{infohash}\t{notice.taken_at:%Y-%m-%d}\t{make_printable(notice.reason, 1000)}\n"
        for notice in list_notices()
        for infohash in notice.infohashes
    )


def _plain(lines: Iterator[str]) -> HttpResponse:
    return set_page_headers(HttpResponse("".join(lines), content_type="text/plain; charset=utf-8"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):  # at any address, whose dialect may know no HTML
        return set_page_headers(
            HttpResponse(_NOT_OUR_NAME, status=400, content_type="text/plain; charset=utf-8")
        )
    return render_page("error.html", {"status": 400, "title": "We could not read that request"}, 400)


def forbidden(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render_page(
        "error.html", {"status": 403, "title": "This form has expired, or came from elsewhere"}, 403
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Our addresses have no slash at their end; where that is all that is wrong, the right one is told."""
    right = request.path_info.rstrip("/")
    outside = not request.path_info.startswith(("/admin/", "//"))
    if outside and right != request.path_info and request.method in ("GET", "HEAD") and is_valid_path(right):
        query = request.META.get("QUERY_STRING")
        return HttpResponsePermanentRedirect(f"{right}?{query}" if query else right)
    return render_page("error.html", {"status": 404, "title": "There is nothing at this address"}, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render_page("error.html", {"status": 500, "title": "Something is wrong at our end"}, 500)
