"""What a libtorrent session reveals to others, and the DHT table that it keeps."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import groupby
from pathlib import Path

import pytest

from swarm import SearchEngine, SearchRequest
from tests.servers.recording_trackers import Tracker, http_tracker, udp_tracker
from tests.swarm.searching import config, find, is_same_torrent, wait_for
from tests.swarm.seeded_network import ENGINE, SEEDER, UNKNOWN_INFOHASH, SeededNetwork


@pytest.mark.parametrize("tracker", [http_tracker, udp_tracker])
def test_a_search_announces_port_1_to_trackers_and_then_that_it_has_stopped(
    network: SeededNetwork, tracker: Callable[..., AbstractContextManager[Tracker]]
) -> None:
    """Nothing listens at port 1, and the tracker removes the entry as soon as the search is over."""
    engine = SearchEngine(config(bootstrap=False))
    with tracker(("81.1.0.1", 6969), {network.v1.v1: [SEEDER]}) as recorder:
        assert find(engine, SearchRequest(network.v1.v1, trackers=(recorder.url,)))
        engine.close()
        # Over UDP an announce is repeated when the answer is slow.
        wait_for(lambda: [event for event, _ in groupby(events(recorder))] == ["started", "stopped"])
        assert {announce.port for announce in recorder.announces} == {1}


def events(tracker: Tracker) -> list[str]:
    return [announce.event for announce in tracker.announces]


def test_no_peer_can_connect_to_the_session(engine: SearchEngine) -> None:
    """So an address that a peer or a tracker passes on leads nowhere."""
    engine.search(SearchRequest(UNKNOWN_INFOHASH, peers=(SEEDER,)), 5, lambda _: None)
    with socket.create_connection(ENGINE, timeout=30) as connection:
        connection.sendall(b"\x13BitTorrent protocol" + bytes(8) + UNKNOWN_INFOHASH + bytes(20))
        assert not receive(connection)


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def test_no_torrent_is_announced_to_the_dht(network: SeededNetwork, engine: SearchEngine) -> None:
    assert find(engine, SearchRequest(network.v1.v1))
    assert find(engine, SearchRequest(UNKNOWN_INFOHASH), seconds=3) is None
    assert engine.statistics()["dht_nodes"] > 0
    assert engine.statistics()["announced"] == 0


def test_the_dht_table_is_kept_across_restarts(network: SeededNetwork, tmp_path: Path) -> None:
    state = tmp_path / "new" / "dht.state"
    engine = SearchEngine(config(dht_state=state))
    wait_for(lambda: engine.statistics()["dht_nodes"] > 0)
    engine.close()
    without_bootstrap = SearchEngine(config(state, bootstrap=False))
    assert is_same_torrent(find(without_bootstrap, SearchRequest(network.v1.v1)), network.v1)
    without_bootstrap.close()


def test_an_unreadable_dht_table_is_ignored(network: SeededNetwork, tmp_path: Path) -> None:
    (tmp_path / "dht.state").write_bytes(b"no bencoding")
    engine = SearchEngine(config(tmp_path / "dht.state"))
    assert is_same_torrent(find(engine, SearchRequest(network.v1.v1)), network.v1)
    engine.close()


def test_an_unwritable_dht_table_does_not_hinder_closing(
    network: SeededNetwork, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    engine = SearchEngine(config(tmp_path / "file" / "dht.state"))
    engine.close()
    assert "the DHT table cannot be kept" in caplog.text
