"""How fast a folder stores and reads 30 KB objects, compared with the shortest loop that is as durable."""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.filesystem import Filesystem

SIZE, FOLDERS, PUTS, GETS, ROUNDS = 30_000, 256, 1500, 20_000, 5
DATA = os.urandom(SIZE)

Act = Callable[[str], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", help="on the disk that matters (where temporary files lie)")
    with TemporaryDirectory(prefix="bench-", dir=parser.parse_args().folder) as folder:
        ours, bare = Filesystem(Path(folder, "ours")), BareLoop(Path(folder, "bare"))
        put: dict[str, Act] = {"ours": lambda key: ours.put(key, DATA), "bare": bare.put}
        get: dict[str, Act] = {"ours": ours.get, "bare": bare.get}
        held = random_keys(FOLDERS)
        for act in put.values():
            measure_rate(act, held, 1)
        print(
            f"{SIZE} bytes each, {FOLDERS} folders, {PUTS} puts or {GETS} gets a round, median of {ROUNDS} rounds"
        )
        for threads in (1, 8):
            compare_rates(f"put, threads: {threads}", put, lambda: random_keys(PUTS), threads)
        for threads in (1, 8):
            compare_rates(
                f"get, threads: {threads}", get, lambda: (held * (GETS // FOLDERS + 1))[:GETS], threads
            )


def compare_rates(what: str, acts: dict[str, Act], objects: Callable[[], list[str]], threads: int) -> None:
    """In turns, so that whatever else the machine does meets both."""
    rates: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for name, act in acts.items():
            rates[name].append(measure_rate(act, objects(), threads))
    ours, bare = statistics.median(rates["ours"]), statistics.median(rates["bare"])
    print(f"{what}  {ours:,.0f}/s, bare loop {bare:,.0f}/s, ratio {ours / bare:.2f}")


def measure_rate(act: Act, objects: list[str], threads: int) -> float:
    shares = [objects[start::threads] for start in range(threads)]
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda share: [act(key) for key in share], shares))
    return len(objects) / (time.perf_counter() - began)


def random_keys(count: int) -> list[str]:
    """New ones, spread evenly over the folders."""
    return [f"00{number % FOLDERS:02X}{os.urandom(18).hex().upper()}.torrent" for number in range(count)]


class BareLoop:
    """Write, fsync, rename, fsync the folder; and open, read. No checks, no answers, the same fan-out."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        for number in range(FOLDERS):
            (root / "00" / f"{number:02X}").mkdir(parents=True)

    def put(self, key: str) -> None:
        folder = f"{self.root}/00/{key[2:4]}"
        file = os.open(f"{folder}/.{key}", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(file, DATA)
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
