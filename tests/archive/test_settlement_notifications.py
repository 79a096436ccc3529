"""Settlements: notifications that wishes were fulfilled or missed."""

import time

import pytest

from archive.db.notify import Listener
from archive.queue.settlement_notifications import (
    listen_for_settlements,
    notify_fulfilled,
    notify_missed,
    receive_settlements,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

WISH, OTHER_WISH = b"\x01" * 20, b"\x02" * 20


def receive(listener: Listener) -> dict[bytes, str]:
    deadline = time.monotonic() + 60
    while not (settled := receive_settlements(listener)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return settled


def test_settled_wishes_come_with_the_infohash_of_the_torrent() -> None:
    listener = listen_for_settlements()
    try:
        notify_fulfilled({WISH: "AB" * 20})
        assert receive(listener) == {WISH: "AB" * 20}
        notify_missed([WISH, OTHER_WISH])
        assert receive(listener) == {WISH: "", OTHER_WISH: ""}
        notify_missed([])
        assert receive_settlements(listener) == {}
    finally:
        listener.close()
