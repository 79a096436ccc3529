"""Measures uploads a second, durable and indexed, with 8 clients on the same cores as the server.

The default server by HTTP POST and by SOAP, beside two floors: a bare loop of write, fsync, rename and fsync of the
folder, and a bare application that only reads the body, under the same web server.
"""

import argparse
import hashlib
import itertools
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import urlopen
from wsgiref.types import StartResponse, WSGIEnvironment

from bench.torrents import generate_torrent
from bench.upload_requests import UploadRequest, build_post, build_soap
from bench.wrk import Load, run_wrk
from tests.servers import free_port, run_process, wait_until
from tests.servers.hashkeep import Hashkeep
from tests.servers.nginx import is_answering
from tests.servers.postgres import postgres

CLIENT_COUNT = 8
AIMS = {"POST": 0.5, "SOAP": 0.3}  # of the slower of the two bare ones

_DIGITS = b"000000000000"  # wrk counts here, among the hashes of pieces, so that no two torrents are the same


class UploadClient:
    """8 connections that upload by one protocol; no two of their torrents are the same, in all rounds."""

    def __init__(self, build_request: Callable[[bytes], UploadRequest], first: int, folder: Path) -> None:
        bytes_ = generate_torrent(first)[1]
        middle = len(bytes_) // 6 * 3  # where base64 begins a new group of characters
        request = build_request(bytes_[:middle] + _DIGITS + bytes_[middle + len(_DIGITS) :]).raw()
        self.place = max(request.find(_DIGITS), request.find(b64encode(_DIGITS)))
        self.request, self.number = folder / f"request-{first}", 0
        self.request.write_bytes(request)

    def load(self, url: str, seconds: int) -> Load:
        load = run_wrk(
            url,
            "uploads.lua",
            self.request,
            self.place,
            self.number,
            connections=CLIENT_COUNT,
            seconds=seconds,
        )
        self.number += load.requests + CLIENT_COUNT
        return load


def bare_application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "40")])
    return [b"0" * 40]


@contextmanager
def start_bare_server(folder: Path, threads: str) -> Iterator[str]:
    port, log = free_port(), folder / "bare.log"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    command += [
        "--workers",
        str(os.cpu_count()),
        "--blocking-threads",
        threads,
        "bench.uploads:bare_application",
    ]
    with run_process(command, log) as process:
        wait_until(lambda: is_answering(f"http://127.0.0.1:{port}"), process, log)
        yield f"http://127.0.0.1:{port}"


def measure_disk(root: Path, seconds: int) -> Load:
    """8 threads that write files durably, into the same folders as the storage."""
    data, times, end = os.urandom(30_000), list[float](), time.monotonic() + seconds

    def write(thread: int) -> None:
        for number in itertools.count():
            name = hashlib.sha1(b"%d %d" % (thread, number)).hexdigest()
            folder, start = root / name[:2] / name[2:4], time.monotonic()
            if start > end:
                return
            folder.mkdir(parents=True, exist_ok=True)
            with (root / name).open("xb", buffering=0) as file:
                file.write(data)
                os.fsync(file.fileno())
            (root / name).rename(folder / name)
            descriptor = os.open(folder, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
            times.append(time.monotonic() - start)

    with ThreadPoolExecutor(CLIENT_COUNT) as threads:
        list(threads.map(write, range(CLIENT_COUNT)))
    return Load(len(times), len(times) / seconds, sorted(times)[len(times) * 99 // 100] * 1000)


def measure_file_creation(root: Path) -> float:
    """Microseconds to create a file.

    On ext4 without a journal these are hundreds for five minutes after many files were deleted. That slows the bare
    loop most, so that ratios measured then flatter the server.
    """
    root.mkdir()
    began = time.perf_counter()
    for number in range(1000):
        (root / str(number)).touch()
    return (time.perf_counter() - began) * 1000


def count_stored(server: Hashkeep) -> int:
    with urlopen(f"{server.url}/api/v1/stats") as answer:
        return int(json.load(answer)["torrents"])


def upload_and_check(server: Hashkeep, client: UploadClient, seconds: int) -> Load:
    """Each response must be one more torrent; requests that wrk cut off, now or in the last round, may be too."""
    before = count_stored(server)
    load = client.load(server.url, seconds)
    new = count_stored(server) - before
    if not load.requests <= new <= load.requests + 2 * CLIENT_COUNT:
        raise RuntimeError(f"{load.requests} answers, but {new} torrents")
    return load


def measure(database: str, rounds: int, seconds: int, threads: str) -> dict[str, list[Load]]:
    loads: dict[str, list[Load]] = {"disk": [], "bare": [], "POST": [], "SOAP": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="uploads-")))
        server = Hashkeep(folder / "data", DATABASE_URL=database)
        server.folder.mkdir()
        server.migrate()
        server.start("--threads", threads)
        stack.callback(server.kill)
        application = stack.enter_context(start_bare_server(folder, threads))
        by_post, by_soap = UploadClient(build_post, 1, folder), UploadClient(build_soap, 2, folder)
        print(f"a new file takes {measure_file_creation(folder / 'created'):.0f} us", flush=True)
        for number in range(rounds):
            (root := folder / f"disk-{number}").mkdir()
            loads["disk"].append(measure_disk(root, seconds))
            loads["bare"].append(by_post.load(application, seconds))
            loads["POST"].append(upload_and_check(server, by_post, seconds))
            loads["SOAP"].append(upload_and_check(server, by_soap, seconds))
    return loads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--threads", default="8", help="of each process of the server")
    options = parser.parse_args()
    with ExitStack() as stack:
        database = stack.enter_context(postgres()) if options.database == "postgres" else ""
        loads = measure(database, options.rounds, options.seconds, options.threads)
    for name, rounds in loads.items():
        rates = " ".join(f"{load.rate:7.0f}" for load in rounds)
        p99 = median(load.p99 for load in rounds)
        print(f"{name:5} {median(load.rate for load in rounds):7.0f}/s  p99 {p99:6.1f} ms  rounds {rates}")
    for name, aim in AIMS.items():
        ratios = [
            protocol.rate / min(disk.rate, bare.rate)
            for protocol, disk, bare in zip(loads[name], loads["disk"], loads["bare"], strict=True)
        ]
        print(f"{name}: {median(ratios):.2f} of the slower bare one (aim {aim})")


if __name__ == "__main__":
    main()
