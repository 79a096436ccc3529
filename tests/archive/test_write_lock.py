"""Writers of SQLite queue across processes."""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.conf import settings
from django.db import connection

from archive.torrents.deposit import Receipt, deposit
from tests import make


@pytest.fixture
def neighbour() -> Iterator[int]:
    """Another process's hold on the pen: to the kernel, a lock belongs to whoever opened the file."""
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    yield folder
    os.close(folder)


@pytest.mark.django_db(transaction=True)
def test_who_finds_the_pen_taken_waits_and_then_writes(neighbour: int) -> None:
    def work() -> Receipt:
        try:
            return deposit(make.v1())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(work)
        assert not wait([waiting], timeout=1).done
        fcntl.flock(neighbour, fcntl.LOCK_UN)
        assert waiting.result(timeout=60) == Receipt(make.v1_hash(make.v1()), new=True)
