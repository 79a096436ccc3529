"""Leases: which wishes a resolver gets, for how long, and what comes of its searches."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.utils import timezone

from archive.models import Wanted
from archive.queue import resolver_leases
from archive.queue.enqueue import enqueue_wishes
from archive.queue.wish_status import wish_status
from archive.takedowns.takedown import lift_takedown, take_down
from metainfo.magnet import Magnet
from tests.wishes import ADDRESS, HASH, WISH, absent_magnets, pass_time

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_wish_is_claimed_with_its_infohashes_and_trackers() -> None:
    enqueue_wishes([WISH], ADDRESS)
    [claimed] = resolver_leases.claim_wishes("one", 10)
    assert (claimed.v1, claimed.v2, claimed.trackers) == (HASH, None, WISH.trackers)


def test_trackers_named_during_a_search_are_searched_at_once_afterwards() -> None:
    enqueue_wishes([Magnet(HASH)], ADDRESS)
    wishes = resolver_leases.claim_wishes("one", 10)
    enqueue_wishes([WISH], ADDRESS)
    resolver_leases.record_misses(wishes, "one")
    assert resolver_leases.claim_wishes("one", 10)[0].trackers == WISH.trackers


def test_a_missed_wish_is_searched_again_after_growing_delays() -> None:
    enqueue_wishes([WISH], ADDRESS)
    delays = []
    for attempt in range(1, 10):
        wishes = resolver_leases.claim_wishes("one", 10)
        before = timezone.now()
        resolver_leases.record_misses(wishes, "one")
        status = wish_status(HASH)
        assert (status.state, status.searching, status.attempts) == ("pending", False, attempt)
        assert resolver_leases.claim_wishes("one", 10) == []
        assert status.next_try is not None
        delays.append(status.next_try - before)
        pass_time(delays[-1] + timedelta(seconds=1))
    assert all(first < second + timedelta(seconds=1) for first, second in pairwise(delays))
    assert delays[0] < timedelta(minutes=2) < timedelta(days=1) < delays[-1] < timedelta(days=7)


def test_an_awaited_wish_is_claimed_first() -> None:
    enqueue_wishes(absent_magnets(20), ADDRESS)
    enqueue_wishes([WISH], ADDRESS, awaited=True)
    assert [wish.v1 for wish in resolver_leases.claim_wishes("one", 1)] == [HASH]


def test_a_lease_that_is_not_renewed_expires() -> None:
    enqueue_wishes([WISH], ADDRESS)
    resolver_leases.claim_wishes("killed", 10)
    assert resolver_leases.claim_wishes("two", 10) == []
    pass_time(resolver_leases.LEASE_TIME + timedelta(seconds=1))
    resolver_leases.reclaim_expired_leases()
    assert [wish.v1 for wish in resolver_leases.claim_wishes("two", 10)] == [HASH]


def test_a_renewed_lease_lasts() -> None:
    enqueue_wishes([WISH], ADDRESS)
    [wish] = resolver_leases.claim_wishes("one", 10)
    pass_time(resolver_leases.LEASE_TIME - timedelta(seconds=1))
    resolver_leases.renew_leases("one", [wish.row_id])
    pass_time(timedelta(seconds=2))
    resolver_leases.reclaim_expired_leases()
    assert resolver_leases.claim_wishes("two", 10) == []


def test_a_resolver_that_lost_its_lease_cannot_settle_the_wish() -> None:
    enqueue_wishes([WISH], ADDRESS)
    wishes = resolver_leases.claim_wishes("slow", 10)
    pass_time(resolver_leases.LEASE_TIME + timedelta(seconds=1))
    resolver_leases.reclaim_expired_leases()
    resolver_leases.claim_wishes("two", 10)
    resolver_leases.record_misses(wishes, "slow")
    assert wish_status(HASH).searching


def test_a_wish_over_which_resolvers_die_rests_longer_each_time() -> None:
    enqueue_wishes([WISH], ADDRESS)
    delays = []
    for number in range(6):
        [_] = resolver_leases.claim_wishes(f"resolver {number}", 10)
        pass_time(resolver_leases.LEASE_TIME + timedelta(seconds=1))
        before = timezone.now()
        resolver_leases.reclaim_expired_leases()
        status = wish_status(HASH)
        assert (status.attempts, status.leased) == (number + 1, False)
        assert status.next_try is not None
        delays.append(max(status.next_try - before, timedelta()))
        assert bool(resolver_leases.claim_wishes("other", 10)) == (delays[-1] == timedelta())
        resolver_leases.release_leases("other")
        pass_time(delays[-1] + timedelta(seconds=1))
    assert delays[0] == timedelta()  # most likely the wish was not the cause
    assert timedelta(seconds=30) <= delays[1] <= timedelta(seconds=90)
    # Each is multiplied by 0.5 to 1.5 at random; four times as long is then at least a third longer.
    assert all(first * 1.33 < second for first, second in pairwise(delays[1:]))
    resolver_leases.record_misses(resolver_leases.claim_wishes("careful", 10), "careful")
    assert Wanted.objects.get().deserted == 0


def test_wishes_over_which_resolvers_died_come_back_at_different_times() -> None:
    enqueue_wishes(absent_magnets(50), ADDRESS)
    for resolver in ("one", "two"):
        assert len(resolver_leases.claim_wishes(resolver, 50)) == 50
        pass_time(resolver_leases.LEASE_TIME + timedelta(seconds=1))
        resolver_leases.reclaim_expired_leases()
    tries = sorted(row.next_try for row in Wanted.objects.all())
    assert tries[-1] - tries[0] > timedelta(seconds=20)


def test_a_resolver_that_stops_leaves_its_wishes_to_others() -> None:
    enqueue_wishes([WISH], ADDRESS)
    resolver_leases.claim_wishes("one", 10)
    resolver_leases.release_leases("one")
    assert len(resolver_leases.claim_wishes("two", 10)) == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_resolvers_never_claim_the_same_wish() -> None:
    enqueue_wishes(absent_magnets(200), ADDRESS)

    def claim_all(resolver: int) -> list[int]:
        try:
            claimed: list[int] = []
            while wishes := resolver_leases.claim_wishes(str(resolver), 7):
                claimed += [wish.row_id for wish in wishes]
            return claimed
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        claimed = [number for each in threads.map(claim_all, range(4)) for number in each]
    assert len(claimed) == len(set(claimed))
    # A resolver may find the remaining rows locked by others and stop early; the rest is there for the next claim.
    assert len(set(claimed) | set(claim_all(5))) == 200


def test_a_wish_that_was_blocked_after_it_was_enqueued_is_not_claimed() -> None:
    enqueue_wishes([WISH], ADDRESS)
    take_down(HASH, "No.")
    assert resolver_leases.claim_wishes("one", 10) == []
    lift_takedown(HASH)
    assert not Wanted.objects.exists()
