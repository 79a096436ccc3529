"""Computes bar charts of a number a day, as coordinates for the SVG in `web/bar_chart.html`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from archive.census.daily_peers import DailyPeers

DAYS = 60
WIDTH, HEIGHT = 600, 120  # the SVG's viewBox
_BAR_WIDTH = 0.8  # of the space of a day; the rest separates the bars
_MAX_COUNTRIES = 8  # named; the others are summed up


@dataclass(frozen=True, slots=True)
class Bar:
    """A day's number, and its rectangle in units of the viewBox."""

    day: date
    number: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PeerChart:
    """The peers of one torrent by day.

    `most` is the highest bar's number. `countries` are those of the last day with most peers, as (code, peers), the
    largest first; `others` is the number of that day's peers in all other countries.
    """

    bars: tuple[Bar, ...]
    most: int
    last: DailyPeers
    countries: tuple[tuple[str, int], ...]
    others: int


def build_bars(numbers: Mapping[date, int], today: date, days: int) -> tuple[Bar, ...]:
    """A bar for each number; the chart spans that many days and ends today. A day without a number is a gap."""
    most = max([*numbers.values(), 1])
    day_width = WIDTH / days
    first_day = today - timedelta(days=days - 1)
    built = []
    for day, number in numbers.items():
        height = round(max(1.0, HEIGHT * number / most), 1)
        x = round(day_width * (day - first_day).days, 1)
        built.append(Bar(day, number, x, round(HEIGHT - height, 1), round(day_width * _BAR_WIDTH, 1), height))
    return tuple(built)


def build_peer_chart(days: Sequence[DailyPeers], today: date) -> PeerChart | None:
    """The chart of the DAYS that end today; None if no peers were counted on any of them."""
    if not days:
        return None
    bars = build_bars({day.day: day.total for day in days}, today, DAYS)
    ranked = sorted(days[-1].countries.items(), key=lambda item: (-item[1], item[0]))
    others = sum(peers for _, peers in ranked[_MAX_COUNTRIES:])
    most = max(bar.number for bar in bars)
    return PeerChart(bars, most, days[-1], tuple(ranked[:_MAX_COUNTRIES]), others)
