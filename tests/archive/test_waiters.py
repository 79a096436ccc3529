"""Waiters: requests that wait on an event loop until their wish is settled."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice

import pytest
from django.db import connection
from pytest_django import Settings

from archive.db.notify import NEW_WISHES, Listener, listen
from archive.errors import NotHeld, StillWanted, TakenDown, TooManyWishes, Unavailable
from archive.models import Wanted
from archive.queue import enqueue, resolver_leases, waiters
from archive.queue.enqueue import enqueue_requests, enqueue_wishes
from archive.queue.settlement_notifications import receive_settlements
from archive.queue.wish_request import WishRequest
from archive.queue.wish_status import WishStatus, wish_status
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from metainfo.errors import Refusal
from metainfo.magnet import Magnet
from tests.wishes import (
    ADDRESS,
    HASH,
    TORRENT,
    WISH,
    absent_magnets,
    close_waiters,
    pass_time,
    resolve_and_wait,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def resolve_is_on(settings: Settings) -> None:
    settings.RESOLVE = True


@pytest.mark.django_db(transaction=True)
def test_an_unexpected_error_with_one_wish_does_not_stop_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail_for_one(requests: Sequence[WishRequest]) -> list[WishStatus | Refusal]:
        if any(one.magnet.v1 == bytes(20) for one in requests):
            raise RuntimeError("an error that nothing expects")
        return enqueue_requests(requests)

    monkeypatch.setattr(enqueue, "enqueue_requests", fail_for_one)
    with pytest.raises(Unavailable):
        resolve_and_wait(Magnet(bytes(20)), ADDRESS, 0)
    with pytest.raises(StillWanted):
        resolve_and_wait(WISH, ADDRESS, 0)


def test_the_settings_can_forbid_to_ask_the_network(settings: Settings) -> None:
    settings.RESOLVE = False
    with pytest.raises(NotHeld) as refusal:
        resolve_and_wait(WISH, ADDRESS, 5)
    assert not isinstance(refusal.value, StillWanted)
    assert not Wanted.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_request_that_does_not_wait_is_answered_at_once_and_its_wish_enqueued() -> None:
    began = time.monotonic()
    with pytest.raises(StillWanted):
        resolve_and_wait(WISH, ADDRESS, 0)
    assert time.monotonic() - began < 30
    assert wish_status(HASH).searching


@pytest.fixture(autouse=True)
def no_connections_are_left() -> Iterator[None]:
    yield
    close_waiters()


def resolve_one_wish(torrent: bytes | None) -> None:
    """Claim one wish as soon as there is one, and deposit this torrent, or nothing."""
    listener = listen(NEW_WISHES)
    try:
        deadline = time.monotonic() + 30
        while not (wishes := resolver_leases.claim_wishes("one", 1)) and time.monotonic() < deadline:
            listener.receive(1)
        if torrent:
            deposit(torrent)
        resolver_leases.record_misses(wishes, "one")
    finally:
        listener.close()
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_all_waiting_requests_get_the_torrent_as_soon_as_it_is_deposited() -> None:
    def wait_for_torrent(_: int) -> bytes:
        try:
            return resolve_and_wait(WISH, ADDRESS, 60).torrent
        finally:
            connection.close()

    with ThreadPoolExecutor(21) as threads:
        began = time.monotonic()
        waiting = [threads.submit(wait_for_torrent, number) for number in range(20)]
        threads.submit(resolve_one_wish, TORRENT)
        assert {future.result() for future in waiting} == {TORRENT}
    assert time.monotonic() - began < 30


@pytest.mark.django_db(transaction=True)
def test_a_waiting_request_learns_of_a_miss_before_its_time_is_up() -> None:
    thread = threading.Thread(target=resolve_one_wish, args=[None])
    thread.start()
    began = time.monotonic()
    with pytest.raises(StillWanted) as refusal:
        resolve_and_wait(WISH, ADDRESS, 60)
    assert time.monotonic() - began < 40
    assert 10 < refusal.value.retry_after <= 60
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_in_time_without_a_resolver() -> None:
    began = time.monotonic()
    with pytest.raises(StillWanted):
        resolve_and_wait(WISH, ADDRESS, 0.5)
    assert 0.5 <= time.monotonic() - began < 30


def miss_all() -> None:
    """All wishes are searched for in vain, so that no request waits any longer."""
    resolver_leases.record_misses(resolver_leases.claim_wishes("one", 100), "one")


@pytest.mark.django_db(transaction=True)
def test_requests_beyond_the_limit_do_not_wait(settings: Settings) -> None:
    settings.WAITING_MAX = 3

    def wait_in_vain(number: int) -> None:
        try:
            with pytest.raises(StillWanted):
                resolve_and_wait(absent_magnets(20)[number], f"198.51.100.{number}", 60)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        requests = [threads.submit(wait_in_vain, number) for number in range(20)]
        assert len(list(islice(as_completed(requests, timeout=45), 17))) == 17
        time.sleep(0.5)  # in which no other returns
        assert sum(not one.done() for one in requests) == 3
        miss_all()
        for one in requests:
            one.result()


@pytest.mark.django_db(transaction=True)
def test_one_address_cannot_take_all_places(settings: Settings) -> None:
    settings.WAITING_MAX = 16  # four of one address

    def wait_for_outcome(number: int, address: str) -> str:
        try:
            resolve_and_wait(absent_magnets(20)[number], address, 60)
        except (StillWanted, TooManyWishes) as refusal:
            assert refusal.retry_after > 0
            return type(refusal).__name__
        finally:
            connection.close()
        return "held"

    with ThreadPoolExecutor(20) as threads:
        greedy = [threads.submit(wait_for_outcome, number, f"2001:db8:5:2::{number}") for number in range(10)]
        refused = [one.result() for one in islice(as_completed(greedy, timeout=45), 6)]
        assert refused == ["TooManyWishes"] * 6
        other = threads.submit(wait_for_outcome, 11, "2001:db8:5:3::1")
        while Wanted.objects.count() < 5:
            assert not other.done()
            time.sleep(0.05)
        miss_all()
        assert other.result() == "StillWanted"
        assert Counter(one.result() for one in greedy) == {"StillWanted": 4, "TooManyWishes": 6}


@pytest.mark.django_db(transaction=True)
def test_a_lost_notification_costs_a_second_and_no_more() -> None:
    """The wish leaves the queue without a notification, as by a process that is killed in between."""

    def delete_without_notification() -> None:
        while not Wanted.objects.exists():
            time.sleep(0.05)
        time.sleep(0.5)
        Wanted.objects.all().delete()
        connection.close()

    thread = threading.Thread(target=delete_without_notification)
    thread.start()
    began = time.monotonic()
    with pytest.raises(StillWanted):
        resolve_and_wait(WISH, ADDRESS, 60)
    assert time.monotonic() - began < 30
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_blocked_torrent_is_neither_enqueued_nor_waited_for() -> None:
    take_down(HASH, "No.")
    assert enqueue_wishes([WISH], ADDRESS)[0].state == "given up"
    assert not Wanted.objects.exists()
    with pytest.raises(TakenDown):
        resolve_and_wait(WISH, ADDRESS, 5)
    with pytest.raises(TakenDown):
        wish_status(HASH)


@pytest.mark.django_db(transaction=True)
def test_a_request_for_a_wish_that_was_given_up_gets_the_reason() -> None:
    enqueue_wishes([WISH], ADDRESS)
    [wish] = resolver_leases.claim_wishes("one", 10)
    resolver_leases.give_up_wish(wish, "one", "It is private.")
    status = wish_status(HASH)
    assert (status.state, status.reason) == ("given up", "It is private.")
    pass_time(timedelta(days=20))
    assert not enqueue_wishes([WISH], ADDRESS)[0].searching
    with pytest.raises(StillWanted, match="private"):
        resolve_and_wait(WISH, ADDRESS, 5)


@pytest.mark.django_db(transaction=True)
def test_after_an_unexpected_error_the_next_request_listens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [RuntimeError("an error that nothing expects")]
    receive = receive_settlements

    def fail_once(listener: Listener) -> dict[bytes, str]:
        if errors:
            raise errors.pop()
        return receive(listener)

    monkeypatch.setattr(waiters, "receive_settlements", fail_once)
    with pytest.raises(StillWanted):
        resolve_and_wait(WISH, ADDRESS, 2)
    assert not errors
    thread = threading.Thread(target=resolve_one_wish, args=[TORRENT])
    thread.start()
    assert resolve_and_wait(WISH, ADDRESS, 60).torrent == TORRENT
    thread.join()
