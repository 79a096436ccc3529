"""The rows of the queue: their number is limited, and those that are too old are deleted."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from archive.errors import NotHeld, TooManyWishes
from archive.models import Wanted
from archive.queue import resolver_leases, wish_rows
from archive.queue.enqueue import enqueue_wishes
from archive.queue.wish_status import wish_status
from tests.wishes import ADDRESS, HASH, WISH, absent_magnets, pass_time

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_wishes_last_asked_for_a_month_ago_are_deleted() -> None:
    enqueue_wishes(absent_magnets(3), ADDRESS)
    pass_time(timedelta(days=20))
    enqueue_wishes(absent_magnets(1), ADDRESS)
    pass_time(timedelta(days=20))
    assert wish_rows.delete_stale_wishes() == 2
    assert wish_status(absent_magnets(1)[0].infohash).state == "pending"
    with pytest.raises(NotHeld):
        wish_status(absent_magnets(3)[2].infohash)


def test_the_queue_is_limited_and_missed_wishes_make_room(settings: Settings) -> None:
    settings.WANTED_MAX = 10
    enqueue_wishes(absent_magnets(10), ADDRESS)
    with pytest.raises(TooManyWishes) as full:
        enqueue_wishes([WISH], ADDRESS)
    assert full.value.retry_after > 0
    resolver_leases.record_misses(resolver_leases.claim_wishes("one", 3), "one")
    enqueue_wishes([WISH], ADDRESS)
    assert Wanted.objects.count() == 10
    assert wish_status(HASH).state == "pending"


def test_of_requests_that_do_not_all_fit_none_is_enqueued(settings: Settings) -> None:
    settings.WANTED_MAX = 10
    with pytest.raises(TooManyWishes):
        enqueue_wishes(absent_magnets(11), ADDRESS)
    assert not Wanted.objects.exists()
