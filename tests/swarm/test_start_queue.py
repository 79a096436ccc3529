"""The start queue, with a clock that moves only when a test says so."""

from collections.abc import Callable

from swarm.fetch.start_queue import StartQueue


class QueueOnAManualClock:
    """Starts an item by its own name; an item of the name of one that has started needs no search of its own."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.queue: StartQueue[str, str] = StartQueue(self._start, self._schedule)
        self._now = 0.0
        self._due: list[tuple[float, Callable[[], object]]] = []

    def _start(self, item: str) -> str | None:
        if item in self.started:
            return None
        self.started.append(item)
        return item

    def _schedule(self, seconds: float, action: Callable[[], object]) -> None:
        self._due.append((self._now + seconds, action))

    def advance(self, seconds: float) -> None:
        self._now += seconds
        while due := [action for at, action in self._due if at <= self._now]:
            self._due = [each for each in self._due if each[0] > self._now]
            for action in due:
                action()


def create_full_queue() -> tuple[QueueOnAManualClock, list[str], list[str]]:
    """With the items that have started, and those that are still queued."""
    clock, items = QueueOnAManualClock(), [f"{number}" for number in range(100)]
    for item in items:
        clock.queue.put(item)
    started = list(clock.started)
    assert started == items[: len(started)] and 1 < len(started) < 50
    assert list(clock.queue) == items[len(started) :]
    return clock, started, items[len(started) :]


def test_a_single_item_starts_immediately() -> None:
    clock = QueueOnAManualClock()
    clock.queue.put("single")
    assert clock.started == ["single"]


def test_for_each_search_that_ends_the_next_starts() -> None:
    clock, started, queued = create_full_queue()
    clock.queue.release(started[3])
    assert clock.started == started  # not in the middle of ending a search
    clock.advance(0)
    assert clock.started == [*started, queued[0]]


def test_a_long_search_does_not_keep_others_from_starting() -> None:
    clock, started, queued = create_full_queue()
    for _ in range(100 // len(started)):
        clock.advance(0.1)
    assert clock.started == started + queued


def test_the_end_of_a_long_search_starts_nothing_more() -> None:
    clock, started, _ = create_full_queue()
    clock.advance(0.1)
    started_by_now = list(clock.started)
    assert len(started_by_now) == 2 * len(started)
    clock.queue.release(started[0])
    clock.advance(0)
    assert clock.started == started_by_now


def test_an_item_that_needs_no_search_of_its_own_takes_no_place() -> None:
    clock = QueueOnAManualClock()
    for item in [*["one"] * 100, "another"]:
        clock.queue.put(item)
    assert clock.started == ["one", "another"]


def test_a_removed_item_does_not_start() -> None:
    clock, started, queued = create_full_queue()
    assert clock.queue.remove(queued[0])
    assert not clock.queue.remove(queued[0])
    assert not clock.queue.remove(started[0])
    clock.queue.release(started[0])
    clock.advance(0)
    assert clock.started == [*started, queued[1]]


def test_nothing_starts_from_a_drained_queue() -> None:
    clock, started, queued = create_full_queue()
    assert clock.queue.drain() == queued
    clock.advance(1)
    assert clock.started == started
