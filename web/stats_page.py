"""The page of figures: what was stored when, and what the census counted."""

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from archive.browse.overview import Overview, read_overview
from archive.census.daily_peers import country_database_credit
from web.bar_chart import build_bars
from web.page_response import refusals_as_pages, render_page

_SPANS = (30, 90)
_COUNTRIES = 30  # named; the others are summed up


@dataclass(frozen=True, slots=True)
class Share:
    """A country's part. `width`: of a bar, where the longest is 100."""

    country: str
    peers: int
    percent: float
    width: float


@require_safe
@refusals_as_pages
def stats_page(request: HttpRequest) -> HttpResponseBase:
    days = 90 if request.GET.get("days") == "90" else 30
    known = read_overview(days)
    stored = build_bars(known.days, known.today, days)
    peers = build_bars({total.day: total.peers for total in known.census}, known.today, days)
    context = {
        "stored_now": sum(known.kinds),
        "kinds": known.kinds,
        "spans": _SPANS,
        "days": days,
        "stored": stored,
        "stored_most": max(bar.number for bar in stored),
        "stored_in_all": sum(known.days.values()),
        "months": _months(known),
        "last": known.last,
        "over": known.last is not None and known.last.day < known.today,
        "counts": settings.CENSUS,
        "census": known.census[::-1],
        "peers": peers,
        "peers_most": max((bar.number for bar in peers), default=0),
        "countries": _shares(known),
        "credit": country_database_credit(),
    }
    return render_page("stats.html", context)


def _months(known: Overview) -> list[tuple[date, int]]:
    """The newest first, without those before there was anything."""
    months = list(known.months.items())
    while months and not months[0][1]:
        del months[0]
    return months[::-1]


def _shares(known: Overview) -> list[Share]:
    """Of all countries; what is too small to be named is one line."""
    ranked = list(known.countries.items())
    named, others = ranked[:_COUNTRIES], sum(peers for _, peers in ranked[_COUNTRIES:])
    lines = [*named, *([("", others)] if others else [])]
    total, most = sum(known.countries.values()), max((peers for _, peers in lines), default=1)
    return [
        Share(code, peers, 100 * peers / total, round(100 * peers / most, 1)) for code, peers in lines if most
    ]
