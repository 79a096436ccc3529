"""How fast a folder stores and reads 30 KB objects, compared with the shortest loop that is as durable.

The loop writes, syncs and renames one object after another. CPU is that of all threads, in the kernel too.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from storage.filesystem import Filesystem

SIZE, FOLDERS, PUTS, GETS, ROUNDS = 30_000, 256, 1500, 20_000, 5
BATCHES = (1, 8, 16, 64, 500)
DATA = os.urandom(SIZE)

Act = Callable[[str], object]
Measure = Callable[[], "Rate"]


class Rate(NamedTuple):
    per_second: float  # objects
    cpu: float  # microseconds an object


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", help="on the disk that matters (where temporary files lie)")
    parser.add_argument("--puts", type=int, default=PUTS, help="objects stored in each round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    puts, rounds = options.puts, options.rounds
    with TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        ours, bare = Filesystem(Path(folder, "ours")), BareLoop(Path(folder, "bare"))
        held = random_keys(FOLDERS)
        for store in (ours, bare):
            store.put_all(dict.fromkeys(held, DATA))
        print(
            f"{SIZE} bytes each, {FOLDERS} folders, {puts} puts or {GETS} gets a round, median of {rounds} rounds"
        )
        for batch in BATCHES:
            ways: list[Measure] = [partial(measure_batches, store, puts, batch) for store in (ours, bare)]
            compare_rates(f"put, batches of {batch}", ways, rounds)
        for threads in (1, 8):
            ways = [
                partial(measure_calls, partial(put_one, store), partial(random_keys, puts), threads)
                for store in (ours, bare)
            ]
            compare_rates(f"put, threads: {threads}", ways, rounds)
        for threads in (1, 8):
            keys = (held * (GETS // FOLDERS + 1))[:GETS]
            ways = [partial(measure_calls, store.get, keys.copy, threads) for store in (ours, bare)]
            compare_rates(f"get, threads: {threads}", ways, rounds)


def compare_rates(what: str, ways: list[Measure], rounds: int) -> None:
    """Measure ours and the bare loop in turns, so that whatever else the machine does meets both."""
    measured = [[measure() for measure in ways] for _ in range(rounds)]
    ours, bare = (
        Rate(statistics.median(one.per_second for one in all_), statistics.median(one.cpu for one in all_))
        for all_ in zip(*measured, strict=True)
    )
    print(
        f"{what:20} {ours.per_second:9,.0f}/s  bare loop {bare.per_second:9,.0f}/s"
        f"  ratio {ours.per_second / bare.per_second:5.2f}  CPU {ours.cpu:.0f} and {bare.cpu:.0f} us an object",
        flush=True,
    )


def measure_batches(store: "Filesystem | BareLoop", count: int, batch: int) -> Rate:
    batches = [dict.fromkeys(random_keys(batch), DATA) for _ in range(max(1, count // batch))]
    began, cpu = time.perf_counter(), time.process_time()
    for objects in batches:
        store.put_all(objects)
    return to_rate(batch * len(batches), time.perf_counter() - began, time.process_time() - cpu)


def measure_calls(act: Act, keys: Callable[[], list[str]], threads: int) -> Rate:
    objects = keys()
    shares = [objects[start::threads] for start in range(threads)]
    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda share: [act(key) for key in share], shares))
    return to_rate(len(objects), time.perf_counter() - began, time.process_time() - cpu)


def to_rate(objects: int, seconds: float, cpu_seconds: float) -> Rate:
    return Rate(objects / seconds, cpu_seconds / objects * 1e6)


def put_one(store: "Filesystem | BareLoop", key: str) -> None:
    store.put_all({key: DATA})


def random_keys(count: int) -> list[str]:
    """New ones, spread evenly over the folders."""
    first = int.from_bytes(os.urandom(1))
    return [
        f"00{(first + number) % FOLDERS:02X}{os.urandom(18).hex().upper()}.torrent" for number in range(count)
    ]


class BareLoop:
    """Write, fsync, rename, fsync the folder; and open, read. No checks, no answers, the same fan-out."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        for number in range(FOLDERS):
            (root / "00" / f"{number:02X}").mkdir(parents=True)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        for key, data in objects.items():
            folder = f"{self.root}/00/{key[2:4]}"
            file = os.open(f"{folder}/.{key}", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(file, data)
            os.fsync(file)
            os.close(file)
            os.rename(f"{folder}/.{key}", f"{folder}/{key}")
            directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(directory)
            os.close(directory)

    def get(self, key: str) -> bytes:
        file = os.open(f"{self.root}/00/{key[2:4]}/{key}", os.O_RDONLY)
        data = os.read(file, SIZE + 1)
        os.close(file)
        return data


if __name__ == "__main__":
    main()
