"""Renders the metrics for Prometheus: the counters of `archive.metrics`, and gauges that are read at this moment."""

from collections.abc import Iterator

from django.db.models import Case, Count, Value, When
from django.utils import timezone
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from archive.db.outages import outages
from archive.errors import Unavailable
from archive.metrics import build_registry
from archive.models import Takedown, Wanted
from archive.monitoring.health import check_health
from archive.torrents.count import count_torrents


def render_metrics() -> bytes:
    """All metrics in Prometheus's text format, version 0.0.4.

    While the database cannot be reached, the gauges that need it are left out.
    """
    metrics = build_registry()
    metrics.register(_Gauges())
    return generate_latest(metrics)


class _Gauges(Collector):
    """Health of the parts, and numbers of torrents, takedowns and wishes."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        health = GaugeMetricFamily("hashkeep_well", "1 if the part can be used.", labels=["part"])
        for part, part_health in check_health().items():
            health.add_metric([part], float(part_health.usable))
        yield health
        try:
            stored, takedowns, wishes = count_torrents(), _count_takedowns(), _count_wishes()
        except Unavailable:
            return
        yield GaugeMetricFamily("hashkeep_torrents", "Torrents stored.", stored)
        yield GaugeMetricFamily("hashkeep_takedowns", "Torrents taken down.", takedowns)
        queue = GaugeMetricFamily("hashkeep_wanted", "Wishes in the queue, by state.", labels=["state"])
        for state, number in wishes.items():
            queue.add_metric([state], number)
        yield queue


def _count_takedowns() -> int:
    with outages():
        return Takedown.objects.count()


def _count_wishes() -> dict[str, int]:
    """By state: a resolver searches for it, a resolver may take it now, or it was not found and is tried later."""
    now = timezone.now()
    state = Case(
        When(leased_until__gt=now, then=Value("searched for")),
        When(next_try__lte=now, then=Value("due")),
        default=Value("missed"),
    )
    with outages():
        counts = dict(Wanted.objects.values_list(state).annotate(Count("pk")))
    return {each: counts.get(each, 0) for each in ("searched for", "due", "missed")}
