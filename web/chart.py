"""A small chart of peers by day, drawn on the server: numbers for an SVG, and for tables beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from archive.peers import Day

DAYS = 60
WIDTH, HEIGHT = 600, 120  # of the drawing's own units
_COUNTRIES = 8  # named; the others are summed up


@dataclass(frozen=True, slots=True)
class Bar:
    day: date
    peers: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`countries`: of the last day, the most frequent first; `others` are the peers of those not named."""

    bars: tuple[Bar, ...]
    most: int
    last: Day
    countries: tuple[tuple[str, int], ...]
    others: int


def chart(days: Sequence[Day], today: date) -> Chart | None:
    """Of the DAYS up to today; a day without a look is a gap. None where there was no look at all."""
    if not days:
        return None
    most = max(day.total for day in days)
    step = WIDTH / DAYS
    first = today - timedelta(days=DAYS - 1)
    bars = []
    for day in days:
        height = round(max(1.0, HEIGHT * day.total / max(most, 1)), 1)
        x = round(step * (day.day - first).days, 1)
        bars.append(Bar(day.day, day.total, x, HEIGHT - height, step - 2, height))
    ranked = sorted(days[-1].countries.items(), key=lambda one: (-one[1], one[0]))
    others = sum(peers for _, peers in ranked[_COUNTRIES:])
    return Chart(tuple(bars), most, days[-1], tuple(ranked[:_COUNTRIES]), others)
