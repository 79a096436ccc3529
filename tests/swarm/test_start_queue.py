"""A few at a time, by a clock that stands still until it is told to go on."""

from collections.abc import Callable

from swarm.fetch.start_queue import StartQueue


class Hall:
    def __init__(self) -> None:
        self.begun: list[str] = []
        self.line: StartQueue[str, str] = StartQueue(self._begin, self._later)
        self._now = 0.0
        self._due: list[tuple[float, Callable[[], object]]] = []

    def _begin(self, who: str) -> str | None:
        """Who is called like one that has begun joins it."""
        if who in self.begun:
            return None
        self.begun.append(who)
        return who

    def _later(self, seconds: float, action: Callable[[], object]) -> None:
        self._due.append((self._now + seconds, action))

    def wait(self, seconds: float) -> None:
        self._now += seconds
        while due := [action for at, action in self._due if at <= self._now]:
            self._due = [each for each in self._due if each[0] > self._now]
            for action in due:
                action()


def full() -> tuple[Hall, list[str], list[str]]:
    """A hall, those who have begun, and those who stand in line."""
    hall, names = Hall(), [f"{number}" for number in range(100)]
    for name in names:
        hall.line.join(name)
    begun = list(hall.begun)
    assert begun == names[: len(begun)] and 1 < len(begun) < 50
    return hall, begun, names[len(begun) :]


def test_whoever_comes_alone_begins_at_once() -> None:
    hall = Hall()
    hall.line.join("alone")
    assert hall.begun == ["alone"]


def test_for_each_that_ends_the_next_begins() -> None:
    hall, begun, standing = full()
    hall.line.over(begun[3])
    assert hall.begun == begun  # not in the midst of its end
    hall.wait(0)
    assert hall.begun == [*begun, standing[0]]


def test_who_takes_long_keeps_nobody() -> None:
    hall, begun, standing = full()
    for _ in range(100 // len(begun)):
        hall.wait(0.1)
    assert hall.begun == begun + standing


def test_an_end_after_a_long_time_lets_nobody_more_in() -> None:
    hall, begun, standing = full()
    hall.wait(0.1)
    now = list(hall.begun)
    assert len(now) == 2 * len(begun)
    hall.line.over(begun[0])
    hall.wait(0)
    assert hall.begun == now


def test_who_joins_what_has_begun_takes_nobodys_place() -> None:
    hall = Hall()
    for name in [*["one"] * 100, "another"]:
        hall.line.join(name)
    assert hall.begun == ["one", "another"]


def test_who_leaves_does_not_begin() -> None:
    hall, begun, standing = full()
    assert hall.line.leave(standing[0])
    assert not hall.line.leave(standing[0])
    assert not hall.line.leave(begun[0])
    hall.line.over(begun[0])
    hall.wait(0)
    assert hall.begun == [*begun, standing[1]]


def test_of_a_line_that_is_dissolved_nobody_begins() -> None:
    hall, begun, standing = full()
    assert hall.line.dissolve() == standing
    hall.wait(1)
    assert hall.begun == begun
