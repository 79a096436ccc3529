"""Acknowledged uploads survive SIGKILL at any time; `python -m bench.crash` kills a thousand times."""

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


def test_after_scrub_counter_rows_and_objects_are_equal(outcome: CrashResult) -> None:
    counted, rows, objects = outcome.scrubbed
    assert counted == rows == objects >= outcome.acknowledged


def test_a_worker_that_is_killed_alone_is_replaced(outcome: CrashResult) -> None:
    """The run waits for the new worker and for more uploads; this asserts that it killed a worker at all."""
    assert KILLS >= KILLS_PER_WORKER_KILL
    assert outcome.slowest_respawn > 0
