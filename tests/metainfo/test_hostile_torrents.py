"""What hostile torrents cost: memory, and work, which is bounded by the number of parts."""

import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import pytest

import metainfo
from metainfo.errors import NotATorrent
from tests import make, oracle
from tests.hostile_torrents import hostile_torrents

HOSTILE_TORRENTS = dict(hostile_torrents(1_000_000))
SMALL_HOSTILE_TORRENTS = dict(hostile_torrents(100_000))


def test_unsorted_piece_layers_of_very_many_keys_are_refused() -> None:
    """Each has to be remembered, so that one that is there twice is found."""
    layers = b"".join(b"32:%032d32:%032d" % (n, n) for n in range(9_999, 0, -1))
    torrent = make.v2().replace(b"12:piece layersd", b"12:piece layersd" + layers)
    with pytest.raises(NotATorrent, match="belongs to no file|not sorted"):
        metainfo.parse_torrent(torrent)


def test_unsorted_unknown_keys_are_passed_over_however_many() -> None:
    """libtorrent loads them; none of them is read, so that one that is there twice harms nothing."""
    keys = b"".join(b"4:%04di0e" % n for n in range(9_999, 0, -1))
    assert oracle.assert_same_reading(b"d" + keys + make.v1()[1:])


@pytest.mark.parametrize("name", HOSTILE_TORRENTS)
def test_a_hostile_torrent_takes_little_memory(name: str) -> None:
    """Five bytes for each of its own: 50 MB for a torrent of the 10 MB that are taken."""
    tracemalloc.start()
    with suppress(NotATorrent):
        metainfo.parse_torrent(HOSTILE_TORRENTS[name])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 1_000_000


@pytest.mark.parametrize("name", HOSTILE_TORRENTS)
def test_no_hostile_torrent_takes_more_steps_than_its_tokens_allow(name: str) -> None:
    """Work is counted in calls, which no busy machine makes more: three or so a part, and plain lists take one."""
    torrent, budget = SMALL_HOSTILE_TORRENTS[name], 30_000
    assert calls(lambda: metainfo.ParsedTorrent(torrent, max_tokens=budget)) < 3.5 * budget


def calls(act: Callable[[], object]) -> int:
    """How many functions it calls, of Python's and of C's."""
    made = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        with suppress(NotATorrent):
            act()
    finally:
        sys.setprofile(None)
    return made
