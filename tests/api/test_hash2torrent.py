"""Hash2Torrent's routes and wishes by REST: a whole Hashkeep and its resolver, on an Internet of our own.

The settings are the usual ones, except the bootstrap node: here every public address is this machine.
"""

import hashlib
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import bencodepy
import libtorrent as lt
import psycopg
import pytest
import requests
from requests.adapters import HTTPAdapter

from tests import make
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from tests.servers.libtorrent_peers import ROUTER, Address, Content, Peer, create_content, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.postgres import Cluster, cluster
from tests.servers.recording_trackers import http_tracker, udp_tracker

SEEDER: Address = ("44.1.0.1", 6881)
HINT = "x.pe={}:{}".format(*SEEDER)
WAIT = 60  # seconds, on a machine that is busy with other tests
DEAD = "5A" * 20
NO_FILES = Path("/nonexistent")  # of a seeder that sends metadata only


class World(NamedTuple):
    hashkeep: Hashkeep
    seeder: Peer
    nodes: list[Peer]
    v1: Content
    hybrid: Content
    v2: Content


@pytest.fixture(scope="module")
def net() -> Iterator[None]:
    with network_namespace():
        yield


@pytest.fixture(scope="module")
def world(net: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("content")
    nodes = start_dht()
    seeder = Peer(SEEDER, [node.address for node in nodes[1:]])
    contents = [create_content(folder, kind, kind) for kind in ("v1", "hybrid", "v2")]
    for each in contents:
        seeder.seed(each)
    # A request that should not wait, and does, would wait for long.
    with hashkeep(
        tmp_path_factory.mktemp("archive"), **settings(RESOLVE_TIMEOUT=WAIT, WAITING_MAX=512)
    ) as running:
        yield World(running, seeder, nodes, *contents)


def settings(**more: object) -> dict[str, Any]:
    router = "{}:{}".format(*ROUTER)
    network = {"BT_LISTEN": "70.1.0.1:6881", "DHT_BOOTSTRAP": router, "TRACKERS": ""}
    return {"RESOLVE": "on", "RATE_ADDRESS": 0, **network, **more}


def get(archive: Hashkeep, path: str) -> requests.Response:
    return requests.get(archive.url + path, timeout=WAIT + 30)


def get_from(address: str, archive: Hashkeep, path: str) -> requests.Response:
    """GET from another address: here every address is this machine's."""
    with requests.Session() as session:
        session.mount("http://", SourceAddressAdapter(address))
        return session.get(archive.url + path, timeout=WAIT + 30)


class SourceAddressAdapter(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(self._address, 0))


def seed_many(seeder: Peer, name: str, count_wishes: int) -> list[str]:
    """Infohashes of small torrents, which are seeded from now on."""
    torrents = [make.v1(f"{name} {number}".encode(), 20_000) for number in range(count_wishes)]
    for torrent in torrents:
        seeder.seed(Content(NO_FILES, name, torrent))
    return [make.v1_hash(torrent) for torrent in torrents]


def wait_until(true: Callable[[], bool], seconds: float = WAIT) -> bool:
    deadline = time.monotonic() + seconds
    while not (fulfilled := true()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return fulfilled


def count_wishes(archive: Hashkeep, which: str, *values: object) -> int:
    """How many wishes are in the queue, read from the database."""
    with closing(sqlite3.connect(archive.folder / "hashkeep.sqlite3", timeout=60)) as index:
        [(number,)] = index.execute(f"SELECT count(*) FROM archive_wanted WHERE {which}", values)
    return int(number)


def are_all_waiting(archive: Hashkeep, asked: list[Future[Any]], numbers: range) -> bool:
    """Whether each of these requests, one for each infohash, is waiting by now or has its answer."""
    noted = count_wishes(
        archive, "v1 BETWEEN ? AND ?", *(each.to_bytes(20) for each in (numbers[0], numbers[-1]))
    )
    return noted + sum(one.done() for one in asked) >= len(numbers)


def end_all_searches(archive: Hashkeep) -> None:
    """End every search as not found, so that no request waits any longer."""
    archive.manage(
        "shell",
        "-v0",
        "-c",
        "from datetime import timedelta; from django.utils.timezone import now; from archive.models import Wanted\n"
        "Wanted.objects.update(leased_by='', leased_until=None, next_try=now() + timedelta(hours=1))",
    )


def wish_state(archive: Hashkeep, infohash: str) -> str:
    return str(get(archive, f"/api/v1/wanted/{infohash}").json().get("state"))


@pytest.mark.parametrize("what", ["v1", "hybrid by v1", "hybrid by v2", "v2", "v2 cut short"])
def test_a_torrent_that_is_not_held_is_found_by_the_dht_and_stored(world: World, what: str) -> None:
    original: Content = getattr(world, what.partition(" ")[0])
    v1, v2 = original.v1.hex(), original.v2.hex()
    asked = {"v1": v1, "hybrid by v1": v1, "v2 cut short": v2[:40]}.get(what, v2)
    # Seeders announce one torrent every few seconds.
    assert wait_until(lambda: get(world.hashkeep, f"/torrents/{asked}?timeout=20").status_code == 200)
    answer = get(world.hashkeep, f"/{asked}")
    assert answer.headers["Content-Type"] == "application/x-bittorrent"
    ours, theirs = bencodepy.decode(answer.content), bencodepy.decode(original.torrent)
    assert ours[b"info"] == theirs[b"info"]
    assert ours.get(b"piece layers") == theirs.get(b"piece layers")
    assert get(world.hashkeep, f"/torrent/{asked.upper()}.torrent").content == answer.content
    assert wait_until(lambda: wish_state(world.hashkeep, asked) == "held")


@pytest.mark.parametrize("shape", ["/torrents/{}", "/{}"])
def test_peers_may_be_given_as_in_a_magnet_link(world: World, shape: str) -> None:
    [infohash] = seed_many(world.seeder, f"peer {len(shape)}", 1)
    answer = get(world.hashkeep, f"{shape.format(infohash)}?{HINT}&timeout={WAIT}")
    assert answer.status_code == 200
    info = bencodepy.encode(bencodepy.decode(answer.content)[b"info"])
    assert hashlib.sha1(info).hexdigest().upper() == infohash


def test_a_peer_that_is_given_during_a_search_joins_it_and_is_stored_nowhere(world: World) -> None:
    """The peer is in no DHT. No peer is stored either whose torrent is not found."""
    lonely = Peer(("44.1.0.77", 6881), [])
    [infohash] = seed_many(lonely, "lonely", 1)
    assert get(world.hashkeep, f"/torrents/{infohash}?timeout=1").status_code == 408
    hint = "x.pe=44.1.0.77:6881"
    assert get(world.hashkeep, f"/torrents/{'5B' * 20}?{hint}&timeout=1").status_code == 408
    assert get(world.hashkeep, f"/torrents/{infohash}?{hint}&timeout=30").status_code == 200
    for spelling in (b"44.1.0.77", bytes([44, 1, 0, 77])):
        for path in world.hashkeep.folder.rglob("*"):
            assert not (path.is_file() and spelling in path.read_bytes()), path


@pytest.mark.parametrize(("kind", "start"), [("http", http_tracker), ("udp", udp_tracker)])
def test_trackers_may_be_given_and_are_in_the_torrent(world: World, kind: str, start: object) -> None:
    [infohash] = seed_many(world.seeder, f"tracker {kind}", 1)
    with start(("81.1.0.1", 6969), {bytes.fromhex(infohash): [SEEDER]}) as tracker:  # type: ignore[operator]
        answer = get(world.hashkeep, f"/torrents/{infohash}?tr={tracker.url}&timeout={WAIT}")
        assert answer.status_code == 200
        assert bencodepy.decode(answer.content)[b"announce"] == tracker.url.encode()


def test_a_torrent_that_is_not_found_in_time_is_408_with_retry_after(world: World) -> None:
    began = time.monotonic()
    answer = get(world.hashkeep, f"/torrents/{DEAD}?timeout=1")
    assert 1 <= time.monotonic() - began < WAIT / 2
    assert answer.status_code == 408
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert int(answer.headers["Retry-After"]) > 0
    assert b"<" not in answer.content
    assert wish_state(world.hashkeep, DEAD) == "pending"


@pytest.mark.parametrize("path", ["/torrents/nonsense", f"/torrents/{DEAD}0", "/torrents/%00"])
def test_a_path_without_an_infohash_is_400_in_hash2torrents_words(world: World, path: str) -> None:
    answer = get(world.hashkeep, path)
    assert (answer.status_code, answer.text.strip()) == (400, "Invalid info hash")


def test_the_health_check_says_ok(world: World) -> None:
    answer = get(world.hashkeep, "/health_check")
    assert (answer.status_code, answer.text) == (200, "OK")


@pytest.mark.parametrize("shape", ["/torrent/{}.torrent", "/{}.torrent"])
def test_the_caches_urls_do_not_wait_and_a_later_request_finds_the_torrent(world: World, shape: str) -> None:
    path = shape.format(world.v1.v2.hex())  # no peer has that
    began = time.monotonic()
    assert get(world.hashkeep, path).status_code == 404
    assert time.monotonic() - began < WAIT / 2
    assert wish_state(world.hashkeep, world.v1.v2.hex()) == "pending"


def test_a_torrent_that_is_taken_down_is_not_searched_for(world: World) -> None:
    [infohash] = seed_many(world.seeder, "taken down", 1)
    world.hashkeep.manage("take_down", infohash, "--reason", "Because.")
    assert get(world.hashkeep, f"/torrents/{infohash}?{HINT}").status_code == 451
    assert get(world.hashkeep, f"/api/v1/wanted/{infohash}").status_code == 451


def test_a_hybrid_whose_other_infohash_is_blocked_is_not_stored(world: World, tmp_path: Path) -> None:
    twins = create_content(tmp_path, "twins", "hybrid")
    world.seeder.seed(twins)
    world.hashkeep.manage("take_down", twins.v2.hex(), "--reason", "Because of its v2 twin.")
    answer = get(world.hashkeep, f"/torrents/{twins.v1.hex()}?{HINT}&timeout={WAIT}")
    assert (answer.status_code, answer.text) == (
        408,
        "This torrent was taken down: Because of its v2 twin.\n",
    )
    assert wish_state(world.hashkeep, twins.v1.hex()) == "given up"
    assert not list(world.hashkeep.torrents.rglob(f"{twins.v1.hex().upper()}*"))


def test_a_torrent_with_too_many_pieces_is_not_answered_as_missing(world: World) -> None:
    """The hashes of the pieces alone exceed MAX_TORRENT_BYTES: libtorrent does not read such an info dictionary."""
    vast = Content(Path("/nonexistent"), "", make.v1(b"vast", 500_001 * make.BLOCK))
    world.seeder.seed(vast)
    answer = get(world.hashkeep, f"/torrents/{vast.v1.hex()}?{HINT}&timeout={WAIT}")
    assert answer.status_code == 408
    assert answer.text == "It was found, and nothing can be made of it: too many pieces in torrent.\n"
    assert wish_state(world.hashkeep, vast.v1.hex()) == "given up"


def test_equal_requests_at_the_same_time_share_one_search(world: World) -> None:
    [infohash] = seed_many(world.seeder, "equal", 1)
    with ThreadPoolExecutor(30) as threads:
        path = f"/torrents/{infohash}?{HINT}&timeout={WAIT}"
        answers = list(threads.map(lambda _: get(world.hashkeep, path), range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_a_hundred_torrents_at_once_are_all_found(world: World) -> None:
    infohashes = seed_many(world.seeder, "hundred", 100)
    with ThreadPoolExecutor(100) as threads:
        paths = [f"/torrents/{infohash}?{HINT}&timeout={WAIT}" for infohash in infohashes]
        answers = list(threads.map(lambda path: get(world.hashkeep, path), paths))
    assert [answer.status_code for answer in answers] == [200] * 100


def test_torrents_one_after_the_other_are_found_quickly(world: World) -> None:
    """The aim is less than 50 ms more than the search itself, which takes a few here. This machine may be busy."""
    seconds = []
    for infohash in seed_many(world.seeder, "quick", 20):
        began = time.monotonic()
        assert get(world.hashkeep, f"/torrents/{infohash}?{HINT}&timeout={WAIT}").status_code == 200
        seconds.append(time.monotonic() - began)
    assert statistics.median(seconds) < 0.5


def test_waiting_requests_do_not_delay_other_requests(world: World) -> None:
    [is_held] = seed_many(world.seeder, "held", 1)
    assert get(world.hashkeep, f"/torrents/{is_held}?{HINT}&timeout={WAIT}").status_code == 200
    paths = [f"/torrents/{number:040x}?timeout={WAIT}" for number in range(200)]
    with ThreadPoolExecutor(200) as threads:
        waiting = [
            threads.submit(get_from, f"90.0.{number}.1", world.hashkeep, path)
            for number, path in enumerate(paths)
        ]
        assert wait_until(lambda: are_all_waiting(world.hashkeep, waiting, range(200)), WAIT / 2)
        for path in (
            f"/torrent/{is_held}.torrent",
            f"/torrent/{is_held.lower()}.torrent",
            "/api/v1/stats",
            "/",
        ):
            assert get(world.hashkeep, path).status_code == 200
        assert not any(one.done() for one in waiting)
        end_all_searches(world.hashkeep)


def test_a_list_of_wishes_is_answered_without_waiting_and_fulfilled_later(world: World) -> None:
    infohashes = seed_many(world.seeder, "list", 50)
    v2 = world.v2.v2.hex()
    magnets = [f"magnet:?xt=urn:btih:{infohash}&{HINT}" for infohash in infohashes]
    began = time.monotonic()
    body = [*magnets, "nonsense", 7, f"magnet:?xt=urn:btmh:1220{v2}&{HINT}"]
    answer = requests.post(f"{world.hashkeep.url}/api/v1/resolve", json=body, timeout=60)
    assert (answer.status_code, time.monotonic() - began < 20) == (202, True)
    statuses = answer.json()
    assert [one["state"] for one in statuses[50:52]] == ["refused", "refused"]
    assert [one["infohash"] for one in statuses[:50]] == infohashes

    def is_held(one: dict[str, str]) -> bool:
        now = requests.get(one["url"], timeout=60).json()
        return now["state"] == "held" and requests.get(now["torrent"], timeout=60).status_code == 200

    assert wait_until(lambda: all(is_held(one) for one in [*statuses[:50], statuses[52]]))


@pytest.mark.parametrize("body", [{"a": 1}, "x", [DEAD] * 1001, None])
def test_a_body_that_is_no_list_of_wishes_is_400(world: World, body: object) -> None:
    answer = requests.post(f"{world.hashkeep.url}/api/v1/resolve", json=body, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["detail"]


ODD = [
    "magnet:",
    "magnet:?",
    "magnet:?xt=urn:btih:",
    "magnet:?xt=urn:btih:" + "Z" * 40,
    "magnet:?xt=urn:btmh:1220",
    "magnet:?xt=urn:btmh:1114" + "00" * 20,
    "magnet:?xt=urn:btih:" + "00" * 32,
    "MAGNET:?xt=urn:sha1:" + "00" * 20,
    "http://[::1/" + "00" * 20,
    "\0",
    "\ud800",
    "x" * 100_000,
    {"magnet": DEAD},
    None,
    True,
    1e308,
    ["nested"],
]
HEAVY = [
    f"magnet:?xt=urn:btih:{1:040x}" + "".join(f"&tr=udp://{n}.example:1" for n in range(10_000)),
    f"magnet:?xt=urn:btih:{2:040x}&tr=" + "http://a.example/" + "a" * 15_000,
    f"magnet:?xt=urn:btih:{3:040x}&dn=" + "%00" * 5_000 + "&x.pe=127.0.0.1:1&x.pe=[::1]:1&x.pe=10.0.0.1:1",
    f"magnet:?xt=urn:btih:{4:040x}" + "&xt=urn:btih:" * 1_000,
]


def test_odd_and_very_long_magnets_are_answered_quickly_each_by_itself(world: World) -> None:
    began = time.monotonic()
    answer = requests.post(f"{world.hashkeep.url}/api/v1/resolve", json=[*ODD, *HEAVY, DEAD], timeout=60)
    assert (answer.status_code, time.monotonic() - began < 20) == (202, True)
    states = [one["state"] for one in answer.json()]
    assert states == ["refused"] * len(ODD) + ["pending"] * (len(HEAVY) + 1)


def test_a_very_long_list_of_trackers_in_a_url_is_cut(world: World) -> None:
    trackers = "".join(f"&tr=udp://{number}.example:1/announce" for number in range(200))
    assert get(world.hashkeep, f"/torrents/{5:040x}?timeout=0{trackers}").status_code == 408


@pytest.mark.parametrize("timeout", ["-1", "0", "-inf", "0.001", "1e-300"])
def test_a_timeout_of_zero_does_not_wait(world: World, timeout: str) -> None:
    began = time.monotonic()
    assert get(world.hashkeep, f"/{6:040x}?timeout={timeout}").status_code == 408
    assert time.monotonic() - began < WAIT / 2


def test_waiting_requests_are_limited_per_address(world: World) -> None:
    """512 requests may wait in each of two processes, a quarter of them from one address."""
    numbers = range(1_000, 1_300)
    paths = [f"/torrents/{number:040x}?timeout={WAIT}" for number in numbers]
    [infohash] = seed_many(world.seeder, "polite", 1)
    with ThreadPoolExecutor(301) as threads:
        greedy = [threads.submit(get_from, "91.0.0.1", world.hashkeep, path) for path in paths]
        first = next(as_completed(greedy)).result()
        assert (first.status_code, int(first.headers["Retry-After"]) > 0) == (429, True)
        found = get_from("91.0.0.2", world.hashkeep, f"/{infohash}?{HINT}&timeout={WAIT}")
        assert found.status_code == 200
        assert wait_until(lambda: are_all_waiting(world.hashkeep, greedy, numbers), WAIT / 2)
        end_all_searches(world.hashkeep)
        statuses = Counter(one.result().status_code for one in greedy)
    assert set(statuses) == {408, 429}
    assert 128 <= statuses[408] <= 256


def test_behind_a_proxy_the_limit_counts_the_clients_own_address(net: None, tmp_path: Path) -> None:
    """16 requests may wait in each of two processes, a quarter of them from one address."""
    own = settings(BT_LISTEN="70.9.0.1:6881", BEHIND_PROXY="on", WAITING_MAX=16)

    def ask(number: int, caller: str, seconds: int = WAIT) -> int:
        forwarded = {"X-Forwarded-For": f"203.0.113.{number}, {caller}"}
        url = f"{archive.url}/torrents/{number:040x}?timeout={seconds}"
        return requests.get(url, headers=forwarded, timeout=WAIT + 30).status_code

    with hashkeep(tmp_path, **own) as archive, ThreadPoolExecutor(21) as threads:
        greedy = [threads.submit(ask, number, "198.51.100.1") for number in range(1, 21)]
        assert next(as_completed(greedy)).result() == 429
        assert wait_until(lambda: are_all_waiting(archive, greedy, range(1, 21)), WAIT / 2)
        assert ask(21, "198.51.100.2", seconds=1) == 408
        end_all_searches(archive)
        assert Counter(one.result() for one in greedy)[408] <= 8


def test_twelve_thousand_wishes_of_one_address_are_too_many(net: None, tmp_path: Path) -> None:
    with hashkeep(tmp_path, **settings(BT_LISTEN="70.6.0.1:6881")) as archive:
        began = time.monotonic()
        answers = []
        for start in range(0, 12_000, 1_000):
            wishes = [f"{number:040x}" for number in range(start, start + 1_000)]
            answers.append(requests.post(f"{archive.url}/api/v1/resolve", json=wishes, timeout=60))
        assert time.monotonic() - began < 60
        assert {answer.status_code for answer in answers} == {202, 429}
        assert sum(answer.status_code == 202 for answer in answers) <= 10  # five in each of two processes
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)
        assert get(archive, "/health_check").text == "OK"


def test_the_status_of_a_torrent_without_a_wish_is_404(world: World) -> None:
    assert get(world.hashkeep, f"/api/v1/wanted/{'EE' * 20}").status_code == 404
    assert get(world.hashkeep, "/api/v1/wanted/nonsense").status_code == 400


def test_a_full_queue_is_429(net: None, tmp_path: Path) -> None:
    with hashkeep(tmp_path, **settings(WANTED_MAX=10, BT_LISTEN="70.2.0.1:6881")) as small:
        wishes = [f"{number:040x}" for number in range(10)]
        answer = requests.post(f"{small.url}/api/v1/resolve", json=wishes, timeout=60)
        assert answer.status_code == 202
        for answer in (
            requests.post(f"{small.url}/api/v1/resolve", json=[DEAD], timeout=60),
            get(small, f"/torrents/{DEAD}"),
        ):
            assert answer.status_code == 429
            assert int(answer.headers["Retry-After"]) > 0
        assert get(small, f"/torrent/{DEAD}.torrent").status_code == 404


def test_a_killed_resolver_is_started_again_and_no_wish_is_lost(world: World) -> None:
    infohashes = [make.v1_hash(make.v1(f"killed {number}".encode(), 20_000)) for number in range(100)]
    magnets = [f"magnet:?xt=urn:btih:{infohash}&{HINT}" for infohash in infohashes]
    requests.post(f"{world.hashkeep.url}/api/v1/resolve", json=magnets, timeout=60).raise_for_status()
    assert wait_until(lambda: len(world.hashkeep.resolvers()) == 1)
    [killed] = world.hashkeep.resolvers()
    assert wait_until(
        lambda: count_wishes(world.hashkeep, "leased_until IS NOT NULL") >= 100
    )  # there is no seeder yet
    os.kill(killed, signal.SIGKILL)
    assert seed_many(world.seeder, "killed", 100) == infohashes
    assert wait_until(lambda: world.hashkeep.resolvers() not in ([], [killed]))
    assert wait_until(
        lambda: all(wish_state(world.hashkeep, infohash) == "held" for infohash in infohashes), 150
    )


def test_a_killed_web_server_ends_its_resolver_and_keeps_the_wishes(net: None, tmp_path: Path) -> None:
    seeder = Peer(("44.3.0.1", 6881))
    infohashes = [make.v1_hash(make.v1(f"web {number}".encode(), 20_000)) for number in range(100)]
    peers = {bytes.fromhex(infohash): [seeder.address] for infohash in infohashes}
    with (
        udp_tracker(("81.3.0.1", 6969), peers) as tracker,
        hashkeep(tmp_path, **settings(BT_LISTEN="70.3.0.1:6881")) as archive,
    ):
        magnets = [f"magnet:?xt=urn:btih:{infohash}&tr={tracker.url}" for infohash in infohashes]
        requests.post(f"{archive.url}/api/v1/resolve", json=magnets, timeout=60).raise_for_status()
        assert wait_until(lambda: len(archive.resolvers()) == 1)
        assert (web := archive.processes("-m", "hashkeep.granian_server"))
        for process in web:
            os.kill(process, signal.SIGKILL)
        assert wait_until(lambda: not archive.resolvers())
        archive.kill()
        seed_many(seeder, "web", 100)
        archive.start()
        assert wait_until(
            lambda: all(wish_state(archive, infohash) == "held" for infohash in infohashes), 150
        )


def test_a_killed_postgresql_loses_no_wish_and_no_waiting_request(net: None, tmp_path: Path) -> None:
    seeder = Peer(("44.5.0.1", 6881))
    infohashes = [make.v1_hash(make.v1(f"postgres {number}".encode(), 20_000)) for number in range(100)]
    with cluster() as database:
        where = settings(BT_LISTEN="70.5.0.1:6881", DATABASE_URL=database.url)
        with hashkeep(tmp_path, **where) as archive, ThreadPoolExecutor(100) as threads:
            hint = "x.pe=44.5.0.1:6881"
            paths = [f"/torrents/{infohash}?{hint}&timeout={WAIT}" for infohash in infohashes]
            waiting = [threads.submit(get, archive, path) for path in paths]
            assert wait_until(
                lambda: wish_state(archive, infohashes[-1]) == "pending" and count_leased(database) == 100
            )
            database.kill()
            assert get(archive, f"/torrents/{DEAD}").status_code == 503
            seed_many(seeder, "postgres", 100)
            time.sleep(3)  # most of them are found while the database is down
            database.start()
            assert wait_until(
                lambda: all(wish_state(archive, infohash) == "held" for infohash in infohashes), 150
            )
            answers = [future.result().status_code for future in waiting]
            assert set(answers) <= {200, 408}
            assert answers.count(200) > 50
            assert query_number(database, "SELECT count(*) FROM archive_wanted") == 0
            assert query_number(database, "SELECT count(*) FROM archive_torrent") == 100


def count_leased(database: Cluster) -> int:
    return query_number(database, "SELECT count(*) FROM archive_wanted WHERE leased_until > now()")


def query_number(database: Cluster, statement: str) -> int:
    with psycopg.connect(database.url) as connection:
        [(count_wishes,)] = connection.execute(statement.encode()).fetchall()
        return int(count_wishes)


def test_two_resolvers_share_the_wishes_and_fetch_none_twice(net: None, tmp_path: Path) -> None:
    seeder = Peer(("44.7.0.1", 6881))
    seeder.session.apply_settings({"alert_mask": lt.alert_category.connect, "alert_queue_size": 10_000})
    visitors: dict[str, set[str]] = {}
    with hashkeep(tmp_path, **settings(BT_LISTEN="70.7.0.1:6881")) as archive, another_resolver(archive):
        rounds = 0
        while len(set().union(*visitors.values())) < 2 and rounds < WAIT:  # until both resolvers work
            rounds += 1
            fetch_all(archive, seed_many(seeder, f"round {rounds}", 10))
            record_visits(visitors, seeder)
        fetch_all(archive, seed_many(seeder, "shared", 200))
    record_visits(visitors, seeder)
    assert set().union(*visitors.values()) == {"70.7.0.1", "70.8.0.1"}
    assert len(visitors) == 200 + 10 * rounds
    assert {len(each) for each in visitors.values()} == {1}


@contextmanager
def another_resolver(archive: Hashkeep) -> Iterator[None]:
    environment = archive.env | {"BT_LISTEN": "70.8.0.1:6881", "DATA_DIR": str(archive.folder)}
    process = subprocess.Popen([sys.executable, "manage.py", "resolver"], cwd=ROOT, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def fetch_all(archive: Hashkeep, infohashes: list[str]) -> None:
    magnets = [f"magnet:?xt=urn:btih:{infohash}&x.pe=44.7.0.1:6881" for infohash in infohashes]
    for magnet in magnets:
        requests.post(f"{archive.url}/api/v1/resolve", json=[magnet], timeout=60).raise_for_status()
    assert wait_until(lambda: all(wish_state(archive, infohash) == "held" for infohash in infohashes), 150)


def record_visits(visitors: dict[str, set[str]], seeder: Peer) -> None:
    """Which address came for which infohash since the last call."""
    for alert in seeder.session.pop_alerts():
        if isinstance(alert, lt.peer_connect_alert):
            infohash = alert.handle.info_hashes().v1.to_bytes().hex()
            visitors.setdefault(infohash, set()).add(alert.ip[0])


def test_the_resolve_command_uses_the_running_resolver(world: World, tmp_path: Path) -> None:
    infohashes = seed_many(world.seeder, "file", 20)
    listed = tmp_path / "wishes.txt"
    listed.write_text("# these\n" + "".join(f"magnet:?xt=urn:btih:{each}&{HINT}\n" for each in infohashes))
    done = world.hashkeep.manage("resolve", str(listed))
    assert done.stdout.split() == ["20", "held", "0", "not", "found"]
    assert {wish_state(world.hashkeep, infohash) for infohash in infohashes} == {"held"}


def test_the_resolve_command_fetches_by_itself_where_no_resolver_runs(world: World, tmp_path: Path) -> None:
    [infohash] = seed_many(world.seeder, "alone", 1)
    archive = Hashkeep(tmp_path, **settings(BT_LISTEN="70.4.0.1:6881"))
    archive.migrate()
    done = archive.manage("resolve", f"magnet:?xt=urn:btih:{infohash}&{HINT}", "nonsense", may_fail=True)
    assert done.returncode == 1
    assert done.stdout.split()[:5] == ["1", "held", "0", "not", "found"]
    assert "nonsense" in done.stderr and "Not held: 1 of 2." in done.stderr
    assert list(archive.torrents.rglob(f"{infohash}.torrent"))
