"""Settlements: notifications that wishes were fulfilled or missed, and the thread that listens for them."""

import threading
import time
from collections.abc import Mapping
from queue import Queue

import pytest

from archive.queue.settlements import SettlementListener, notify_fulfilled, notify_missed

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

LONG = 60.0
WISH, OTHER_WISH = b"\x01" * 20, b"\x02" * 20


class Recorder:
    """Records what it is told; a request waits until `is_waiting` is false."""

    def __init__(self) -> None:
        self.settled, self.rechecks = Queue[dict[bytes, str]](), Queue[None]()
        self.is_waiting = True

    def __call__(self, settled: Mapping[bytes, str], *, recheck: bool) -> bool:
        if settled:
            self.settled.put(dict(settled))
        if recheck:
            self.rechecks.put(None)
        return self.is_waiting


def listening_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "settlements"]


def wait_for_end() -> None:
    deadline = time.monotonic() + LONG
    while listening_threads():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_settled_wishes_are_told_with_the_infohash_of_the_torrent() -> None:
    recorder = Recorder()
    SettlementListener(recorder, linger=1).start()
    notify_fulfilled({WISH: "AB" * 20})
    assert recorder.settled.get(timeout=LONG) == {WISH: "AB" * 20}
    notify_missed([WISH, OTHER_WISH])
    assert recorder.settled.get(timeout=LONG) == {WISH: "", OTHER_WISH: ""}
    recorder.is_waiting = False
    wait_for_end()


def test_a_recheck_is_due_every_second_without_any_notification() -> None:
    recorder = Recorder()
    SettlementListener(recorder, linger=1).start()
    for _ in range(2):
        recorder.rechecks.get(timeout=LONG)
    recorder.is_waiting = False
    wait_for_end()
    assert recorder.settled.empty()


def test_one_thread_listens_and_ends_when_no_request_waits_and_can_start_again() -> None:
    recorder = Recorder()
    listener = SettlementListener(recorder, linger=1)
    for _ in range(2):
        recorder.is_waiting = True
        for _ in range(3):
            listener.start()
        assert len(listening_threads()) == 1
        recorder.is_waiting = False
        wait_for_end()
    listener.start()
    notify_missed([WISH])
    assert recorder.settled.get(timeout=LONG) == {WISH: ""}
    wait_for_end()


def test_after_an_unexpected_error_the_next_start_listens_again() -> None:
    recorder = Recorder()
    fails = [True]

    def on_settled(settled: Mapping[bytes, str], *, recheck: bool) -> bool:
        if fails and fails.pop():
            raise RuntimeError("an error that nothing expects")
        return recorder(settled, recheck=recheck)

    listener = SettlementListener(on_settled, linger=1)
    listener.start()
    notify_missed([OTHER_WISH])
    wait_for_end()
    listener.start()
    notify_missed([WISH])
    assert recorder.settled.get(timeout=LONG) == {WISH: ""}
    recorder.is_waiting = False
    wait_for_end()
