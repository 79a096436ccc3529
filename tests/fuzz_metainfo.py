"""The long fuzz: damaged torrents, for minutes or hours, held against libtorrent. Stops at the first difference.

python -m tests.fuzz_metainfo --minutes 60
"""

import argparse
import itertools
import time
from pathlib import Path
from random import Random

from tests import mutations, oracle

TORRENTS = Path(__file__).with_name("torrents")
SLOW = 1.0  # seconds
KEPT = 500  # damaged torrents that still load, to be damaged further


def fuzz(minutes: float, seed: int) -> str:
    """How many were tried, and how many of them both loaded."""
    random = Random(seed)
    corpus = [path.read_bytes() for path in sorted(TORRENTS.glob("*.torrent"))]
    own = len(corpus)
    end = time.monotonic() + minutes * 60
    loaded = 0
    for tried in itertools.count():
        if time.monotonic() > end:
            return f"{tried:,} torrents tried, {loaded:,} of them loaded by both; seed {seed}."
        torrent = mutations.mutate(random.choice(corpus), random)
        if _check_torrent(torrent, seed, tried):
            loaded += 1
            corpus.append(torrent)
            if len(corpus) > own + KEPT:
                del corpus[random.randrange(own, len(corpus))]
    raise AssertionError


def _check_torrent(torrent: bytes, seed: int, tried: int) -> bool:
    start = time.process_time()
    try:
        agreed = oracle.assert_same_reading(torrent)
    except BaseException:
        print(f"Seed {seed}, torrent {tried}: {torrent!r}")
        raise
    assert time.process_time() - start < SLOW, f"Slow: {torrent[:200]!r}"
    return agreed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    print(fuzz(arguments.minutes, arguments.seed))
