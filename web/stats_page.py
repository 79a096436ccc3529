"""The statistics page: how many torrents were stored when, and what the census counted."""

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from archive.browse.archive_statistics import Overview, read_overview
from archive.census.country_credit import read_country_credit
from web.bar_chart import build_bars
from web.errors import refusals_as_pages
from web.page_response import render_page

_SPANS = (30, 90)  # days
_MAX_COUNTRIES = 30  # named; the others are summed up


@dataclass(frozen=True, slots=True)
class CountryShare:
    """A country's part of all peers; `country` is its code, or "" for all others together.

    `width`: of its bar, where the longest is 100.
    """

    country: str
    peers: int
    percent: float
    width: float


@require_safe
@refusals_as_pages
def stats_page(request: HttpRequest) -> HttpResponseBase:
    days = 90 if request.GET.get("days") == "90" else 30
    statistics = read_overview(days)
    stored = build_bars(statistics.stored_by_day, statistics.today, days)
    peers = build_bars({total.day: total.peers for total in statistics.census}, statistics.today, days)
    context = {
        "stored_now": sum(statistics.versions),
        "kinds": statistics.versions,
        "spans": _SPANS,
        "days": days,
        "stored": stored,
        "stored_most": max(bar.number for bar in stored),
        "stored_in_all": sum(statistics.stored_by_day.values()),
        "months": _newest_months(statistics),
        "last": statistics.last_census,
        "over": statistics.last_census is not None and statistics.last_census.day < statistics.today,
        "counts": settings.CENSUS,
        "census": statistics.census[::-1],
        "peers": peers,
        "peers_most": max((bar.number for bar in peers), default=0),
        "countries": _country_shares(statistics),
        "credit": read_country_credit(),
    }
    return render_page("stats.html", context)


def _newest_months(statistics: Overview) -> list[tuple[date, int]]:
    """Torrents stored by month, the newest first, from the first month in which there were any."""
    months = list(statistics.stored_by_month.items())
    while months and not months[0][1]:
        del months[0]
    return months[::-1]


def _country_shares(statistics: Overview) -> list[CountryShare]:
    """The countries with most peers, and all others in one last line."""
    ranked = list(statistics.countries.items())
    named, others = ranked[:_MAX_COUNTRIES], sum(peers for _, peers in ranked[_MAX_COUNTRIES:])
    lines = [*named, *([("", others)] if others else [])]
    total, most = sum(statistics.countries.values()), max((peers for _, peers in lines), default=1)
    return [
        CountryShare(code, peers, 100 * peers / total, round(100 * peers / most, 1))
        for code, peers in lines
        if most
    ]
