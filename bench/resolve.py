"""How soon a torrent is found by the DHT, one after another and many at once, and what dead hashes cost.

python -m bench.resolve    as root: it all happens in a network namespace of its own

Seeders and DHT nodes are libtorrent too, in another process on the same machine. "peer" rows are wishes that
name the seeder; they ask the DHT as well.
"""

import os
import queue
import statistics
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from swarm import Config, Found, Session, Wish
from tests.make import infohashes, v1
from tests.servers.swarm import ROUTER, Content, Peer, dht, internet

TORRENTS, DEAD = 100, 1000
SEEDER = ("44.1.0.1", 6881)


def main() -> None:
    with internet(), TemporaryDirectory(prefix="bench-") as folder:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        seeder = context.Process(target=seed, args=(theirs, folder), daemon=True)
        seeder.start()
        session = Session(Config("70.1.0.1:6881", bootstrap=("{}:{}".format(*ROUTER),), trackers=()))
        hashes: list[bytes] = ours.recv()
        began = time.perf_counter()
        find(session, [Wish(one) for one in hashes])
        print(f"{TORRENTS} torrents of 30 KB in the DHT after {time.perf_counter() - began:.0f} s")
        print(f"{'':24}   p50 ms   p99 ms   max ms   lost   RSS MB")
        for at_once in (1, 20, 100):
            report(f"DHT, {at_once} at once", session, [Wish(one) for one in hashes * 3], at_once)
            report(
                f"peer, {at_once} at once",
                session,
                [Wish(one, peers=(SEEDER,)) for one in hashes * 3],
                at_once,
            )
        before = memory()
        for _ in range(DEAD):
            session.search(Wish(os.urandom(20)), 60, lambda _: None)
        time.sleep(20)
        print(f"{DEAD} dead hashes for 20 s: {memory() - before:.0f} MB more")
        report("DHT, 20 at once beside", session, [Wish(one) for one in hashes * 3], 20)
        session.close()
        seeder.terminate()


def seed(pipe: Connection, folder: str) -> None:
    nodes = dht()
    seeder = Peer(SEEDER, [node.address for node in nodes[1:]])
    torrents = [v1(b"%d" % number, 1400 * 16_384) for number in range(TORRENTS)]
    for torrent in torrents:
        seeder.seed(Content(Path(folder), "", torrent))
    hashes = [infohashes(torrent)[0] for torrent in torrents]
    time.sleep(2)  # until the nodes know each other
    for one in hashes:  # by itself libtorrent announces one every few seconds
        seeder.announce(one)
        time.sleep(0.05)
    pipe.send(hashes)
    pipe.recv()


def report(what: str, session: Session, wishes: list[Wish], at_once: int) -> None:
    times: list[float] = []
    for start in range(0, len(wishes), at_once):
        times += find(session, wishes[start : start + at_once])
    times.sort()
    p50, p99 = statistics.median(times) * 1000, times[len(times) * 99 // 100] * 1000
    lost = len(wishes) - len(times)
    print(f"{what:24} {p50:8.1f} {p99:8.1f} {times[-1] * 1000:8.1f} {lost:6} {memory():8.0f}", flush=True)


def find(session: Session, wishes: list[Wish]) -> list[float]:
    answers: queue.Queue[Found | None] = queue.Queue()
    for wish in wishes:
        session.search(wish, 120, answers.put)
    return [found.seconds for _ in wishes if (found := answers.get())]


def memory() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
