"""When a wish is searched for again: the delays after misses, and after resolvers that died. Pure functions."""

import random
from datetime import timedelta

RECENT_MISS = timedelta(
    minutes=10
)  # a miss younger than this is an answer; an older one is a reason to search now
GIVEN_UP_FOR = timedelta(days=30)

_DELAYS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440, 4320)]


def delay_after_misses(misses: int) -> timedelta:
    """How long a wish rests after so many searches in vain, the last of them included: 1 minute to 3 days."""
    return _DELAYS[min(misses, len(_DELAYS)) - 1]


def delay_after_deaths(deaths: int) -> timedelta:
    """How long a wish rests after so many resolvers, one after another, died while they searched for it.

    Nothing after the first: most likely the wish was not the cause. Then as after misses, times a random factor
    between 0.5 and 1.5: of several wishes that come back at different times, the one that kills comes alone at last.
    """
    if deaths < 2:
        return timedelta()
    return delay_after_misses(deaths - 1) * random.uniform(0.5, 1.5)  # noqa: S311
