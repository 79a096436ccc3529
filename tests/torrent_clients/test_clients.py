"""Every operation with every client that is supported, real ones: docs/clients.md says what works, and is right."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from clients import TorrentToAdd, UnknownTorrent
from tests.client_operations import NAMES, OPERATIONS, AllClients, poll_until, run_all_clients, table_row
from tests.servers.hashkeep import ROOT
from tests.servers.libtorrent_peers import Peer, create_content


@pytest.fixture(scope="module")
def all_clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AllClients]:
    with run_all_clients(tmp_path_factory.mktemp("clients")) as running:
        yield running


def read_documented_table() -> dict[str, list[str]]:
    """The cells of the table, by operation."""
    rows = re.findall(r"^\| ([a-z][^|]*) \| (.*) \|$", (ROOT / "docs" / "clients.md").read_text(), re.M)
    return {operation: cells.split(" | ") for operation, cells in rows}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_documented_table_of_operations_is_true(all_clients: AllClients, operation: str) -> None:
    assert table_row(all_clients, operation) == read_documented_table()[operation]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("qBittorrent")])
def test_a_hybrid_is_found_by_either_infohash_before_and_after_its_id_changes(
    all_clients: AllClients, name: str, tmp_path: Path
) -> None:
    """Added by a magnet link that names v1 alone, it becomes a hybrid, and its id truncated v2, with the metadata."""
    client = all_clients.subjects[name].client
    held = create_content(tmp_path, f"a hybrid for {name}", "hybrid")
    peer = Peer((f"127.5.0.{1 + NAMES.index(name)}", 6881))  # no client connects to its own address
    all_clients.tracker.peers[held.v1] = []
    link = f"magnet:?xt=urn:btih:{held.v1.hex()}&tr={quote(all_clients.tracker.url)}"
    assert client.add(TorrentToAdd(link, (held.v1,))) is True
    assert client.find(held.v1).id == held.v1.hex()
    with pytest.raises(UnknownTorrent):
        client.find(held.v2)
    peer.seed(held)
    all_clients.tracker.peers[held.v1] = all_clients.tracker.peers[held.v2[:20]] = [peer.address]
    client.reannounce(held.v1)
    poll_until(lambda: client.find(held.v1).id == held.v2.hex()[:40])
    assert {client.find(one).v2 for one in (held.v1, held.v2, held.v2[:20])} == {held.v2}
    assert client.add(TorrentToAdd(held.torrent, (held.v1, held.v2))) is False
    client.remove(held.v1, data=True)
    with pytest.raises(UnknownTorrent):
        client.find(held.v2)
