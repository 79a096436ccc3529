"""Kill -9 in the midst of uploads, again and again: what was acknowledged must be there, byte for byte.

`python -m bench.crash --kills 1000`. tests/hashkeep/test_crash.py does the same with fewer. Eight clients upload
distinct torrents, six by HTTP POST and two by SOAP; they try again what was not answered, and at times upload twice.
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

from bench.torrents import torrent
from bench.upload_requests import build_post, build_soap
from tests.servers.hashkeep import Hashkeep
from tests.servers.postgres import postgres

CLIENTS = 8
WORKER_EVERY = 10  # kills: in between, one worker dies alone, and the server must go on by itself
_PATIENCE = 60  # seconds

_INDEX = "from archive.models import Torrent; print(*Torrent.objects.all())"


class Figures(NamedTuple):
    """How many there are, by three ways of counting."""

    counted: int
    rows: int
    objects: int


class Outcome(NamedTuple):
    acknowledged: int
    unanswered: int
    refused: list[str]
    lost: list[int]
    crashed: Figures
    scrubbed: Figures
    slowest_respawn: float  # seconds


class Ledger:
    """What the clients have been told. A torrent is known by its number."""

    def __init__(self) -> None:
        self.up, self.over = Event(), Event()
        self.acknowledged: set[int] = set()
        self.unanswered: set[int] = set()
        self.refused: list[str] = []
        self._recent: list[int] = []
        self._numbers = itertools.count()
        self._lock = Lock()

    def choose(self, random: Random) -> int:
        """A new one, or an unanswered one again, or one that was acknowledged since the last crash.

        Never one from before a crash: if it was lost, the upload would heal it, and nobody would know.
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

    def miss(self, number: int) -> None:
        with self._lock:
            if number not in self.acknowledged:
                self.unanswered.add(number)

    def crash(self) -> None:
        self.up.clear()
        with self._lock:
            self._recent.clear()


def example(number: int) -> tuple[str, bytes]:
    return torrent(number, 1_000 + number * 7_919 % 59_000)


def upload(server: Hashkeep, ledger: Ledger, client: int) -> None:
    """One client, until all is over; over one connection for as long as it lasts."""
    random = Random(client)
    while not ledger.over.is_set():
        ledger.up.wait()
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)) as connection:
            while ledger.up.is_set() and not ledger.over.is_set():
                number = ledger.choose(random)
                try:
                    knock(connection, ledger, number, by_soap=client % 4 == 3)
                except (HTTPException, OSError):
                    ledger.miss(number)
                    break


def knock(connection: HTTPConnection, ledger: Ledger, number: int, by_soap: bool) -> None:
    infohash, bytes_ = example(number)
    path, headers, body = (build_soap if by_soap else build_post)(bytes_)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    stored = f">{infohash}<" in text if by_soap else text == infohash
    if answer.status == 200 and stored and (by_soap or answer.headers["X-Thetorrent-Result"] == "stored"):
        ledger.acknowledge(number)
    else:
        ledger.miss(number)
        ledger.refused.append(f"{number}: {answer.status} {text}")


def workers(server: Hashkeep) -> set[int]:
    return set(map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()))


def kill_a_worker(server: Hashkeep, ledger: Ledger, random: Random) -> float:
    """Seconds until there are as many as before, and more uploads have been acknowledged."""
    before, acknowledged, start = workers(server), len(ledger.acknowledged), time.monotonic()
    victim = random.choice(sorted(before))
    os.kill(victim, signal.SIGKILL)
    while victim in (now := workers(server)) or len(now) < len(before):
        assert time.monotonic() < start + _PATIENCE, "the dead worker has no successor"
        time.sleep(0.01)
    respawned = time.monotonic() - start
    while len(ledger.acknowledged) < acknowledged + CLIENTS:
        assert time.monotonic() < start + _PATIENCE, "nobody is served any more"
        time.sleep(0.01)
    return respawned


def crash(folder: Path, kills: int, database: str = "", seed: int = 1) -> Outcome:
    server, ledger, random, slowest = Hashkeep(folder, DATABASE_URL=database), Ledger(), Random(seed), 0.0
    server.migrate()
    start = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(upload, server, ledger, client) for client in range(CLIENTS)]
        try:
            for number in range(1, kills + 1):
                server.start()
                ledger.up.set()
                time.sleep(random.uniform(0.05, 1.0))
                if number % WORKER_EVERY == 0:
                    slowest = max(slowest, kill_a_worker(server, ledger, random))
                ledger.crash()
                server.kill()
                if number % 50 == 0:
                    spent = (time.monotonic() - start) / number
                    print(
                        f"{number} kills, {len(ledger.acknowledged)} torrents, {spent:.2f} s a kill",
                        flush=True,
                    )
        finally:
            server.kill()
            ledger.over.set()
            ledger.up.set()
    for client in clients:
        client.result()
    return judge(server, ledger, slowest)


def judge(server: Hashkeep, ledger: Ledger, slowest: float) -> Outcome:
    server.start()
    try:
        indexed = index(server)
        lost = [number for number in ledger.acknowledged if not safe(server, number, indexed)]
        crashed = figures(server)
        server.manage("scrub")
        scrubbed = figures(server)
    finally:
        server.kill()
    acknowledged, unanswered = len(ledger.acknowledged), len(ledger.unanswered)
    return Outcome(acknowledged, unanswered, ledger.refused, lost, crashed, scrubbed, slowest)


def index(server: Hashkeep) -> set[str]:
    return set(server.manage("shell", "--no-imports", "-c", _INDEX).stdout.split())


def safe(server: Hashkeep, number: int, indexed: set[str]) -> bool:
    infohash, bytes_ = example(number)
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)) as connection:
        connection.request("GET", f"/{infohash}.torrent")
        return infohash in indexed and connection.getresponse().read() == bytes_


def figures(server: Hashkeep) -> Figures:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)) as connection:
        connection.request("GET", "/api/v1/stats")
        counted = json.load(connection.getresponse())["torrents"]
    return Figures(counted, len(index(server)), sum(1 for _ in server.torrents.glob("??/??/*.torrent")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="crash-")))
        database = stack.enter_context(postgres()) if options.database == "postgres" else ""
        outcome = crash(folder, options.kills, database)
    print(f"{outcome.acknowledged} acknowledged, of which {len(outcome.lost)} are lost: {outcome.lost[:10]}")
    print(f"{outcome.unanswered} never answered, {len(outcome.refused)} refused: {outcome.refused[:3]}")
    print(f"after the last crash {outcome.crashed}, after scrub {outcome.scrubbed}")
    print(f"slowest respawn of a worker: {outcome.slowest_respawn:.1f} s")


if __name__ == "__main__":
    main()
