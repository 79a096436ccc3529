"""Fulfilling: a deposit of the torrent, by anybody, takes the wish out of the queue."""

from datetime import timedelta

import pytest

from archive.models import Wanted
from archive.queue import resolver_leases
from archive.queue.enqueue import enqueue_wishes
from archive.queue.wish_status import wish_status
from archive.torrents.deposit import deposit
from metainfo.magnet import Magnet
from tests import make
from tests.wishes import ADDRESS, HASH, TORRENT, pass_time

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

BOTH, PURE = make.hybrid(b"both"), make.v2(b"pure", b"p" * 100_000)


@pytest.mark.parametrize(
    ("torrent", "asked"),
    [
        (TORRENT, Magnet(HASH)),
        (BOTH, Magnet(make.infohashes(BOTH)[0])),
        (BOTH, Magnet(v2=make.infohashes(BOTH)[1])),
        (BOTH, Magnet(*make.infohashes(BOTH))),
        (PURE, Magnet(v2=make.infohashes(PURE)[1])),
        (PURE, Magnet(make.infohashes(PURE)[1][:20])),
    ],
    ids=["v1", "hybrid by v1", "hybrid by v2", "hybrid by both", "v2", "truncated v2"],
)
def test_a_deposit_fulfils_the_wish(torrent: bytes, asked: Magnet) -> None:
    enqueue_wishes([asked], ADDRESS)
    deposit(torrent)
    assert not Wanted.objects.exists()
    assert wish_status(asked.infohash).state == "held"
    assert enqueue_wishes([asked], ADDRESS)[0].state == "held"


def test_a_torrent_without_its_piece_layers_leaves_the_wish_open_until_they_come() -> None:
    v2 = make.infohashes(PURE)[1]
    enqueue_wishes([Magnet(v2=v2)], ADDRESS)
    [wish] = resolver_leases.claim_wishes("one", 10)
    deposit(make.v2(b"pure", b"p" * 100_000, layers=False))
    resolver_leases.record_misses([wish], "one")
    pass_time(timedelta(minutes=2))
    assert len(resolver_leases.claim_wishes("one", 10)) == 1
    deposit(PURE)
    assert not Wanted.objects.exists()
