"""Downloads a second while 200 requests wait for infohashes that nobody has, beside the same without them.

python -m bench.waiting    as root: it all happens in a network namespace of its own

wrk with 32 connections on the very cores that the server has. With and without take turns, round by round.
"""

import argparse
import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.downloads import CONNECTIONS, store_torrents
from bench.resolve import NETWORK, ask
from bench.wrk import Load, run_wrk
from tests.servers.hashkeep import Hashkeep
from tests.servers.libtorrent_peers import start_dht
from tests.servers.network_namespace import network_namespace

WAITING = 200
AIMS = "Aims: at least 0.80 of the rate, less than 2 times the p99"
_UNTIL_THEY_WAIT = 3.0  # seconds


async def wait_in_vain(server: Hashkeep, client: int, seconds: float) -> None:
    """Raises RuntimeError where the answer is another than that nothing was found."""
    answer = await ask(server, client, os.urandom(20), seconds)
    if not answer.startswith(b"HTTP/1.1 408"):
        raise RuntimeError(f"It should be 408: {answer[:100]!r}")


async def beside_waiting(server: Hashkeep, paths: Path, seconds: int) -> Load:
    """The load while they wait; all of them wait until it is over."""
    longer = seconds + 2 * _UNTIL_THEY_WAIT
    waiting = [asyncio.create_task(wait_in_vain(server, client, longer)) for client in range(WAITING)]
    await asyncio.sleep(_UNTIL_THEY_WAIT)
    load = await asyncio.to_thread(download, server, paths, seconds)
    if over := sum(one.done() for one in waiting):
        raise RuntimeError(f"{over} of {WAITING} waited no longer")
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
        paths.write_text("".join(f"/{name}.torrent\n" for name in store_torrents(server)))
        server.start()
        stack.callback(server.kill)
        download(server, paths, seconds)  # into memory
        loads = []
        for _ in range(rounds):
            alone = download(server, paths, seconds)
            loads.append((alone, asyncio.run(beside_waiting(server, paths, seconds))))
        del nodes  # until now they answered
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
