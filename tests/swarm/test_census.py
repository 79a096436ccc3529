"""The census in a network namespace: a DHT, trackers, and peers that are only addresses."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import netaddr
import pytest
from mmdb_writer import MMDBWriter

from tests import make
from tests.servers.address_only_peers import announce_to_dht, announce_to_udp_tracker
from tests.servers.hashkeep import ROOT, Hashkeep
from tests.servers.libtorrent_peers import ROUTER, Peer, start_dht
from tests.servers.misleading_trackers import URLS, misleading_trackers
from tests.servers.name_server import name_server
from tests.servers.network_namespace import add_ipv6_address, network_namespace
from tests.servers.opentracker import opentracker
from tests.servers.recording_trackers import http_tracker, udp_tracker

COUNTRIES = {"51.0.0.0/8": "BR", "62.0.0.0/8": "US", "83.0.0.0/8": "IN"}
HOSTS = [f"{net}.60.{n % 7}.{n + 1}" for net in (51, 62, 83) for n in range(80)]
UDP, HTTP, OPENTRACKER = ("44.1.0.9", 6969), ("44.1.0.8", 8080), ("44.1.0.7", 6969)
TRACKERS = ",".join(["udp://{}:{}/announce".format(*UDP), "http://{}:{}/announce".format(*HTTP)])
WAIT = 120  # seconds, on a machine that is busy with other tests


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Peer]]:
    with network_namespace():
        yield start_dht()


@pytest.fixture
def archive(tmp_path: Path) -> Hashkeep:
    """Without a web server: the census needs only the index and the storage."""
    database = MMDBWriter(ip_version=4, database_type="Country")
    for network, code in COUNTRIES.items():
        database.insert_network(netaddr.IPSet([network]), {"country_code": code})
    database.to_db_file(str(tmp_path / "country.mmdb"))
    router = "{}:{}".format(*ROUTER)
    archive = Hashkeep(
        tmp_path, BT_LISTEN="70.2.0.1:6881", DHT_BOOTSTRAP=router, TRACKERS=TRACKERS, CENSUS="on"
    )
    archive.migrate()
    return archive


def test_each_peer_of_a_day_is_counted_once_in_its_country_and_its_address_is_written_nowhere(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    torrent = make.v1(b"watched")
    target = make.infohashes(torrent)[0]
    import_torrents(archive, tmp_path, torrent)
    announce_to_dht(HOSTS[:150], target, [node.address for node in nodes])
    tracked = {target: [(host, 6881) for host in HOSTS[180:]]}
    with udp_tracker(UDP, {}), http_tracker(HTTP, tracked):
        announce_to_udp_tracker(HOSTS[100:200], target, UDP)
        with run_census(archive):
            assert wait_for(lambda: peers_by_country(archive)) == [{"BR": 80, "IN": 80, "US": 80}]
    assert find_addresses(tmp_path, HOSTS) == []


def test_later_peers_of_a_day_are_added_and_a_new_census_process_removes_none(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    torrent = make.v1(b"coming and going")
    target = make.infohashes(torrent)[0]
    import_torrents(archive, tmp_path, torrent)
    tracked = {target: [(host, 6881) for host in HOSTS[:10]]}
    with http_tracker(HTTP, tracked):
        with run_census(archive):
            assert wait_for(lambda: peers_by_country(archive)) == [{"BR": 10}]
            tracked[target][:] = [(host, 6881) for host in HOSTS[5:15]]
            query_index(archive, "UPDATE archive_watched SET due = '2026-01-01'")
            assert wait_for(lambda: peers_by_country(archive) == [{"BR": 15}])
        tracked[target][:] = [(host, 6881) for host in HOSTS[10:14] + HOSTS[80:100]]
        query_index(archive, "UPDATE archive_watched SET due = '2026-01-01', looked_at = NULL")
        with run_census(archive):
            assert wait_for(lambda: peers_by_country(archive) == [{"BR": 15, "US": 20}])
    assert query_index(archive, "SELECT looked, alive, peers FROM archive_censusday") == [(1, 1, 35)]
    assert find_addresses(tmp_path, HOSTS[:100]) == []


def test_a_tracker_with_ipv4_and_ipv6_addresses_is_queried_over_both(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    """A country database that has only IPv4 knows no country for IPv6, and does not fail."""
    v4, v6 = "44.1.0.10", "2a02:44::10"
    urls = [b"udp://both.example:6969/announce", b"http://both.example:8080/announce"]
    torrent = make.v1(b"both kinds", outer={b"announce-list": [[url] for url in urls]})
    target = make.infohashes(torrent)[0]
    import_torrents(archive, tmp_path, torrent)
    peers = ["51.60.0.1", "62.60.0.1", "2a02:51:0:1::1", "2a02:51:0:1::2", "2a02:51:0:2::1"]
    tracked = [
        {target: [(host, 6881) for host in some]} for some in (peers[:1], peers[2:4], peers[:2], peers[3:])
    ]
    add_ipv6_address(v6)
    with (
        name_server({"both.example": f"{v4} {v6}"}),
        udp_tracker((v4, 6969), tracked[0]),
        udp_tracker((v6, 6969), tracked[1]),
        http_tracker((v4, 8080), tracked[2]),
        http_tracker((v6, 8080), tracked[3]),
        run_census(archive),
    ):
        assert wait_for(lambda: peers_by_country(archive)) == [{"BR": 1, "US": 1, "ZZ": 2}]
    assert find_addresses(tmp_path, peers) == []


def test_two_census_processes_share_the_torrents(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    torrents = [make.v1(b"shared %d" % number) for number in range(30)]
    import_torrents(archive, tmp_path, *torrents)
    tracked = {make.infohashes(torrent)[0]: [(HOSTS[0], 6881)] for torrent in torrents}
    with http_tracker(HTTP, tracked) as tracker, run_census(archive), run_census(archive):
        assert wait_for(lambda: peers_by_country(archive) == [{"BR": 1}] * 30)
        started = [announce.infohash for announce in tracker.announces if announce.event == "started"]
    assert sorted(started) == sorted(tracked)
    assert {announce.port for announce in tracker.announces} == {1}


def test_a_hybrid_torrent_has_a_swarm_under_each_of_its_hashes(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    torrent = make.hybrid(b"both")
    import_torrents(archive, tmp_path, torrent)
    v1, v2 = make.infohashes(torrent)
    announce_to_dht(HOSTS[:5], v1, [node.address for node in nodes])
    announce_to_dht(HOSTS[3:9], v2[:20], [node.address for node in nodes])
    with run_census(archive):
        assert wait_for(lambda: peers_by_country(archive)) == [{"BR": 9}]


def test_opentracker_is_scraped_and_its_peers_are_counted(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    torrent = make.v1(b"real", outer={b"announce": b"udp://44.1.0.7:6969/announce"})
    target = make.infohashes(torrent)[0]
    import_torrents(archive, tmp_path, torrent)
    (tmp_path / "tracker").mkdir()
    with opentracker(tmp_path / "tracker", OPENTRACKER, [target]):
        announce_to_udp_tracker(HOSTS[:40], target, OPENTRACKER, seeds=True)
        announce_to_udp_tracker(HOSTS[40:100], target, OPENTRACKER)
        with run_census(archive):
            assert wait_for(lambda: peers_by_country(archive)) == [{"BR": 80, "US": 20}]
    assert query_index(archive, "SELECT seeders, leechers FROM archive_watched") == [(40, 60)]


def test_misleading_trackers_are_bounded_and_do_not_stop_the_count(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    urls = [url.encode() for url in URLS]
    torrent = make.v1(b"misled", outer={b"announce-list": [[url] for url in urls]})
    target = make.infohashes(torrent)[0]
    import_torrents(archive, tmp_path, torrent)
    announce_to_dht(HOSTS[:5], target, [node.address for node in nodes])
    with misleading_trackers() as visits, run_census(archive) as process:
        began = time.monotonic()
        assert wait_for(lambda: peers_by_country(archive)) == [{"BR": 5}]
        assert time.monotonic() - began < 60
        memory = Path(f"/proc/{process.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(memory) < 250_000  # kB, with libtorrent and Django in it
    assert visits.private == 0
    log = archive.log.read_text()
    for message in (
        "is private or reserved",
        "is too long",
        "is not bencoded",
        "takes too long",
        "refuses",
        "redirects too often",
        "does not answer",
    ):
        assert message in log


def test_a_torrent_without_peers_is_counted_at_growing_intervals(
    nodes: list[Peer], archive: Hashkeep, tmp_path: Path
) -> None:
    import_torrents(archive, tmp_path, make.v1(b"dead"))
    gaps = []
    with run_census(archive):
        for misses in (2, 3, 4):
            look = (
                f"SELECT julianday(due) - julianday(looked_at) FROM archive_watched WHERE misses = {misses}"
            )
            [(days,)] = wait_for(partial(query_index, archive, look))
            gaps.append(round(days, 3))
            query_index(archive, "UPDATE archive_watched SET due = '2026-01-01'")
    assert gaps == [4, 8, 16]


def import_torrents(archive: Hashkeep, folder: Path, *torrents: bytes) -> None:
    (folder / "new").mkdir()
    for number, torrent in enumerate(torrents):
        (folder / "new" / f"{number}.torrent").write_bytes(torrent)
    archive.manage("import_torrents", str(folder / "new"))


@contextmanager
def run_census(archive: Hashkeep) -> Iterator[subprocess.Popen[bytes]]:
    with archive.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "census"], cwd=ROOT, env=archive.env, stdout=log, stderr=log
        )
    try:
        yield process
        process.terminate()
        assert process.wait(timeout=60) == 0, archive.log.read_text()
    finally:
        process.kill()
        process.wait()


def wait_for(question: Callable[[], Any]) -> Any:
    """The first answer that is true, or the last one."""
    deadline = time.monotonic() + WAIT
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return answer


def peers_by_country(archive: Hashkeep) -> list[dict[str, int]]:
    rows = query_index(archive, "SELECT countries FROM archive_peerday ORDER BY torrent_id")
    return [json.loads(countries) for (countries,) in rows]


def query_index(archive: Hashkeep, statement: str) -> list[Any]:
    """Reads or changes the index from outside."""
    with closing(sqlite3.connect(archive.folder / "hashkeep.sqlite3", timeout=30)) as index, index:
        return index.execute(statement).fetchall()


def find_addresses(folder: Path, hosts: list[str]) -> list[str]:
    """Files that contain any of the addresses, as text or as packed bytes."""
    needles = [needle for host in hosts for needle in (host.encode(), ip_address(host).packed)]
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]
