"""Which rows may have been stored when, by what each day knows of its rows: the lowest number and the highest.

Whatever a clock said, none is missed; and what one that was wrong has put far away is passed over, not through.
"""

from datetime import UTC, date, datetime, timedelta

from django.db.models import Max, Min, QuerySet, Value
from django.db.models.functions import Greatest, Least

from archive.models import StoredDay

MAX_ID = 2**63 - 1  # the highest number that a row can have
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)  # that clocks can say
_TICK = timedelta(microseconds=1)


def first_possible_id(row: int, since: datetime | None, until: datetime | None) -> int:
    """The first, from this one on, that may be of that time; LAST where there is none."""
    if since is None and until is None:
        return row
    days = _days(since, until).filter(highest__gte=row)
    return days.aggregate(row=Min(Greatest("lowest", Value(row))))["row"] or MAX_ID


def last_possible_id(row: int, since: datetime | None, until: datetime | None) -> int:
    """The highest, up to this one, that may be of that time; 0 where there is none."""
    if since is None and until is None:
        return row
    days = _days(since, until).filter(lowest__lte=row)
    return days.aggregate(row=Max(Least("highest", Value(row))))["row"] or 0


def _days(since: datetime | None, until: datetime | None) -> QuerySet[StoredDay]:
    """Without the moment `until` itself. A day on which nothing came ends before it begins."""
    days = StoredDay.objects.filter(highest__gt=0)
    if since is not None:
        days = days.filter(day__gte=_day(since))
    if until is not None:
        days = days.filter(day__lte=_day(max(until, _EARLIEST) - _TICK))
    return days


def _day(moment: datetime) -> date:
    return min(max(moment, _EARLIEST), _LATEST).astimezone(UTC).date()
