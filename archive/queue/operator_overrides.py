"""What the operator may order for wishes, past the resolvers' own plan: search now, or give up."""

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from archive.db.async_commit import async_commit
from archive.db.notify import NEW_WISHES, notify_on_commit
from archive.db.outages import outages
from archive.models import Wanted
from archive.queue.retry import GIVEN_UP_FOR
from archive.queue.settlement_notifications import notify_missed
from archive.queue.wish_rows import REST_COLUMNS, rest_row


def search_now(row_ids: Iterable[int]) -> int:
    """Make these wishes due, whether given up or not, and return how many. The others are being searched for already.

    Raises Unavailable.
    """
    now = timezone.now()
    not_leased = Q(leased_until=None) | Q(leased_until__lt=now)
    with outages(), async_commit():
        rows = Wanted.objects.filter(not_leased, pk__in=list(row_ids))
        changed = rows.update(next_try=now, awaited=True, given_up="", leased_by="", leased_until=None)
        notify_on_commit(NEW_WISHES)
    return changed


def give_up_wishes(row_ids: Iterable[int], reason: str) -> int:
    """Let no resolver search for these wishes for a month, and return how many. A deposit still fulfils them.

    Raises Unavailable.
    """
    until = timezone.now() + GIVEN_UP_FOR
    with outages(), async_commit():
        rows = list(Wanted.objects.select_for_update().filter(pk__in=list(row_ids)).order_by("pk"))
        for row in rows:
            rest_row(row, until, reason)
        Wanted.objects.bulk_update(rows, REST_COLUMNS, batch_size=100)
        notify_missed(bytes(row.names) for row in rows)
    return len(rows)
