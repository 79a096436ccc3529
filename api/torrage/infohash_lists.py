"""Lists of infohashes at /sync/, as Torrage published them for its mirrors: a line each, the first stored first.

A complete list ends with an empty line: to HTTP, one that breaks off in the middle may look complete.
"""

import bz2
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from api.http.plain_text import plain_response
from archive.browse.infohash_lists import list_days, list_infohashes
from archive.errors import NotListed, Unavailable
from metainfo.errors import Refusal

_LIST_NAME = re.compile(r"(all)?(?:(\d{4})(\d\d)(\d\d)?)?\.txt(\.bz2)?", re.ASCII)


class _Period(NamedTuple):
    """From `since` on and before `until`; None: without that bound."""

    since: datetime | None
    until: datetime | None


@csrf_exempt  # it changes nothing; Django's check would answer other methods with a page of HTML
@require_safe
def list_index(request: HttpRequest) -> HttpResponse:
    """The names of the lists that together hold everything: the past months, and the days of this one.

    They are in the order in which their last torrent came. A list that stands behind a later one has grown since, by
    a clock that was wrong.
    """
    try:
        names = _list_names(list_days(), datetime.now(UTC).date())
    except Refusal as refusal:
        return _refusal_response(refusal)
    return HttpResponse("".join(f"{name}.txt\n" for name in names), content_type="text/plain")


@csrf_exempt
@require_safe
def infohash_list(request: HttpRequest, name: str) -> HttpResponseBase:
    """`YYYYMMDD.txt`, `YYYYMM.txt`, `all.txt`; `allYYYYMM.txt` is everything up to the end of that month.

    Each as `.txt.bz2` too.
    """
    match = _LIST_NAME.fullmatch(name)
    period = _parse_period(match[2], match[3], match[4]) if match else None
    if not match or not period or not (match[1] or match[2]) or (match[1] and match[4]):
        return plain_response(404, "There is no such list; /sync/ names those there are.")
    try:
        pages = list_infohashes(None if match[1] else period.since, period.until)
    except Refusal as refusal:
        return _refusal_response(refusal)
    body, content_type = _format_lines(pages), "text/plain"
    if match[5]:
        body, content_type = _compress_lines(body), "application/x-bzip2"
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Cache-Control"] = "no-cache"
    return response


def _list_names(days: list[date], today: date) -> list[str]:
    """`days`: those on which something was stored. Today's list is named even while it is empty."""
    if not days:
        return []
    past = [day for day in days if day < today]
    names = [f"{day:%Y%m%d}" if day >= today.replace(day=1) else f"{day:%Y%m}" for day in past]
    last_of_each = reversed(dict.fromkeys(reversed(names)))
    return [*last_of_each, f"{today:%Y%m%d}"]


def _parse_period(year: str | None, month: str | None, day: str | None) -> _Period | None:
    """None where there is no such month or day, or it has not begun.

    A period that has not ended has no upper bound: what a clock that was wrong has put into days to come is in
    today's list.
    """
    if not year:
        return _Period(None, None)
    try:
        begin = date(int(year), int(month or 1), int(day or 1))
        end = begin + timedelta(days=1) if day else (begin + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        return None
    today = datetime.now(UTC).date()
    if begin > today:
        return None
    until = datetime.combine(end, time(), UTC) if end <= today else None
    return _Period(datetime.combine(begin, time(), UTC), until)


def _format_lines(pages: Iterable[list[str]]) -> Iterator[bytes]:
    try:
        for page in pages:
            yield "".join(f"{infohash}\n" for infohash in page).encode()
    except Unavailable:
        return  # the log says why; the empty line is missing
    yield b"\n"


def _compress_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    compressor = bz2.BZ2Compressor()
    last = b""
    for last in lines:
        yield compressor.compress(last)
    if last == b"\n":  # otherwise the list broke off, and the file shall look as broken as it is
        yield compressor.flush()


def _refusal_response(refusal: Refusal) -> HttpResponse:
    if isinstance(refusal, NotListed):
        return plain_response(404, str(refusal))
    return plain_response(503, str(refusal), Unavailable.retry_after)
