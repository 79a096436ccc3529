"""The archive in figures, for people and programs: from small tables that are kept ready, whatever its size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from archive.census.daily_totals import DailyTotal, peers_by_country, totals_by_day
from archive.torrents.count import VersionCounts, count_by_day, count_by_month, count_versions

_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Overview:
    """`days` and `months` (by their first days): how many of the torrents that are here came then, none left out.

    `census` has the days on which it looked at anything; `last`, the latest that is over, or else today's, may lie
    before them, and the `countries` are its.
    """

    today: date
    kinds: VersionCounts
    days: Mapping[date, int]
    months: Mapping[date, int]
    census: Sequence[DailyTotal]
    last: DailyTotal | None
    countries: Mapping[str, int]


def read_overview(days: int) -> Overview:
    """Of so many days up to today (UTC). Raises Unavailable."""
    today = datetime.now(UTC).date()
    span = [today - timedelta(days=n) for n in reversed(range(days))]
    months = _months(today)
    stored, by_months = count_by_day(span[0], today), count_by_month(months[0], today)
    census = totals_by_day(min(span[0], today - timedelta(days=1)), today)
    last = max(census, key=lambda total: (total.day < today, total.day), default=None)
    return Overview(
        today,
        count_versions(),
        {day: stored.get(day, 0) for day in span},
        {month: by_months.get(month, 0) for month in months},
        [total for total in census if total.day >= span[0]],
        last,
        peers_by_country(last.day) if last else {},
    )


def _months(today: date) -> list[date]:
    """The first days of the last ones, oldest first."""
    numbers = [today.year * 12 + today.month - 1 - n for n in reversed(range(_MONTHS))]
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
