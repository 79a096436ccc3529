"""Measures `GET /<infohash>` for torrents that are not held, until the last byte, beside bare libtorrent.

python -m bench.resolve [--database postgres]    as root: it all happens in a network namespace of its own

Seeder and DHT nodes are libtorrent too, in another process on the same machine. `CPU` is of all processes of the
server, resolver included, for one torrent; `RSS` is the resolver's (libtorrent's own process: this one).
"""

import argparse
import asyncio
import os
import resource
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import requests

from bench.bare_libtorrent import BareLibtorrent
from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.libtorrent_peers import ROUTER, Content, Peer, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.postgres import postgres

TORRENTS = {1: 100, 20: 200, 100: 300, 500: 500}  # by how many are asked for at once
DEAD_WISHES, DEAD_SECONDS = 1000, 20.0  # infohashes without peers, and how long they are searched for
SEEDER = ("44.1.0.1", 6881)
TIMEOUT = 60  # seconds for one torrent
# Settings of a server that knows the namespace's DHT and nothing else.
NETWORK = {
    "RESOLVE": "on",
    "BT_LISTEN": "70.1.0.1:6881",
    "DHT_BOOTSTRAP": "{}:{}".format(*ROUTER),
    "TRACKERS": "",
}

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Result(NamedTuple):
    """Of one way to fetch, with so many torrents at once."""

    seconds: list[float]  # of each torrent that was found
    lost: int
    cpu: float  # milliseconds a torrent
    rss: float  # MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        stack.enter_context(network_namespace())
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        infohashes = stack.enter_context(seeded_torrents(folder))
        database = stack.enter_context(postgres()) if options.database == "postgres" else ""
        server = stack.enter_context(hashkeep(folder / "data", DATABASE_URL=database, **NETWORK))
        bare = BareLibtorrent("71.1.0.1:6881", NETWORK["DHT_BOOTSTRAP"])
        warm_up(bare, server, infohashes[:20])
        rest = iter(infohashes[20:])
        print(f"{options.database:10} at once   p50 ms   p99 ms   max ms   lost   CPU ms   RSS MB")
        for at_once, count in TORRENTS.items():
            wanted = list(islice(rest, count))
            print_result("libtorrent", at_once, fetch_by_libtorrent(bare, wanted, at_once))
            print_result("GET", at_once, fetch_by_get(server, wanted, at_once))
        measure_dead_wishes(server)


@contextmanager
def seeded_torrents(folder: Path) -> Iterator[list[bytes]]:
    """Yields the infohashes of torrents of 30 KB that another process seeds."""
    (folder / "data").mkdir()
    context = get_context("spawn")
    parent_pipe, child_pipe = context.Pipe()
    process = context.Process(target=seed, args=(child_pipe, folder), daemon=True)
    process.start()
    yield parent_pipe.recv()
    process.terminate()


def seed(pipe: Connection, folder: Path) -> None:
    nodes = start_dht()
    seeder = Peer(SEEDER, [node.address for node in nodes[1:]])
    seeder.session.apply_settings({"dht_announce_interval": 3600})  # no repetition during the measurement
    torrents = [make.v1(b"%d" % number, 1400 * 16_384) for number in range(20 + sum(TORRENTS.values()))]
    for torrent in torrents:
        seeder.seed(Content(folder, "", torrent))
    infohashes = [make.infohashes(torrent)[0] for torrent in torrents]
    time.sleep(2)  # until the nodes know each other
    for infohash in infohashes:  # libtorrent itself announces one every few seconds
        seeder.announce(infohash)
        time.sleep(0.02)
    time.sleep(2)
    pipe.send(infohashes)
    pipe.recv()


def warm_up(bare: BareLibtorrent, server: Hashkeep, infohashes: list[bytes]) -> None:
    """DHT tables that have just been started hold no nodes."""
    while len(fetch_by_libtorrent(bare, infohashes, 1).seconds) < len(infohashes):
        time.sleep(0.5)
    fetch_by_get(server, infohashes, 1)


def fetch_by_libtorrent(bare: BareLibtorrent, infohashes: list[bytes], at_once: int) -> Result:
    began = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    seconds = [
        second for batch in split_batches(infohashes, at_once) for second in bare.fetch(batch, TIMEOUT)
    ]
    cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - began
    return Result(seconds, len(infohashes) - len(seconds), cpu * 1000 / len(infohashes), memory(os.getpid()))


def fetch_by_get(server: Hashkeep, infohashes: list[bytes], at_once: int) -> Result:
    began = cpu_seconds(server)
    answers = [
        answer
        for batch in split_batches(infohashes, at_once)
        for answer in asyncio.run(get_all(server, batch))
    ]
    seconds = [answer for answer in answers if answer]
    cpu = cpu_seconds(server) - began
    [resolver] = server.resolvers()
    return Result(seconds, len(infohashes) - len(seconds), cpu * 1000 / len(infohashes), memory(resolver))


async def get_all(server: Hashkeep, infohashes: list[bytes]) -> list[float | None]:
    """As `get`, for all at once."""
    return await asyncio.gather(*(get(server, *numbered) for numbered in enumerate(infohashes)))


async def get(server: Hashkeep, client: int, infohash: bytes) -> float | None:
    """Seconds until the last byte; None for any answer but the torrent."""
    began = time.perf_counter()
    answer = await request_torrent(server, client, infohash, TIMEOUT)
    return time.perf_counter() - began if answer.startswith(b"HTTP/1.1 200") else None


async def request_torrent(server: Hashkeep, client: int, infohash: bytes, seconds: float) -> bytes:
    """The whole answer, headers included, on a connection of its own. Ten clients share an address."""
    local_address = (f"90.0.{client // 10}.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=local_address)
    path = f"/{infohash.hex()}?timeout={seconds}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read(-1)
    writer.close()
    return answer


def measure_dead_wishes(server: Hashkeep) -> None:
    [resolver] = server.resolvers()
    before, began = memory(resolver), cpu_seconds(server)
    wishes = [os.urandom(20).hex() for _ in range(DEAD_WISHES)]
    requests.post(f"{server.url}/api/v1/resolve", json=wishes, timeout=TIMEOUT).raise_for_status()
    time.sleep(DEAD_SECONDS)
    cpu = cpu_seconds(server) - began
    more = memory(resolver) - before
    print(f"{DEAD_WISHES:,} dead hashes: {more:.0f} MB more, {cpu:.1f} s CPU in {DEAD_SECONDS:.0f} s")


def split_batches(infohashes: list[bytes], at_once: int) -> Iterator[list[bytes]]:
    for start in range(0, len(infohashes), at_once):
        yield infohashes[start : start + at_once]


def print_result(way: str, at_once: int, result: Result) -> None:
    times = sorted(seconds * 1000 for seconds in result.seconds)
    p50, p99 = statistics.median(times), times[len(times) * 99 // 100]
    shown_times = f"{p50:8.1f} {p99:8.1f} {times[-1]:8.1f}"
    print(
        f"{way:10} {at_once:7} {shown_times} {result.lost:6} {result.cpu:8.1f} {result.rss:8.0f}", flush=True
    )


def cpu_seconds(server: Hashkeep) -> float:
    """Of all its processes since their start."""
    return sum(map(_process_cpu_seconds, server.processes()))


def _process_cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


def memory(process: int) -> float:
    """MB of resident memory."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
