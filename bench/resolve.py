"""From `GET /<infohash>` to the last byte of a torrent that is not held, beside bare libtorrent that does the same.

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
from tests.make import infohashes, v1
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.libtorrent_peers import ROUTER, Content, Peer, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.postgres import postgres

TORRENTS = {1: 100, 20: 200, 100: 300, 500: 500}  # by how many are asked for at once
DEAD, DEAD_FOR = 1000, 20.0
SEEDER = ("44.1.0.1", 6881)
LONGEST = 60  # seconds
# Settings of a server that knows the namespace's DHT and nothing else.
NETWORK = {
    "RESOLVE": "on",
    "BT_LISTEN": "70.1.0.1:6881",
    "DHT_BOOTSTRAP": "{}:{}".format(*ROUTER),
    "TRACKERS": "",
}

_TICK = os.sysconf("SC_CLK_TCK")


class Row(NamedTuple):
    """What one contestant did with so many at once."""

    seconds: list[float]
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
        hashes = stack.enter_context(seeded(folder))
        database = stack.enter_context(postgres()) if options.database == "postgres" else ""
        server = stack.enter_context(hashkeep(folder / "data", DATABASE_URL=database, **NETWORK))
        bare = BareLibtorrent("71.1.0.1:6881", NETWORK["DHT_BOOTSTRAP"])
        warm_up(bare, server, hashes[:20])
        rest = iter(hashes[20:])
        print(f"{options.database:10} at once   p50 ms   p99 ms   max ms   lost   CPU ms   RSS MB")
        for at_once, count in TORRENTS.items():
            some = list(islice(rest, count))
            show("libtorrent", at_once, by_libtorrent(bare, some, at_once))
            show("GET", at_once, by_get(server, some, at_once))
        dead(server)


@contextmanager
def seeded(folder: Path) -> Iterator[list[bytes]]:
    """The infohashes of torrents of 30 KB that are in the DHT."""
    (folder / "data").mkdir()
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=seed, args=(theirs, folder), daemon=True)
    process.start()
    yield ours.recv()
    process.terminate()


def seed(pipe: Connection, folder: Path) -> None:
    nodes = start_dht()
    seeder = Peer(SEEDER, [node.address for node in nodes[1:]])
    seeder.session.apply_settings({"dht_announce_interval": 3600})  # it has enough to do
    torrents = [v1(b"%d" % number, 1400 * 16_384) for number in range(20 + sum(TORRENTS.values()))]
    for torrent in torrents:
        seeder.seed(Content(folder, "", torrent))
    hashes = [infohashes(torrent)[0] for torrent in torrents]
    time.sleep(2)  # until the nodes know each other
    for one in hashes:  # by itself libtorrent announces one every few seconds
        seeder.announce(one)
        time.sleep(0.02)
    time.sleep(2)
    pipe.send(hashes)
    pipe.recv()


def warm_up(bare: BareLibtorrent, server: Hashkeep, hashes: list[bytes]) -> None:
    """Young DHT tables know nobody."""
    while len(by_libtorrent(bare, hashes, 1).seconds) < len(hashes):
        time.sleep(0.5)
    by_get(server, hashes, 1)


def by_libtorrent(bare: BareLibtorrent, hashes: list[bytes], at_once: int) -> Row:
    began = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    seconds = [each for some in batches(hashes, at_once) for each in bare.fetch(some, LONGEST)]
    cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - began
    return Row(seconds, len(hashes) - len(seconds), cpu * 1000 / len(hashes), memory(os.getpid()))


def by_get(server: Hashkeep, hashes: list[bytes], at_once: int) -> Row:
    began = cpu_of(server)
    answers = [each for some in batches(hashes, at_once) for each in asyncio.run(get_all(server, some))]
    seconds = [one for one in answers if one]
    cpu = cpu_of(server) - began
    [resolver] = server.resolvers()
    return Row(seconds, len(hashes) - len(seconds), cpu * 1000 / len(hashes), memory(resolver))


async def get_all(server: Hashkeep, hashes: list[bytes]) -> list[float | None]:
    return await asyncio.gather(*(get(server, *wish) for wish in enumerate(hashes)))


async def get(server: Hashkeep, client: int, infohash: bytes) -> float | None:
    """Seconds; None for whatever is not the torrent."""
    began = time.perf_counter()
    answer = await ask(server, client, infohash, LONGEST)
    return time.perf_counter() - began if answer.startswith(b"HTTP/1.1 200") else None


async def ask(server: Hashkeep, client: int, infohash: bytes, seconds: float) -> bytes:
    """The whole answer, on a connection of its own. Ten clients share an address."""
    home = (f"90.0.{client // 10}.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=home)
    path = f"/{infohash.hex()}?timeout={seconds}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read(-1)
    writer.close()
    return answer


def dead(server: Hashkeep) -> None:
    [resolver] = server.resolvers()
    before, began = memory(resolver), cpu_of(server)
    wishes = [os.urandom(20).hex() for _ in range(DEAD)]
    requests.post(f"{server.url}/api/v1/resolve", json=wishes, timeout=LONGEST).raise_for_status()
    time.sleep(DEAD_FOR)
    cpu = cpu_of(server) - began
    print(
        f"{DEAD:,} dead hashes: {memory(resolver) - before:.0f} MB more, {cpu:.1f} s CPU in {DEAD_FOR:.0f} s"
    )


def batches(hashes: list[bytes], at_once: int) -> Iterator[list[bytes]]:
    for start in range(0, len(hashes), at_once):
        yield hashes[start : start + at_once]


def show(who: str, at_once: int, row: Row) -> None:
    times = sorted(each * 1000 for each in row.seconds)
    p50, p99 = statistics.median(times), times[len(times) * 99 // 100]
    print(
        f"{who:10} {at_once:7} {p50:8.1f} {p99:8.1f} {times[-1]:8.1f} {row.lost:6} {row.cpu:8.1f} {row.rss:8.0f}",
        flush=True,
    )


def cpu_of(server: Hashkeep) -> float:
    """Seconds that all its processes have used until now."""
    return sum(map(_cpu, server.processes()))


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
