"""Peer hints: the peers of magnet links reach the resolvers sealed, and are never written down."""

import time

import pytest
from cryptography.fernet import Fernet

from archive.db.notify import NEW_WISHES, listen
from archive.queue import peer_hint_sender, resolver_leases
from archive.queue.enqueue import enqueue_wishes
from archive.queue.received_peer_hints import PeerHints, Peers, seal_peers
from metainfo.magnet import Magnet
from tests.wishes import ADDRESS, HASH, WISH

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.mark.django_db(transaction=True)
def test_resolvers_receive_the_peers_that_a_magnet_link_names() -> None:
    listener, hints = listen(NEW_WISHES), PeerHints()
    more = tuple((f"2001:db8::{n:x}", 65_535) for n in range(30))
    peers: set[tuple[str, int]] = set()
    try:
        enqueue_wishes([WISH, Magnet(HASH, peers=more)], ADDRESS)
        enqueue_wishes([Magnet(bytes(20))], ADDRESS)
        [key] = {wish.wish_key for wish in resolver_leases.claim_wishes("one", 10)} - {bytes(20)}
        for _ in range(60):  # PostgreSQL takes its time
            hints.receive(listener.receive(0.5))
            peers |= hints.take(key)
            if len(peers) > 20:
                break
    finally:
        listener.close()
    assert peers == {*WISH.peers, *more[:20]}
    assert hints.take(bytes(20)) == set()


@pytest.mark.django_db(transaction=True)
def test_peer_hints_are_repeated_for_resolvers_that_start_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer_hint_sender, "REPEAT_DELAYS", (1, 1, 1))
    enqueue_wishes([WISH], ADDRESS)
    enqueue_wishes([Magnet(HASH, peers=(("192.0.2.2", 2),))], ADDRESS)
    listener, hints, received = listen(NEW_WISHES), PeerHints(), []
    try:
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 5:  # longer than any of the delays
            hints.receive(listener.receive(0.1))
            if peers := hints.take(HASH):
                received.append(peers)
                quiet_since = time.monotonic()
    finally:
        listener.close()
    assert received == [{*WISH.peers, ("192.0.2.2", 2)}] * len(received)
    assert len(received) > 1


def receive(hints: PeerHints, wish: int, peers: Peers) -> None:
    hints.receive([seal_peers(bytes([wish]), peers)])


def test_payloads_that_cannot_be_unsealed_are_ignored() -> None:
    hints = PeerHints()
    hints.receive(
        [
            "",
            "01",
            "01:",
            "01:gAAAAABnonsense",
            "zz:",
            ":",
            f"01:{Fernet(Fernet.generate_key()).encrypt(b'[]').decode()}",
        ]
    )
    assert hints.take(b"\x01") == set()


def test_the_number_of_peers_of_one_wish_is_limited() -> None:
    """Though each request for one torrent may name others."""
    hints = PeerHints()
    for number in range(100):
        receive(hints, 1, tuple((f"192.0.2.{number}", port) for port in range(1, 21)))
    assert len(hints.take(b"\x01")) == 40


def test_the_oldest_peer_hints_are_forgotten_first() -> None:
    hints = PeerHints(max_wishes=2)
    for wish in (1, 2, 1, 3):
        receive(hints, wish, (("192.0.2.1", wish),))
    assert [hints.take(bytes([wish])) for wish in (1, 2, 3)] == [
        {("192.0.2.1", 1)},
        set(),
        {("192.0.2.1", 3)},
    ]
