"""Slots: how many requests work at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from archive.db.driver import is_postgresql
from archive.db.slots import AT_ONCE, aside, turn
from archive.models import Wanted

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.mark.django_db(transaction=True)
def test_few_requests_work_at_once_though_many_wait_and_those_hold_no_connection() -> None:
    working, most, waiting = 0, 0, threading.Barrier(3 * AT_ONCE, timeout=60)
    lock = threading.Lock()

    def request(_: int) -> bool:
        nonlocal working, most
        with turn():
            with aside():
                waiting.wait()  # all of them are here at once
            with lock:
                working += 1
                most = max(most, working)
            assert not Wanted.objects.exists()
            time.sleep(0.02)
            with lock:
                working -= 1
        held = connection.connection is not None
        waiting.wait()
        connection.close()
        return held

    with ThreadPoolExecutor(3 * AT_ONCE) as threads:
        held = list(threads.map(request, range(3 * AT_ONCE)))
    assert 1 < most <= AT_ONCE
    if is_postgresql():
        assert sum(held) <= AT_ONCE
