"""What the operator orders at once, past the plans that resolvers make for themselves."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from archive.db.async_commit import async_commit
from archive.db.notify import NEW_WISHES, SETTLED_WISHES, notify_on_commit
from archive.db.outages import outages
from archive.models import Wanted

_MONTH = timedelta(days=30)


def search_now(wishes: Iterable[int]) -> int:
    """Search for these at once, given up or not; how many. The others are just being searched for.

    Raises Unavailable.
    """
    now = timezone.now()
    resting = Q(leased_until=None) | Q(leased_until__lt=now)
    with outages(), async_commit():
        rows = Wanted.objects.filter(resting, pk__in=list(wishes))
        done = rows.update(next_try=now, awaited=True, given_up="", leased_by="", leased_until=None)
        notify_on_commit(NEW_WISHES)
    return done


def give_up_wishes(wishes: Iterable[int], reason: str) -> int:
    """Not to be searched for, for a month; how many. Should it come in, it is stored all the same.

    Raises Unavailable.
    """
    later = timezone.now() + _MONTH
    with outages(), async_commit():
        rows = Wanted.objects.filter(pk__in=list(wishes))
        names = [bytes(name).hex() for name in rows.values_list("names", flat=True)]
        rows.update(
            given_up=reason,
            next_try=later,
            awaited=False,
            leased_by="",
            leased_until=None,
            deserted=0,
        )
        notify_on_commit(SETTLED_WISHES, names)
    return len(names)
