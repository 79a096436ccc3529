"""The page of one torrent, its file list as text, and the page that waits for one that is not held yet."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from archive.browse.describe import Description, describe_torrent, description_version
from archive.census.country_credit import read_country_credit
from archive.census.daily_peers import peer_history
from archive.errors import NotHeld
from archive.queue.enqueue import enqueue_wishes
from archive.queue.wish_status import WishStatus, wish_status
from archive.torrents.held import find_held
from metainfo.infohash import infohash_to_hex, parse_infohash
from metainfo.magnet import format_magnet, parse_magnet
from web.bar_chart import DAYS, build_peer_chart
from web.errors import refusals_as_pages
from web.file_list_text import format_files
from web.file_tree import build_tree
from web.page_response import render_page, respond_unless_cached

_MAX_TRACKERS = 20
_MAX_WEB_SEEDS = 5


@require_safe
@refusals_as_pages
def find_torrent(request: HttpRequest) -> HttpResponseBase:
    """Redirects to the page of the torrent that `q`, an infohash or a magnet link, names.

    If it is not held, it is put into the queue, and the page shows how the search goes.
    """
    link = parse_magnet(request.GET.get("q", ""), private=settings.BT_ALLOW_PRIVATE)
    if settings.RESOLVE:
        enqueue_wishes([link], request.META["REMOTE_ADDR"], awaited=True)
    return redirect("torrent", infohash_to_hex(link.infohash))


@require_safe
@refusals_as_pages
def torrent_page(request: HttpRequest, infohash: str) -> HttpResponseBase:
    parsed = parse_infohash(infohash)
    canonical = infohash_to_hex(find_held([parsed]).get(parsed, parsed))
    if infohash != canonical:
        return redirect("torrent", canonical)
    try:
        if _is_staff(request):
            return _render_torrent(describe_torrent(parsed), _staff_context(request))
        return respond_unless_cached(
            request, description_version(parsed), lambda: _render_torrent(describe_torrent(parsed))
        )
    except NotHeld:
        return _render_wanted(wish_status(parsed))


def _render_torrent(
    description: Description, staff_context: Mapping[str, Any] | None = None
) -> HttpResponseBase:
    name, trackers = description.metainfo.name, description.trackers
    tree = build_tree(description.files())
    context: dict[str, Any] = {
        "torrent": description,
        "tree": tree,
        "more_files": description.metainfo.file_count - tree.shown_count,
        "trackers": trackers[:_MAX_TRACKERS],
        "more_trackers": len(trackers[_MAX_TRACKERS:]),
        "web_seeds": description.details.web_seeds[:_MAX_WEB_SEEDS],
        "magnet": format_magnet(description.v1, description.v2, name, trackers),
        **_peers_context(description),
    }
    response = render_page("torrent.html", {**context, **(staff_context or {})})
    if staff_context:
        response["Cache-Control"] = "private, no-store"
    return response


def _peers_context(description: Description) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    days = peer_history(parse_infohash(description.infohash), today - timedelta(days=DAYS - 1), today)
    return {"chart": build_peer_chart(days, today), "days": DAYS, "credit": read_country_credit()}


def _staff_context(request: HttpRequest) -> dict[str, Any]:
    """For the buttons, shown to staff only, that send the torrent to a configured client."""
    return {
        "clients": list(settings.CLIENTS),
        "messages": get_messages(request),
        "csrf": get_token(request),
    }


def _is_staff(request: HttpRequest) -> bool:
    """Whether the request is of a signed-in member of the admin's staff.

    A request without a session costs no database query.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    return request.user.is_active and request.user.is_staff


def _render_wanted(status: WishStatus) -> HttpResponseBase:
    if status.state == "held":  # stored between the two queries
        return redirect("torrent", status.infohash)
    return render_page("wanted.html", {"wish": status}, 202 if status.state == "pending" else 404)


@require_safe
@refusals_as_pages
def torrent_files(request: HttpRequest, infohash: str) -> HttpResponseBase:
    """Every file of a torrent, a line each: a torrent may have more files than its page shows."""
    parsed = parse_infohash(infohash)
    return respond_unless_cached(
        request, description_version(parsed), lambda: _stream_files(describe_torrent(parsed))
    )


def _stream_files(description: Description) -> StreamingHttpResponse:
    lines = format_files(description.files())
    return StreamingHttpResponse(lines, content_type="text/plain; charset=utf-8")
