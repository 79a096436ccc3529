"""A clerk: whoever comes while others are served goes with all who came meanwhile; whoever is alone, at once."""

from collections.abc import Iterator, Sequence
from queue import Queue
from threading import Event

import pytest

from archive.db.batcher import Batcher

LONG = 60.0


class Desk:
    """Notes its batches, and keeps each of them until it may go on."""

    def __init__(self) -> None:
        self.batches, self.told = Queue[list[int]](), Queue[tuple[int, int]]()
        self._go_on = Queue[None]()

    def work(self, items: Sequence[int]) -> list[int]:
        self.batches.put(list(items))
        self._go_on.get(timeout=LONG)
        return [item * item for item in items]

    def clerk(self, moment: float = 0.004) -> Batcher[int, int]:
        return Batcher(self.work, lambda item, result: self.told.put((item, result)), moment)

    def next(self) -> list[int]:
        return self.batches.get(timeout=LONG)

    def go_on(self) -> None:
        self._go_on.put(None)

    def served(self, *items: int) -> None:
        """They are told, in this order, once their batch may go on."""
        self.go_on()
        assert [self.told.get(timeout=LONG) for _ in items] == [(item, item * item) for item in items]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    for _ in range(10):
        desk.go_on()


def test_what_is_brought_meanwhile_is_one_batch_in_its_order(desk: Desk) -> None:
    clerk = desk.clerk()
    clerk.submit(1)
    assert desk.next() == [1]
    for item in (2, 3, 4):
        clerk.submit(item)
    desk.served(1)
    assert desk.next() == [2, 3, 4]
    desk.served(2, 3, 4)


def test_who_comes_alone_waits_for_nobody(desk: Desk) -> None:
    clerk = desk.clerk(moment=10 * LONG)
    for item in (1, 2, 3):
        clerk.submit(item)
        assert desk.next() == [item]
        desk.served(item)


def test_it_waits_for_as_many_as_were_here_before(desk: Desk) -> None:
    """Those who have been served are on their way back."""
    clerk = desk.clerk(moment=10 * LONG)
    clerk.submit(1)
    assert desk.next() == [1]
    clerk.submit(2)
    clerk.submit(3)
    desk.served(1)
    assert not Event().wait(0.2)
    assert desk.batches.empty()
    clerk.submit(4)
    assert desk.next() == [2, 3, 4]


def test_it_does_not_wait_long_for_those_who_stay_away(desk: Desk) -> None:
    clerk = desk.clerk()
    clerk.submit(1)
    assert desk.next() == [1]
    for item in (2, 3):
        clerk.submit(item)
    desk.served(1)
    assert desk.next() == [2, 3]
    desk.served(2, 3)
    clerk.submit(4)
    assert desk.next() == [4]


def test_of_very_many_some_wait_for_the_next_batch(desk: Desk) -> None:
    clerk = desk.clerk()
    clerk.submit(0)
    assert desk.next() == [0]
    for item in range(1, 31):
        clerk.submit(item)
    desk.served(0)
    assert desk.next() == list(range(1, 17))
    desk.served(*range(1, 17))
    assert desk.next() == list(range(17, 31))
