"""Measures how long one archive takes to mirror another on the same machine, killed in the middle and run again.

python -m bench.mirror --torrents 10000    the two must end with the same bytes
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.torrents import generate_torrent
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep

_SIZES = (1_000, 60_000)  # bytes of a torrent


def store_torrents(server: Hashkeep, numbers: Iterable[int]) -> None:
    """Stores the torrents of these numbers by the command import_torrents."""
    path = server.folder / "torrents.tar"
    with tarfile.open(path, "w") as archive:
        for number in numbers:
            low, high = _SIZES
            infohash, bytes_ = generate_torrent(number, low + number * 7_919 % (high - low))
            member = tarfile.TarInfo(f"{infohash}.torrent")
            member.size = len(bytes_)
            archive.addfile(member, BytesIO(bytes_))
    server.manage("import_torrents", str(path))
    path.unlink()


def hash_objects(server: Hashkeep) -> dict[str, str]:
    """The SHA-256 of every stored object, by its file name."""
    paths = server.torrents.glob("??/??/*.torrent")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torrents", type=int, default=10_000)
    parser.add_argument("--parallel", type=int, default=4)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="mirror-") as folder:
        (first := Path(folder) / "first").mkdir()
        (second := Path(folder) / "second").mkdir()
        with hashkeep(first) as source:
            store_torrents(source, range(options.torrents))
            mirror = Hashkeep(second)
            mirror.migrate()
            command = [sys.executable, "manage.py", "mirror", source.url, "--parallel", str(options.parallel)]
            times = [
                run_mirror(command, mirror, stop_at=options.torrents // 2),
                run_mirror(command, mirror),
                run_mirror(command, mirror),
            ]
            same = hash_objects(source) == hash_objects(mirror)
    rate = options.torrents / (times[0] + times[1])
    print(
        f"{options.torrents:,} torrents in {times[0]:.1f} s, killed, and {times[1]:.1f} s: {rate:,.0f} a second"
    )
    print(f"a third run, with nothing to do: {times[2]:.1f} s")
    print("identical" if same else "DIFFERENT")


def run_mirror(command: list[str], mirror: Hashkeep, stop_at: int = 0) -> float:
    """Seconds until the command ended; with `stop_at`, until so many are stored and the command was killed."""
    began = time.monotonic()
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        env=mirror.env | {"COLUMNS": "80"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while running.poll() is None:
        if stop_at and count_stored(mirror) >= stop_at:
            running.send_signal(signal.SIGKILL)
            running.wait()
            break
        time.sleep(0.1)
    return time.monotonic() - began


def count_stored(server: Hashkeep) -> int:
    return sum(len(files) for _, _, files in os.walk(server.torrents))


if __name__ == "__main__":
    main()
