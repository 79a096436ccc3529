"""Batches of strangers: whoever waits is served with the others who wait, and suffers nothing from them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

import pytest

from archive.together import Together


class Desk:
    """Notes its batches, and keeps the first one until all have come."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go_on = Event(), Event()

    def work(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.begun.set()
        self.go_on.wait(60)
        if 13 in items:
            raise ValueError("unlucky")
        return [item * item for item in items]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def come(desk: Desk, *items: int) -> list[int | type[BaseException]]:
    """The first comes alone, the others while it is served; what each of them got."""
    together = Together(desk.work)
    with ThreadPoolExecutor(len(items)) as threads:
        first = threads.submit(together, items[0])
        desk.begun.wait(60)
        others = [threads.submit(together, item) for item in items[1:]]
        while len(together._waiting) < len(others):
            wait([first], timeout=0.01)
        desk.go_on.set()
        errands = [first, *others]
        return [type(error) if (error := errand.exception()) else errand.result() for errand in errands]


def test_who_comes_alone_is_served_alone(desk: Desk) -> None:
    assert come(desk, 3) == [9]
    assert desk.batches == [[3]]


def test_those_who_wait_are_served_together(desk: Desk) -> None:
    assert come(desk, 1, 2, 3, 4) == [1, 4, 9, 16]
    assert desk.batches[0] == [1]
    assert [sorted(batch) for batch in desk.batches[1:]] == [[2, 3, 4]]


def test_in_a_batch_that_fails_each_is_tried_alone(desk: Desk) -> None:
    assert come(desk, 1, 2, 13, 4) == [1, 4, ValueError, 16]
    assert sorted(map(sorted, desk.batches[2:])) == [[2], [4], [13]]
