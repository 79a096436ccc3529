"""How long it takes to read a torrent, against libtorrent (all of it) and bencode.py (decoding only), in one run.

Hostile torrents are measured in bench/worst_torrents.py.
"""

from collections.abc import Callable, Iterator
from time import process_time

import bencodepy
import libtorrent as lt

import metainfo
from tests import bep52, make

ROUNDS = 5
SECONDS = 0.3  # of each round


def usual_torrents() -> Iterator[tuple[str, bytes]]:
    """Torrents as they are met, from small to very large."""
    yield "v1, 1 file, 1,460 pieces", make.v1(b"a usual name.iso", 1_460 << 18, piece_length=1 << 18)
    yield "v1, 1 file, 50,000 pieces", make.v1(b"a large one.iso", 50_000 << 22, piece_length=1 << 22)
    for count in (100, 10_000, 90_000):
        files: dict[tuple[bytes, ...], int] = {
            (b"folder %d" % (n // 100), b"a file with a usual name, %06d.bin" % n): 90_000
            for n in range(count)
        }
        yield f"v1, {count:,} files", make.v1(b"folder", files=files, piece_length=1 << 24)
    small = [(f"folder {n // 100:03}/file {n:05}", 1_000) for n in range(10_000)]
    yield "hybrid, 10,000 files", bep52.hybrid(small)
    yield "v2, 10,000 files", bep52.v2(small)
    yield "v2, 1 file, 2,000 pieces", bep52.v2([("file", 2_000 << 14)])


def load_with_libtorrent(torrent: bytes) -> object:
    return lt.load_torrent_buffer(torrent, {})


def fastest_parse(parse: Callable[[bytes], object], torrent: bytes) -> float:
    """Microseconds for one torrent in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        count, start = 0, process_time()
        while (spent := process_time() - start) < SECONDS or not count:
            parse(torrent)
            count += 1
        best = min(best, spent / count)
    return best * 1e6


def compare() -> None:
    print(f"{'':28}{'bytes':>11}{'ours, µs':>12}{'libtorrent':>12}{'bencode.py':>12}")
    for name, torrent in usual_torrents():
        ours = fastest_parse(metainfo.parse_torrent, torrent)
        others = [fastest_parse(parse, torrent) / ours for parse in (load_with_libtorrent, bencodepy.decode)]
        print(f"{name:28}{len(torrent):11,}{ours:12,.0f}" + "".join(f"{other:11.2f}×" for other in others))


if __name__ == "__main__":
    compare()
