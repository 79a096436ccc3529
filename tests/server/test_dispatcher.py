"""Who of granian's threads stands at the front: one of them, and never nobody while others wait."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest

from hashkeep.dispatcher import _Relay


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def wait_for(relay: _Relay, waiting: int) -> None:
    for _ in range(6000):
        if len(relay._waiting) == waiting:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{len(relay._waiting)} wait, not {waiting}")


def test_whoever_began_to_wait_last_goes_first(threads: ThreadPoolExecutor) -> None:
    relay, order, go_on = _Relay(), Queue[str](), Queue[None]()
    relay.stand()

    def stand(name: str) -> None:
        relay.stand()
        order.put(name)
        go_on.get(timeout=60)
        relay.leave()

    jobs = []
    for place, name in enumerate("abc"):
        jobs.append(threads.submit(stand, name))
        wait_for(relay, place + 1)
    relay.leave()
    for name in "cba":
        assert order.get(timeout=60) == name
        assert order.empty(), "there is one at the front"
        go_on.put(None)
    for job in jobs:
        job.result(timeout=60)


def test_only_the_one_at_the_front_can_leave_it(threads: ThreadPoolExecutor) -> None:
    relay = _Relay()
    relay.stand()
    waits = threads.submit(relay.stand)
    wait_for(relay, 1)
    threads.submit(relay.leave).result(timeout=60)
    assert not waits.done()
    relay.leave()
    waits.result(timeout=60)


def test_many_who_come_and_go_are_never_all_left_waiting(threads: ThreadPoolExecutor) -> None:
    relay, done = _Relay(), threading.Semaphore(0)

    def work() -> None:
        for _ in range(300):
            relay.stand()
            relay.leave()
            done.release()

    jobs = [threads.submit(work) for _ in range(8)]
    for _ in range(8 * 300):
        assert done.acquire(timeout=60)
    for job in jobs:
        job.result(timeout=60)
