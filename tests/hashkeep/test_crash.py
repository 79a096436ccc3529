"""What was acknowledged outlives kill -9, whenever it comes; `python -m bench.crash` does it a thousand times."""

import pytest

from bench.crash import KILLS_PER_WORKER_KILL, CrashResult, kill_repeatedly

KILLS = 15


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> CrashResult:
    return kill_repeatedly(tmp_path_factory.mktemp("crash"), KILLS)


def test_nothing_that_was_acknowledged_is_lost(outcome: CrashResult) -> None:
    assert outcome.acknowledged > KILLS
    assert outcome.lost == []


def test_nothing_is_refused_because_of_a_crash(outcome: CrashResult) -> None:
    assert outcome.refused == []


def test_no_row_is_without_its_object_even_before_scrub(outcome: CrashResult) -> None:
    counted, rows, objects = outcome.crashed
    assert counted == rows <= objects


def test_after_scrub_the_count_is_the_rows_is_the_objects(outcome: CrashResult) -> None:
    counted, rows, objects = outcome.scrubbed
    assert counted == rows == objects >= outcome.acknowledged


def test_a_worker_that_dies_alone_has_a_successor(outcome: CrashResult) -> None:
    """The run itself waits for it, and for uploads that go on; this holds that it came to it."""
    assert KILLS >= KILLS_PER_WORKER_KILL
    assert outcome.slowest_respawn > 0
