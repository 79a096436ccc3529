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


def test_whoever_fails_alone_is_tried_once(desk: Desk) -> None:
    assert come(desk, 13) == [ValueError]
    assert desk.batches == [[13]]


def test_a_leader_who_is_stopped_keeps_nobody(desk: Desk) -> None:
    """KeyboardInterrupt and its like are his own; the others are tried alone."""

    def stop(items: Sequence[int]) -> list[int]:
        if len(items) > 1:
            raise KeyboardInterrupt
        return desk.work(items)

    together = Together(stop)
    with ThreadPoolExecutor(4) as threads:
        errands = [threads.submit(together, 1)]
        desk.begun.wait(60)
        errands += [threads.submit(together, item) for item in (2, 3, 4)]
        while len(together._waiting) < 3:
            wait(errands, timeout=0.01)
        desk.go_on.set()
        outcomes = [type(error) if (error := errand.exception()) else errand.result() for errand in errands]
    assert outcomes[0] == 1
    assert outcomes[1:].count(KeyboardInterrupt) == 1
    assert all(
        one in (item * item, KeyboardInterrupt) for item, one in zip((2, 3, 4), outcomes[1:], strict=True)
    )
    assert together(5) == 25


def test_whoever_is_served_does_not_wait_for_the_next_batch() -> None:
    gates = {1: Event(), 2: Event()}
    begun = Event()

    def work(items: Sequence[int]) -> list[int]:
        if 2 in items:
            begun.set()
        gates[items[0]].wait(60)
        return list(items)

    together = Together(work)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(together, 1)
        while not together._led or together._waiting:
            wait([first], timeout=0.01)
        second = threads.submit(together, 2)
        while not together._waiting:
            wait([first], timeout=0.01)
        gates[1].set()
        assert begun.wait(60)
        assert first.result(timeout=60) == 1
        assert not second.done()
        gates[2].set()
        assert second.result(timeout=60) == 2


def test_who_leads_waits_for_as_many_as_were_here_before(desk: Desk) -> None:
    """Those who have been served are on their way back."""
    together = Together(desk.work, moment=60)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(together, 1)
        desk.begun.wait(60)
        others = [threads.submit(together, item) for item in (2, 3)]
        while len(together._waiting) < 2:
            wait([first], timeout=0.01)
        desk.go_on.set()
        assert first.result(timeout=30) == 1
        assert not wait(others, timeout=0.2).done
        assert threads.submit(together, 4).result(timeout=30) == 16
        assert [other.result(timeout=30) for other in others] == [4, 9]
    assert list(map(sorted, desk.batches)) == [[1], [2, 3, 4]]


def test_who_leads_does_not_wait_long_for_those_who_stay_away(desk: Desk) -> None:
    assert come(desk, 1, 2, 3) == [1, 4, 9]
    assert list(map(sorted, desk.batches)) == [[1], [2, 3]]


def test_who_comes_alone_waits_for_nobody(desk: Desk) -> None:
    desk.go_on.set()
    together = Together(desk.work, moment=60)
    with ThreadPoolExecutor(1) as threads:
        assert [threads.submit(together, item).result(timeout=30) for item in (1, 2, 3)] == [1, 4, 9]
