"""Enqueuing: one wish for equal requests, and when a request is a reason to search again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from archive.models import Wanted
from archive.queue import resolver_leases
from archive.queue.enqueue import enqueue_wishes
from archive.queue.retry import RECENT_MISS
from metainfo.magnet import Magnet
from tests import make
from tests.wishes import ADDRESS, HASH, OTHER_ADDRESS, WISH, pass_time

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

BOTH = make.hybrid(b"both")


def test_a_peer_is_a_reason_to_search_again_unless_the_last_search_knew_peers() -> None:
    enqueue_wishes([Magnet(HASH)], ADDRESS)
    resolver_leases.record_misses(resolver_leases.claim_wishes("one", 10), "one")
    peers = Magnet(HASH, peers=WISH.peers)
    assert enqueue_wishes([peers], ADDRESS)[0].searching
    [wish] = resolver_leases.claim_wishes("one", 10)
    wish.peers.update(WISH.peers)
    resolver_leases.record_misses([wish], "one")
    assert not enqueue_wishes([peers], ADDRESS)[0].searching


def test_requests_for_one_torrent_are_one_wish_with_the_trackers_of_all() -> None:
    enqueue_wishes([WISH], ADDRESS)
    enqueue_wishes([Magnet(HASH, trackers=("udp://two.example:1/announce",))], OTHER_ADDRESS)
    [claimed] = resolver_leases.claim_wishes("one", 10)
    assert claimed.trackers == (*WISH.trackers, "udp://two.example:1/announce")
    assert resolver_leases.claim_wishes("two", 10) == []


def test_a_request_that_pairs_an_infohash_with_a_wrong_one_is_a_wish_of_its_own() -> None:
    v1, v2 = make.infohashes(BOTH)
    enqueue_wishes([Magnet(v1, bytes(32)), Magnet(v1, v2), Magnet(v1)], ADDRESS)
    assert {(wish.v1, wish.v2) for wish in resolver_leases.claim_wishes("one", 10)} == {
        (v1, bytes(32)),
        (v1, v2),
        (v1, None),
    }


def test_a_recent_miss_is_an_answer_and_an_old_one_is_a_reason_to_search_again() -> None:
    enqueue_wishes([WISH], ADDRESS)
    for _ in range(4):
        resolver_leases.record_misses(resolver_leases.claim_wishes("one", 10), "one")
        Wanted.objects.update(next_try=timezone.now())
    resolver_leases.record_misses(resolver_leases.claim_wishes("one", 10), "one")
    [recent] = enqueue_wishes([Magnet(HASH)], ADDRESS, awaited=True)
    assert not recent.searching
    assert 0 < recent.retry_after <= RECENT_MISS.total_seconds()
    pass_time(RECENT_MISS + timedelta(seconds=1))
    [old] = enqueue_wishes([Magnet(HASH)], ADDRESS, awaited=True)
    assert old.searching


def test_the_address_of_a_request_is_not_written_down() -> None:
    enqueue_wishes([WISH], "203.0.113.123")
    row = Wanted.objects.values().get()
    assert "203.0.113.123" not in repr(row)
