"""CPU time and peak memory of reading the worst torrents that a stranger may send.

python -m bench.worst_torrents [--bytes 256000000] [--only files,hybrid]

Each has the 10 MB, or the three million parts, that are taken by default; one second and 50 MB are the most that any
may cost. With --bytes, each has so many, as with a larger MAX_TORRENT_BYTES: time and memory grow in proportion.
`build_page_tree` is reading it and making its page, `write_file_list` reading it and writing files.txt.
"""

import argparse
import os
import tracemalloc
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import process_time

import django

from metainfo import MAX_BYTES, ParsedTorrent
from metainfo.errors import Refusal
from tests.hostile_torrents import hostile_torrents
from web.file_list_text import format_files
from web.file_tree import build_tree

ROUNDS = 3


def read_torrent(torrent: bytes) -> None:
    ParsedTorrent(torrent, len(torrent))


def build_page_tree(torrent: bytes) -> None:
    build_tree(ParsedTorrent(torrent, len(torrent)).files())


def write_file_list(torrent: bytes) -> None:
    deque(format_files(ParsedTorrent(torrent, len(torrent)).files()), maxlen=0)


def measure_cost(step: Callable[[bytes], None], torrent: bytes) -> str:
    seconds = []
    for _ in range(ROUNDS):
        start = process_time()
        with suppress(Refusal):
            step(torrent)
        seconds.append(process_time() - start)
    tracemalloc.start()
    with suppress(Refusal):
        step(torrent)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return f"{min(seconds):8.2f} s{peak:7.1f} MB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=MAX_BYTES)
    parser.add_argument("--only", default="", help="names of torrents, with commas")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hashkeep.settings")
    django.setup()
    steps = (read_torrent, build_page_tree, write_file_list)
    print(f"{'':28}{'bytes':>11}" + "".join(f"{step.__name__:>20}" for step in steps))
    for name, torrent in hostile_torrents(arguments.bytes):
        if arguments.only and name not in arguments.only.split(","):
            continue
        print(f"{name:28}{len(torrent):11,}" + "".join(measure_cost(step, torrent) for step in steps))
