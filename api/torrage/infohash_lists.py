"""Lists of infohashes, as Torrage published them for its mirrors: a line each, in the order of their coming.

A list that is whole ends with an empty line: one that breaks off in the middle looks whole to HTTP.
"""

import bz2
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from api.http.plain_text import plain_response
from archive.browse.infohash_lists import list_days, list_infohashes
from archive.errors import NotListed, Unavailable
from metainfo.errors import Refusal

_NAME = re.compile(r"(all)?(?:(\d{4})(\d\d)(\d\d)?)?\.txt(\.bz2)?", re.ASCII)


@csrf_exempt  # it changes nothing; Django's check would answer other methods with a page of HTML
@require_safe
def list_index(request: HttpRequest) -> HttpResponse:
    """Those that together hold everything: the past months, and the days of this one.

    In the order of their coming too: one that stands behind a later one has grown since, by a clock that was wrong.
    """
    try:
        lines = _months_and_days(list_days(), datetime.now(UTC).date())
    except Refusal as refusal:
        return _refused(refusal)
    return HttpResponse("".join(f"{name}.txt\n" for name in lines), content_type="text/plain")


@csrf_exempt
@require_safe
def infohash_list(request: HttpRequest, name: str) -> HttpResponseBase:
    """`YYYYMMDD.txt`, `YYYYMM.txt`, `all.txt`; `allYYYYMM.txt` is everything up to the end of that month.

    Each as `.txt.bz2` too.
    """
    match = _NAME.fullmatch(name)
    period = _period(match[2], match[3], match[4]) if match else None
    if not match or not period or not (match[1] or match[2]) or (match[1] and match[4]):
        return plain_response(404, "There is no such list; /sync/ names those there are.")
    since, until = period
    try:
        pages = list_infohashes(None if match[1] else since, until)
    except Refusal as refusal:
        return _refused(refusal)
    body, kind = _text(pages), "text/plain"
    if match[5]:
        body, kind = _packed(body), "application/x-bzip2"
    response = StreamingHttpResponse(body, content_type=kind)
    response["Cache-Control"] = "no-cache"
    return response


def _months_and_days(stored: list[date], today: date) -> list[str]:
    if not stored:
        return []
    past = [day for day in stored if day < today]
    names = [f"{day:%Y%m%d}" if day >= today.replace(day=1) else f"{day:%Y%m}" for day in past]
    return [*reversed(dict.fromkeys(reversed(names))), f"{today:%Y%m%d}"]


def _period(
    year: str | None, month: str | None, day: str | None
) -> tuple[datetime | None, datetime | None] | None:
    """None where there is no such month or day, or it has not begun.

    One that has not ended is open: what a clock that was wrong has put into days to come is in today's list.
    """
    if not year:
        return None, None
    try:
        begin = date(int(year), int(month or 1), int(day or 1))
        end = begin + timedelta(days=1) if day else (begin + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        return None
    today = datetime.now(UTC).date()
    if begin > today:
        return None
    return datetime.combine(begin, time(), UTC), datetime.combine(end, time(), UTC) if end <= today else None


def _text(pages: Iterable[list[str]]) -> Iterator[bytes]:
    try:
        for page in pages:
            yield "".join(f"{infohash}\n" for infohash in page).encode()
    except Unavailable:
        return  # the log says why; the empty line is missing
    yield b"\n"


def _packed(text: Iterable[bytes]) -> Iterator[bytes]:
    packer = bz2.BZ2Compressor()
    last = b""
    for last in text:
        yield packer.compress(last)
    if last == b"\n":  # or else it shall look as broken as it is
        yield packer.flush()


def _refused(refusal: Refusal) -> HttpResponse:
    return (
        plain_response(404, str(refusal))
        if isinstance(refusal, NotListed)
        else plain_response(503, str(refusal), Unavailable.retry_after)
    )
