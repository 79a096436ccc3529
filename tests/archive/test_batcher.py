"""The batcher: items that arrive while a batch is handled are the next batch; a lone item is handled at once."""

import threading
from collections.abc import Iterator, Sequence
from queue import Queue
from threading import Event

import pytest

from archive.db.batcher import Batcher

LONG = 60.0


class Work:
    """Records its batches, and holds each of them until `release`."""

    def __init__(self) -> None:
        self.batches, self.delivered = Queue[list[int]](), Queue[tuple[int, int]]()
        self._released = Queue[None]()

    def square(self, items: Sequence[int]) -> list[int]:
        self.batches.put(list(items))
        self._released.get(timeout=LONG)
        return [item * item for item in items]

    def batcher(self, max_wait: float = 0.004, idle_timeout: float | None = None) -> Batcher[int, int]:
        return Batcher(self.square, self._deliver, max_wait, idle_timeout=idle_timeout)

    def _deliver(self, item: int, result: int) -> None:
        self.delivered.put((item, result))

    def next_batch(self) -> list[int]:
        return self.batches.get(timeout=LONG)

    def release(self) -> None:
        self._released.put(None)

    def finish(self, *items: int) -> None:
        """Release the batch; its results are delivered in this order."""
        self.release()
        assert [self.delivered.get(timeout=LONG) for _ in items] == [(item, item * item) for item in items]


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    for _ in range(10):
        work.release()


def test_items_that_arrive_during_a_batch_are_the_next_batch_in_their_order(work: Work) -> None:
    batcher = work.batcher()
    batcher.submit(1)
    assert work.next_batch() == [1]
    for item in (2, 3, 4):
        batcher.submit(item)
    work.finish(1)
    assert work.next_batch() == [2, 3, 4]
    work.finish(2, 3, 4)


def test_an_item_that_comes_alone_waits_for_no_other(work: Work) -> None:
    batcher = work.batcher(max_wait=10 * LONG)
    for item in (1, 2, 3):
        batcher.submit(item)
        assert work.next_batch() == [item]
        work.finish(item)


def test_a_batch_waits_for_as_many_items_as_the_last_time(work: Work) -> None:
    """Clients that have been served are on their way back."""
    batcher = work.batcher(max_wait=10 * LONG)
    batcher.submit(1)
    assert work.next_batch() == [1]
    batcher.submit(2)
    batcher.submit(3)
    work.finish(1)
    assert not Event().wait(0.2)
    assert work.batches.empty()
    batcher.submit(4)
    assert work.next_batch() == [2, 3, 4]


def test_a_batch_does_not_wait_long_for_items_that_stay_away(work: Work) -> None:
    batcher = work.batcher()
    batcher.submit(1)
    assert work.next_batch() == [1]
    for item in (2, 3):
        batcher.submit(item)
    work.finish(1)
    assert work.next_batch() == [2, 3]
    work.finish(2, 3)
    batcher.submit(4)
    assert work.next_batch() == [4]


def test_items_beyond_the_limit_wait_for_the_next_batch(work: Work) -> None:
    batcher = work.batcher()
    batcher.submit(0)
    assert work.next_batch() == [0]
    for item in range(1, 31):
        batcher.submit(item)
    work.finish(0)
    assert work.next_batch() == list(range(1, 17))
    work.finish(*range(1, 17))
    assert work.next_batch() == list(range(17, 31))


def test_the_thread_of_an_idle_batcher_ends_and_the_next_item_starts_another(work: Work) -> None:
    batcher = work.batcher(idle_timeout=0.05)
    before = set(threading.enumerate())
    for item in (1, 2):
        batcher.submit(item)
        [thread] = set(threading.enumerate()) - before
        assert work.next_batch() == [item]
        work.finish(item)
        thread.join(LONG)
        assert not thread.is_alive()
