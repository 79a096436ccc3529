"""Measures downloads a second while 200 requests wait for torrents without peers, beside the same without them.

python -m bench.downloads_while_waiting    as root: it all happens in a network namespace of its own

wrk runs with 32 connections on the cores of the server. With and without take turns, round by round.
"""

import argparse
import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.downloads import CONNECTIONS, store_torrents
from bench.resolve import NETWORK, request_torrent
from bench.wrk import Load, run_wrk
from tests.servers.hashkeep import Hashkeep
from tests.servers.libtorrent_peers import start_dht
from tests.servers.network_namespace import network_namespace

WAITING = 200
AIMS = "Aims: at least 0.80 of the rate, less than 2 times the p99"
_START_SECONDS = 3.0  # until all of them wait


async def wait_in_vain(server: Hashkeep, client: int, seconds: float) -> None:
    """Raises RuntimeError for any answer but 408, nothing was found in time."""
    answer = await request_torrent(server, client, os.urandom(20), seconds)
    if not answer.startswith(b"HTTP/1.1 408"):
        raise RuntimeError(f"It should be 408: {answer[:100]!r}")


async def download_beside_waiting(server: Hashkeep, paths: Path, seconds: int) -> Load:
    """The load while 200 requests wait. Raises RuntimeError if one of them was answered before the end."""
    timeout = seconds + 2 * _START_SECONDS
    waiting = [asyncio.create_task(wait_in_vain(server, client, timeout)) for client in range(WAITING)]
    await asyncio.sleep(_START_SECONDS)
    load = await asyncio.to_thread(download, server, paths, seconds)
    if answered := sum(task.done() for task in waiting):
        raise RuntimeError(f"{answered} of {WAITING} were answered too early")
    await asyncio.gather(*waiting)
    return load


def download(server: Hashkeep, paths: Path, seconds: int) -> Load:
    return run_wrk(server.url, "downloads.lua", paths, connections=CONNECTIONS, seconds=seconds)


def measure(rounds: int, seconds: int) -> list[tuple[Load, Load]]:
    with ExitStack() as stack:
        stack.enter_context(network_namespace())
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="waiting-")))
        nodes = start_dht()
        server = Hashkeep(folder, **NETWORK)
        paths = folder / "paths"
        paths.write_text("".join(f"/{infohash}.torrent\n" for infohash in store_torrents(server)))
        server.start()
        stack.callback(server.kill)
        download(server, paths, seconds)  # so that the torrents are in memory
        loads = []
        for _ in range(rounds):
            alone = download(server, paths, seconds)
            loads.append((alone, asyncio.run(download_beside_waiting(server, paths, seconds))))
        del nodes  # the DHT answers until here
    return loads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    options = parser.parse_args()
    loads = measure(options.rounds, options.seconds)
    for name, place in (("alone", 0), (f"{WAITING} wait", 1)):
        rates = [pair[place].rate for pair in loads]
        p99 = median(pair[place].p99 for pair in loads)
        shown = " ".join(f"{rate:7.0f}" for rate in rates)
        print(f"{name:9} {median(rates):7.0f}/s  p99 {p99:5.1f} ms  rounds {shown}")
    rate = median(waiting.rate / alone.rate for alone, waiting in loads)
    p99 = median(waiting.p99 / alone.p99 for alone, waiting in loads)
    print(f"{rate:.2f} of the rate, {p99:.2f} times the p99. {AIMS}")


if __name__ == "__main__":
    main()
