"""Enqueues wishes for torrents that are not held, so that a resolver searches the network for them."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from archive.db.async_commit import async_commit
from archive.db.notify import NEW_WISHES, notify_on_commit
from archive.db.outages import outages
from archive.errors import TooManyWishes, Unavailable
from archive.models import Wanted
from archive.queue.hourly_search_quota import charge_searches
from archive.queue.peer_hint_sender import send_peer_hints
from archive.queue.wish_request import WishRequest, build_row, is_due_again, merge_request, wish_key
from archive.queue.wish_rows import find_rows, write_rows
from archive.queue.wish_status import WishStatus, find_settled, status_of_row
from metainfo.errors import Refusal
from metainfo.magnet import Magnet

_log = logging.getLogger(__name__)


def enqueue_wishes(magnets: Iterable[Magnet], address: str, *, awaited: bool = False) -> list[WishStatus]:
    """Enqueue those that are neither held nor blocked, and return the status of each, in their order.

    `address` and `awaited` are as in WishRequest. All are enqueued, or none. Raises TooManyWishes, Unavailable.
    """
    statuses: list[WishStatus] = []
    for outcome in enqueue_requests([WishRequest(magnet, address, awaited) for magnet in magnets]):
        if isinstance(outcome, Refusal):
            raise outcome
        statuses.append(outcome)
    return statuses


def enqueue_requests(requests: Sequence[WishRequest]) -> list[WishStatus | Refusal]:
    """As enqueue_wishes, for requests from several addresses, of which some may have used up their quota.

    Raises TooManyWishes where the queue is full, and Unavailable: then none is enqueued.
    """
    with outages():
        settled = find_settled([request.magnet for request in requests])
        rows, refused = _write_requests(request for request in requests if request.magnet not in settled)
    return [
        settled.get(request.magnet)
        or refused.get(request.address)
        or status_of_row(rows[wish_key(request.magnet)])
        for request in requests
    ]


def enqueue_each(requests: Sequence[WishRequest]) -> list[WishStatus | Refusal]:
    """As enqueue_requests, but raises nothing.

    If they fail together, perhaps because of one, each is tried alone; but not where the database cannot be reached:
    each of them would have to wait for it.
    """
    refusal: Refusal
    try:
        return enqueue_requests(requests)
    except Unavailable as error:
        return [error] * len(requests)
    except TooManyWishes as error:
        refusal = error
    except Exception:  # an unforeseen error must not end the thread that calls this for all requests
        _log.exception("Wishes could not be enqueued")
        refusal = Unavailable("It cannot be looked for right now; please try again later.")
    if len(requests) == 1:
        return [refusal]
    return [outcome for request in requests for outcome in enqueue_each([request])]


def _write_requests(
    requests: Iterable[WishRequest],
) -> tuple[dict[bytes, Wanted], dict[str, TooManyWishes]]:
    """Write new rows, and change those that are there.

    Returns the rows by wish key, and refusals by address: of these addresses nothing is written. Peer hints are
    sent before the rows are written, so that a resolver that finds a row has received them.
    """
    now = timezone.now()
    keyed = sorted(((wish_key(each.magnet), each) for each in requests), key=lambda pair: pair[0])
    rows = find_rows({key for key, _ in keyed})
    refused = _charge_addresses(keyed, rows, now)
    accepted = [(key, request) for key, request in keyed if request.address not in refused]
    new: list[Wanted] = []
    changed: list[Wanted] = []
    for key, request in accepted:
        if (row := rows.get(key)) is None:
            rows[key] = row = build_row(request, now)
            new.append(row)
        elif merge_request(row, request, now) and row.pk:  # else it is among the new ones already
            changed.append(row)
    send_peer_hints((key, request.magnet.peers) for key, request in accepted if rows[key].next_try <= now)
    if new or changed:
        with async_commit():
            write_rows(new, changed)
        notify_on_commit(NEW_WISHES)
    return rows, refused


def _charge_addresses(
    keyed: Sequence[tuple[bytes, WishRequest]], rows: dict[bytes, Wanted], now: datetime
) -> dict[str, TooManyWishes]:
    """Charge each address for the searches that it causes; returns a refusal for each that is over its quota."""
    searches = Counter(
        request.address
        for key, request in dict(keyed).items()
        if key not in rows or is_due_again(rows[key], request.magnet, now)
    )
    refused: dict[str, TooManyWishes] = {}
    for address, count in searches.items():
        try:
            charge_searches(address, count)
        except TooManyWishes as refusal:
            refused[address] = refusal
    return refused
