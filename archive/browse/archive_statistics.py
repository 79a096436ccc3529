"""Statistics of the whole archive, for pages and programs: torrents stored and peers counted, by day and month.

They are read from small tables that are kept up to date, so that they cost the same whatever the archive's size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from archive.census.daily_totals import DailyTotal, peers_by_country, totals_by_day
from archive.torrents.count import VersionCounts, count_by_day, count_by_month, count_versions

_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Overview:
    """The statistics of some days up to `today`, and of the last 24 months. Days are of UTC.

    `stored_by_day`, `stored_by_month` (by the first day of each): of the torrents held now, how many were stored
    then, with a number for each day and month. `census`: the days on which peers were counted. `last_census`: the
    last of them that is over, or else today; it may be one before the days shown. `countries`: that day's peers.
    """

    today: date
    versions: VersionCounts
    stored_by_day: Mapping[date, int]
    stored_by_month: Mapping[date, int]
    census: Sequence[DailyTotal]
    last_census: DailyTotal | None
    countries: Mapping[str, int]


def read_overview(days: int) -> Overview:
    """The statistics of so many days up to today. Raises Unavailable."""
    today = datetime.now(UTC).date()
    span = [today - timedelta(days=n) for n in reversed(range(days))]
    months = _last_months(today)
    by_day, by_month = count_by_day(span[0], today), count_by_month(months[0], today)
    census = totals_by_day(min(span[0], today - timedelta(days=1)), today)
    last_census = max(census, key=lambda total: (total.day < today, total.day), default=None)
    return Overview(
        today=today,
        versions=count_versions(),
        stored_by_day={day: by_day.get(day, 0) for day in span},
        stored_by_month={month: by_month.get(month, 0) for month in months},
        census=[total for total in census if total.day >= span[0]],
        last_census=last_census,
        countries=peers_by_country(last_census.day) if last_census else {},
    )


def _last_months(today: date) -> list[date]:
    """The first days of the last months, oldest first."""
    numbers = [today.year * 12 + today.month - 1 - n for n in reversed(range(_MONTHS))]
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
