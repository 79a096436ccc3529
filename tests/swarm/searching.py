"""What tests of searches share: run one, and compare what it finds with the original torrent."""

import queue
import time
from collections.abc import Callable
from pathlib import Path

import bencodepy

from swarm import Config, FoundMetadata, SearchEngine, SearchOutcome, SearchRequest, build_torrent
from tests.servers.libtorrent_peers import ROUTER, Address, Content


def config(
    dht_state: Path | None = None,
    trackers: tuple[str, ...] = (),
    bootstrap: bool = True,
    address: Address = ("70.2.0.1", 6881),
) -> Config:
    return Config(
        listen="{}:{}".format(*address),
        bootstrap=("{}:{}".format(*ROUTER),) if bootstrap else (),
        trackers=trackers,
        dht_state=dht_state,
    )


def search(engine: SearchEngine, request: SearchRequest, seconds: float = 60) -> SearchOutcome:
    outcomes: queue.Queue[SearchOutcome] = queue.Queue()
    engine.search(request, seconds, outcomes.put)
    return outcomes.get(timeout=seconds + 30)


def find(engine: SearchEngine, request: SearchRequest, seconds: float = 60) -> FoundMetadata | None:
    """As `search`; the test fails for metadata that is unusable."""
    outcome = search(engine, request, seconds)
    assert outcome is None or isinstance(outcome, FoundMetadata), outcome
    return outcome


def is_same_torrent(outcome: SearchOutcome, original: Content) -> bool:
    """Whether the torrent built of what was found has the original's info dictionary and piece layers."""
    if not isinstance(outcome, FoundMetadata):
        return False
    built, expected = bencodepy.decode(build_torrent(outcome)), bencodepy.decode(original.torrent)
    keys = (b"info", b"piece layers")
    return [built.get(key) for key in keys] == [expected.get(key) for key in keys]


def info_dictionary_of(original: Content) -> bytes:
    return bytes(bencodepy.encode(bencodepy.decode(original.torrent)[b"info"]))


def wait_for(is_true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
