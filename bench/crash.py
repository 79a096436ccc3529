"""Kills the server with SIGKILL during uploads, again and again: what was acknowledged must be there, byte for byte.

`python -m bench.crash --kills 1000`; tests/hashkeep/test_crash.py does the same with fewer. Eight clients upload
distinct torrents, six by HTTP POST and two by SOAP. They repeat uploads that were not answered, and some that were.
"""

import argparse
import itertools
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import NamedTuple

from bench.torrents import generate_torrent
from bench.upload_requests import build_post, build_soap
from tests.servers.hashkeep import Hashkeep
from tests.servers.postgres import postgres

CLIENT_COUNT = 8
KILLS_PER_WORKER_KILL = 10  # of every so many kills one is preceded by the kill of one worker process alone
_TIMEOUT = 60  # seconds

_INDEX = "from archive.models import Torrent; print(*Torrent.objects.all())"


class Counts(NamedTuple):
    """The number of torrents, counted in three ways: by the counter, the rows and the objects."""

    counted: int
    rows: int
    objects: int


class CrashResult(NamedTuple):
    acknowledged: int
    unanswered: int
    refused: list[str]
    lost: list[int]
    crashed: Counts
    scrubbed: Counts
    slowest_respawn: float  # seconds


class UploadLog:
    """What the server answered to the clients. A torrent is known by its number; thread-safe."""

    def __init__(self) -> None:
        self.is_up, self.is_over = Event(), Event()
        self.acknowledged: set[int] = set()
        self.unanswered: set[int] = set()
        self.refused: list[str] = []
        self._recent: list[int] = []
        self._numbers = itertools.count()
        self._lock = Lock()

    def choose(self, random: Random) -> int:
        """The number to upload next: a new one, an unanswered one, or one acknowledged since the last crash.

        Never one acknowledged before a crash: if it was lost, uploading it again would hide that.
        """
        with self._lock:
            chance = random.random()
            if self.unanswered and chance < 0.1:
                return self.unanswered.pop()
            if self._recent and chance > 0.9:
                return random.choice(self._recent)
            return next(self._numbers)

    def acknowledge(self, number: int) -> None:
        with self._lock:
            self.acknowledged.add(number)
            self._recent.append(number)

    def mark_unanswered(self, number: int) -> None:
        with self._lock:
            if number not in self.acknowledged:
                self.unanswered.add(number)

    def begin_crash(self) -> None:
        self.is_up.clear()
        with self._lock:
            self._recent.clear()


def make_torrent(number: int) -> tuple[str, bytes]:
    return generate_torrent(number, 1_000 + number * 7_919 % 59_000)


def run_client(server: Hashkeep, log: UploadLog, client: int) -> None:
    """One client: uploads until the end, over one connection until that breaks."""
    random = Random(client)
    while not log.is_over.is_set():
        log.is_up.wait()
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT)) as connection:
            while log.is_up.is_set() and not log.is_over.is_set():
                number = log.choose(random)
                try:
                    send_upload(connection, log, number, by_soap=client % 4 == 3)
                except (HTTPException, OSError):
                    log.mark_unanswered(number)
                    break


def send_upload(connection: HTTPConnection, log: UploadLog, number: int, by_soap: bool) -> None:
    infohash, bytes_ = make_torrent(number)
    path, headers, body = (build_soap if by_soap else build_post)(bytes_)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    stored = f">{infohash}<" in text if by_soap else text == infohash
    if answer.status == 200 and stored and (by_soap or answer.headers["X-Thetorrent-Result"] == "stored"):
        log.acknowledge(number)
    else:
        log.mark_unanswered(number)
        log.refused.append(f"{number}: {answer.status} {text}")


def worker_pids(server: Hashkeep) -> set[int]:
    return set(map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()))


def kill_worker(server: Hashkeep, log: UploadLog, random: Random) -> float:
    """Seconds until there are as many as before, and more uploads have been acknowledged."""
    before, acknowledged, start = worker_pids(server), len(log.acknowledged), time.monotonic()
    victim = random.choice(sorted(before))
    os.kill(victim, signal.SIGKILL)
    while victim in (now := worker_pids(server)) or len(now) < len(before):
        assert time.monotonic() < start + _TIMEOUT, "the dead worker has no successor"
        time.sleep(0.01)
    respawned = time.monotonic() - start
    while len(log.acknowledged) < acknowledged + CLIENT_COUNT:
        assert time.monotonic() < start + _TIMEOUT, "no upload is acknowledged any more"
        time.sleep(0.01)
    return respawned


def kill_repeatedly(folder: Path, kills: int, database: str = "", seed: int = 1) -> CrashResult:
    server, log, random, slowest = Hashkeep(folder, DATABASE_URL=database), UploadLog(), Random(seed), 0.0
    server.migrate()
    start = time.monotonic()
    with ThreadPoolExecutor(CLIENT_COUNT) as threads:
        clients = [threads.submit(run_client, server, log, client) for client in range(CLIENT_COUNT)]
        try:
            for number in range(1, kills + 1):
                server.start()
                log.is_up.set()
                time.sleep(random.uniform(0.05, 1.0))
                if number % KILLS_PER_WORKER_KILL == 0:
                    slowest = max(slowest, kill_worker(server, log, random))
                log.begin_crash()
                server.kill()
                if number % 50 == 0:
                    spent = (time.monotonic() - start) / number
                    print(
                        f"{number} kills, {len(log.acknowledged)} torrents, {spent:.2f} s a kill",
                        flush=True,
                    )
        finally:
            server.kill()
            log.is_over.set()
            log.is_up.set()
    for client in clients:
        client.result()
    return check_archive(server, log, slowest)


def check_archive(server: Hashkeep, log: UploadLog, slowest: float) -> CrashResult:
    server.start()
    try:
        indexed = read_index(server)
        lost = [number for number in log.acknowledged if not is_kept(server, number, indexed)]
        crashed = read_counts(server)
        server.manage("scrub")
        scrubbed = read_counts(server)
    finally:
        server.kill()
    acknowledged, unanswered = len(log.acknowledged), len(log.unanswered)
    return CrashResult(acknowledged, unanswered, log.refused, lost, crashed, scrubbed, slowest)


def read_index(server: Hashkeep) -> set[str]:
    return set(server.manage("shell", "--no-imports", "-c", _INDEX).stdout.split())


def is_kept(server: Hashkeep, number: int, indexed: set[str]) -> bool:
    infohash, bytes_ = make_torrent(number)
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT)) as connection:
        connection.request("GET", f"/{infohash}.torrent")
        return infohash in indexed and connection.getresponse().read() == bytes_


def read_counts(server: Hashkeep) -> Counts:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT)) as connection:
        connection.request("GET", "/api/v1/stats")
        counted = json.load(connection.getresponse())["torrents"]
    return Counts(counted, len(read_index(server)), sum(1 for _ in server.torrents.glob("??/??/*.torrent")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="crash-")))
        database = stack.enter_context(postgres()) if options.database == "postgres" else ""
        outcome = kill_repeatedly(folder, options.kills, database)
    print(f"{outcome.acknowledged} acknowledged, of which {len(outcome.lost)} are lost: {outcome.lost[:10]}")
    print(f"{outcome.unanswered} never answered, {len(outcome.refused)} refused: {outcome.refused[:3]}")
    print(f"after the last crash {outcome.crashed}, after scrub {outcome.scrubbed}")
    print(f"slowest respawn of a worker: {outcome.slowest_respawn:.1f} s")


if __name__ == "__main__":
    main()
