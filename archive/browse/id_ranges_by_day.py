"""Turns a range of time into ranges of row ids, so that rows of other times need not be read.

Rows get their ids in the order in which they are stored, so a day is a range of ids, as long as the clock is right.
Triggers keep for each day (UTC) the lowest and the highest id of the rows that were stored on it (`StoredDay`):

    ids              1 ········ 100 ········ 200 ········ 300 ········ 400
    1 March          ├───────────┤
    2 March                      ├──────────────────────────┤
    1 January 1970                     ├──┤                                  a wrong clock, while 2 March was stored
    3 March                                                 ├───────────┤

Every row of a day lies in the day's range; a range may also hold rows of other days, so a caller still compares the
times of the rows that it reads. No row is missed, whatever a clock said, and what lies between two ranges is skipped:
a clock that said one wrong day twice, a year apart, costs one step and not a walk through that year.
"""

from datetime import UTC, date, datetime, timedelta

from django.db.models import Max, Min, QuerySet, Value
from django.db.models.functions import Greatest, Least

from archive.models import StoredDay

MAX_ID = 2**63 - 1  # the largest row id that the databases can hold
# Clocks may say anything; these are well inside what `datetime` can convert and shift.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def first_possible_id(start: int, since: datetime | None, until: datetime | None) -> int:
    """The lowest id, from `start` upwards, whose row may be stored in [since, until); MAX_ID if there is none."""
    if since is None and until is None:
        return start
    days = _days_between(since, until).filter(highest__gte=start)
    return days.aggregate(id=Min(Greatest("lowest", Value(start))))["id"] or MAX_ID


def last_possible_id(start: int, since: datetime | None, until: datetime | None) -> int:
    """The highest id, from `start` downwards, whose row may be stored in [since, until); 0 if there is none."""
    if since is None and until is None:
        return start
    days = _days_between(since, until).filter(lowest__lte=start)
    return days.aggregate(id=Max(Least("highest", Value(start))))["id"] or 0


def _days_between(since: datetime | None, until: datetime | None) -> QuerySet[StoredDay]:
    """The days that have a part in [since, until). Days without rows, whose `highest` is 0, are left out."""
    days = StoredDay.objects.filter(highest__gt=0)
    if since is not None:
        days = days.filter(day__gte=_day_of(since))
    if until is not None:
        days = days.filter(day__lte=_day_of(max(until, _EARLIEST) - _TICK))
    return days


def _day_of(time: datetime) -> date:
    return min(max(time, _EARLIEST), _LATEST).astimezone(UTC).date()
