"""Which cores the web server's processes run on, as the kernel tells it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.hashkeep import Hashkeep

CORES = os.sched_getaffinity(0)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Hashkeep]:
    archive = Hashkeep(tmp_path)
    archive.migrate()
    yield archive
    archive.kill()


def workers(archive: Hashkeep) -> list[int]:
    return [pid for pid in archive.processes("-m", "hashkeep.granian_server") if pid != archive.pid]


def places(archive: Hashkeep) -> list[set[int]]:
    return sorted((os.sched_getaffinity(pid) for pid in workers(archive)), key=min)


def eventually(found: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + 60
    while found() != wanted:
        assert time.monotonic() < deadline, f"{found()}, not {wanted}"
        time.sleep(0.05)


def test_each_process_has_a_core_of_its_own(archive: Hashkeep) -> None:
    archive.start()
    each = [{core} for core in sorted(CORES)]
    eventually(lambda: places(archive), each)
    assert os.sched_getaffinity(archive.pid) == CORES
    for worker in (earlier := workers(archive)):  # who takes its place takes its core
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: set(earlier) & set(workers(archive)), set())
    eventually(lambda: places(archive), each)


def test_where_there_are_not_as_many_cores_as_processes_all_run_anywhere(archive: Hashkeep) -> None:
    archive.start("--workers", str(len(CORES) + 1))
    eventually(lambda: places(archive), [CORES] * (len(CORES) + 1))
