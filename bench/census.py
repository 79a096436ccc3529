"""Measures the census: looks a second and a CPU second by one process, and its memory.

python -m bench.census --torrents 2000    as root: it all happens in a network namespace of its own

Of the torrents 57 in a hundred have peers, seven each, which is what `archive/census/schedule.py` plans in the long
run. DHT nodes (libtorrent, in another process) and an opentracker, over UDP and HTTP, name them. With six nodes for
all lookups, about one look in a hundred gets peers of another torrent. The likely cause, which is not proven:
libtorrent's queries have transaction numbers of 15 bits, which repeat; with many nodes that is much rarer.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.torrents import generate_torrent
from tests.servers.address_only_peers import announce_to_dht, announce_to_udp_tracker
from tests.servers.hashkeep import ROOT, Hashkeep
from tests.servers.libtorrent_peers import ROUTER, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.opentracker import opentracker

ALIVE = 0.57  # of the torrents: those that have peers
PEERS = 7
PEERS_IN_DHT = 3  # the tracker knows all seven
TRACKER = ("44.1.0.7", 6969)
HOSTS = [f"51.60.{n // 250}.{n % 250 + 1}" for n in range(1_000)]
DAY = 86_400  # seconds

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """Of a process since its start."""

    cpu: float  # seconds
    memory: float  # MB, the peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torrents", type=int, default=2_000)
    count = parser.parse_args().torrents
    with ExitStack() as stack:
        stack.enter_context(network_namespace())
        home = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        for name in ("data", "tracker"):
            (home / name).mkdir()
        targets = [bytes.fromhex(generate_torrent(number, 1_000)[0]) for number in range(count)]
        tracker = stack.enter_context(opentracker(home / "tracker", TRACKER, targets))
        stack.enter_context(swarm_of_peers(targets[: int(count * ALIVE)]))
        archive = create_archive(home / "data", count, f"{tracker.udp},{tracker.http}")
        measure(archive, count)


def measure(archive: Hashkeep, count: int) -> None:
    with run_census(archive) as process:
        while not count_done(archive):
            time.sleep(0.1)
        began, before, first = time.perf_counter(), measure_usage(process), count_done(archive)
        while (last := count_done(archive)) < count:
            time.sleep(0.1)
        seconds, after = time.perf_counter() - began, measure_usage(process)
    looks, cpu = last - first, after.cpu - before.cpu
    print(
        f"{looks:,} looks, {count_peers(archive):,} peers: {looks / seconds:.1f}/s, {looks / cpu:.0f} a CPU second, "
        f"{after.memory:.0f} MB at most; {looks / seconds * DAY / 1e6:.1f} million a day"
    )


def create_archive(folder: Path, count: int, trackers: str) -> Hashkeep:
    router = "{}:{}".format(*ROUTER)
    archive = Hashkeep(
        folder, BT_LISTEN="70.2.0.1:6881", DHT_BOOTSTRAP=router, TRACKERS=trackers, CENSUS="on"
    )
    archive.migrate()
    with tarfile.open(folder / "torrents.tar", "w") as packed:
        for number in range(count):
            infohash, bytes_ = generate_torrent(number, 1_000)
            member = tarfile.TarInfo(f"{infohash}.torrent")
            member.size = len(bytes_)
            packed.addfile(member, BytesIO(bytes_))
    archive.manage("import_torrents", str(folder / "torrents.tar"))
    return archive


@contextmanager
def swarm_of_peers(alive: list[bytes]) -> Iterator[None]:
    """Peers of these torrents, in a DHT that runs in another process, and at the tracker."""
    context = get_context("spawn")
    parent_pipe, child_pipe = context.Pipe()
    process = context.Process(target=run_dht, args=(child_pipe, alive), daemon=True)
    process.start()
    child_pipe.close()  # so that `recv` fails if the process ends
    parent_pipe.recv()
    yield
    process.terminate()


def run_dht(pipe: Connection, alive: list[bytes]) -> None:
    nodes = start_dht()
    addresses = [node.address for node in nodes]
    for number, target in enumerate(alive):
        hosts = [HOSTS[(number * PEERS + n) % len(HOSTS)] for n in range(PEERS)]
        announce_to_dht(hosts[:PEERS_IN_DHT], target, addresses)
        announce_to_udp_tracker(hosts, target, TRACKER)
    pipe.send("ready")
    pipe.recv()


@contextmanager
def run_census(archive: Hashkeep) -> Iterator[int]:
    command = [sys.executable, "manage.py", "census"]
    with archive.log.open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=archive.env, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def measure_usage(process: int) -> Usage:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    peak = Path(f"/proc/{process}/status").read_text().partition("VmHWM:")[2].split()[0]
    return Usage((int(fields[11]) + int(fields[12])) / _CLOCK_TICKS, int(peak) / 1024)


def count_done(archive: Hashkeep) -> int:
    return query_index(archive, "SELECT count(looked_at) FROM archive_watched")


def count_peers(archive: Hashkeep) -> int:
    return query_index(archive, "SELECT sum(peers) FROM archive_watched")


def query_index(archive: Hashkeep, statement: str) -> int:
    with closing(sqlite3.connect(archive.folder / "hashkeep.sqlite3", timeout=30)) as index:
        return int(index.execute(statement).fetchone()[0] or 0)


if __name__ == "__main__":
    main()
