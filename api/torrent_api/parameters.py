"""Parameters of the Torrent API, and how it writes times."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from rest_framework.request import Request

from api.torrent_api.errors import WrongDay
from metainfo.infohash import infohash_to_hex, parse_infohash
from metainfo.magnet import Magnet, parse_magnet


def read_parameter(request: Request, name: str) -> str:
    """From the form or the query, "" if it is in neither: clients put the key of a POST in either."""
    form: Mapping[str, Any] = request.data if isinstance(request.data, Mapping) else {}
    return str(form.get(name) or request.query_params.get(name) or "").strip()


def parse_infohash_as_magnet(infohash: str) -> Magnet:
    return parse_magnet(infohash_to_hex(parse_infohash(infohash)))


def parse_day(text: str) -> date | None:
    """None for an empty text. Raises WrongDay."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise WrongDay("A day is of the form yyyy-MM-dd.") from None


def format_time(time: datetime) -> str:
    """2017-10-09T00:30:58.080+0000, as in the document."""
    utc = time.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"
