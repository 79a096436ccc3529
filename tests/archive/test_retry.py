"""Retry delays: how long a wish rests."""

from datetime import timedelta

from archive.queue.retry import delay_after_deaths, delay_after_misses

MINUTE = timedelta(minutes=1)


def test_the_delay_after_misses_grows_from_a_minute_to_three_days() -> None:
    delays = [delay_after_misses(misses) for misses in range(1, 10)]
    assert delays[:3] == [MINUTE, 5 * MINUTE, 30 * MINUTE]
    assert delays == sorted(delays)
    assert delays[6:] == [timedelta(days=3)] * 3


def test_a_wish_is_due_at_once_after_the_first_death() -> None:
    assert delay_after_deaths(1) == timedelta()


def test_the_delay_after_further_deaths_is_random_around_that_after_misses() -> None:
    for deaths in (2, 3, 20):
        expected = delay_after_misses(deaths - 1)
        delays = {delay_after_deaths(deaths) for _ in range(50)}
        assert len(delays) > 25
        assert expected * 0.5 <= min(delays) <= max(delays) <= expected * 1.5
