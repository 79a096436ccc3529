"""Small charts of numbers by day, drawn on the server: numbers for an SVG, and for tables beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from archive.census.daily_peers import DailyPeers

DAYS = 60
WIDTH, HEIGHT = 600, 120  # of the drawing's own units
_COUNTRIES = 8  # named; the others are summed up


@dataclass(frozen=True, slots=True)
class Bar:
    day: date
    number: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PeerChart:
    """`countries`: of the last day, the most frequent first; `others` are the peers of those not named."""

    bars: tuple[Bar, ...]
    most: int
    last: DailyPeers
    countries: tuple[tuple[str, int], ...]
    others: int


def build_bars(numbers: Mapping[date, int], today: date, days: int) -> tuple[Bar, ...]:
    """Of so many days up to today; one without a number is a gap."""
    most = max([*numbers.values(), 1])
    step = WIDTH / days
    first = today - timedelta(days=days - 1)
    drawn = []
    for day, number in numbers.items():
        height = round(max(1.0, HEIGHT * number / most), 1)
        x = round(step * (day - first).days, 1)
        drawn.append(Bar(day, number, x, round(HEIGHT - height, 1), round(step * 0.8, 1), height))
    return tuple(drawn)


def build_peer_chart(days: Sequence[DailyPeers], today: date) -> PeerChart | None:
    """Of the DAYS up to today; a day without a look is a gap. None where there was no look at all."""
    if not days:
        return None
    drawn = build_bars({day.day: day.total for day in days}, today, DAYS)
    ranked = sorted(days[-1].countries.items(), key=lambda one: (-one[1], one[0]))
    others = sum(peers for _, peers in ranked[_COUNTRIES:])
    most = max(bar.number for bar in drawn)
    return PeerChart(drawn, most, days[-1], tuple(ranked[:_COUNTRIES]), others)
