"""Measures downloads a second: 2,000 torrents of 30 KB, the server on one core, wrk with 32 connections on another.

Plain nginx on the folder; the default server, with several numbers of threads; nginx with deploy/nginx.conf in
front of the default server. All are measured in turn, round by round.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.torrents import generate_torrent
from bench.wrk import Load, run_wrk
from tests.servers.hashkeep import ROOT, Hashkeep
from tests.servers.nginx import nginx

TORRENTS = 2_000
CONNECTIONS = 32
THREADS = (1, 2, 4, 8)
AIMS = {"server": 0.65, "nginx.conf": 0.95}  # of plain nginx

_PLAIN = "sendfile on; tcp_nopush on; server {{ listen 80; root {folder}; default_type application/x-bittorrent; }}"


@contextmanager
def run_on_core(core: int) -> Iterator[None]:
    """Processes started inside the block run on that core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def store_torrents(server: Hashkeep) -> list[str]:
    """Imports the torrents; returns their infohashes."""
    files = server.folder / "files"
    files.mkdir()
    infohashes = []
    for number in range(TORRENTS):
        infohash, bytes_ = generate_torrent(number)
        (files / f"{number}.torrent").write_bytes(bytes_)
        infohashes.append(infohash)
    server.migrate()
    server.manage("import_torrents", str(files))
    return infohashes


def adapt_nginx_conf(server: Hashkeep) -> str:
    """deploy/nginx.conf with its lines marked "yours" filled in."""
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    return conf.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").replace(
        "/srv/hashkeep/torrents", str(server.torrents)
    )


def start_servers(folder: Path, stack: ExitStack) -> dict[str, tuple[str, Path]]:
    """By name, the URL of a server and a file with the paths to ask it for."""
    server = Hashkeep(folder)
    infohashes = store_torrents(server)
    ours, direct = folder / "paths", folder / "direct"
    ours.write_text("".join(f"/{infohash}.torrent\n" for infohash in infohashes))
    direct.write_text(
        "".join(f"/{infohash[:2]}/{infohash[2:4]}/{infohash}.torrent\n" for infohash in infohashes)
    )
    found = {}
    with run_on_core(0):
        for threads in THREADS:
            server = Hashkeep(folder)
            server.start("--workers", "1", "--threads", str(threads))
            stack.callback(server.kill)
            found[f"server, {threads} threads"] = server.url, ours
        found["nginx"] = stack.enter_context(nginx(_PLAIN.format(folder=server.torrents))), direct
        found["nginx.conf"] = stack.enter_context(nginx(adapt_nginx_conf(server))), ours
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="downloads-")))
        servers = start_servers(folder, stack)
        loads: dict[str, list[Load]] = {name: [] for name in servers}
        for _ in range(options.rounds):
            for name, (url, paths) in servers.items():
                with run_on_core(1):
                    load = run_wrk(
                        url, "downloads.lua", paths, connections=CONNECTIONS, seconds=options.seconds
                    )
                loads[name].append(load)
    for name, rounds in loads.items():
        rates = [load.rate for load in rounds]
        ratio = median(load.rate / plain.rate for load, plain in zip(rounds, loads["nginx"], strict=True))
        p99 = median(load.p99 for load in rounds)
        shown = " ".join(f"{rate:7.0f}" for rate in rates)
        print(f"{name:18} {median(rates):7.0f}/s  p99 {p99:5.1f} ms  {ratio:.2f} of nginx  rounds {shown}")
    print("Aims: " + ", ".join(f"{name} {aim} of nginx" for name, aim in AIMS.items()))


if __name__ == "__main__":
    main()
