"""The write lock: writers of SQLite queue across processes."""

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
def other_process() -> Iterator[int]:
    """Holds the lock as another process would: to the kernel, it belongs to the description of the open folder."""
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    yield folder
    os.close(folder)


@pytest.mark.django_db(transaction=True)
def test_a_deposit_waits_for_the_write_lock_and_then_writes(other_process: int) -> None:
    def deposit_torrent() -> Receipt:
        try:
            return deposit(make.v1())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        deposited = threads.submit(deposit_torrent)
        assert not wait([deposited], timeout=1).done
        fcntl.flock(other_process, fcntl.LOCK_UN)
        assert deposited.result(timeout=60) == Receipt(make.v1_hash(make.v1()), new=True)
