"""The archive in figures for Prometheus: what was counted (`meter`), and what the index knows at this moment."""

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
    """In Prometheus's text format, version 0.0.4. While the index is away, without what it alone knows."""
    everything = build_registry()
    everything.register(_Now())
    return generate_latest(everything)


class _Now(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        well = GaugeMetricFamily("hashkeep_well", "1 if the part can be used.", labels=["part"])
        for part, state in check_health().items():
            well.add_metric([part], float(state.well))
        yield well
        try:
            stored, takedowns, wanted = count_torrents(), _takedowns(), _wanted()
        except Unavailable:
            return
        yield GaugeMetricFamily("hashkeep_torrents", "Torrents stored.", stored)
        yield GaugeMetricFamily("hashkeep_takedowns", "Torrents taken down.", takedowns)
        queue = GaugeMetricFamily("hashkeep_wanted", "Torrents looked for, by state.", labels=["state"])
        for name, number in wanted.items():
            queue.add_metric([name], number)
        yield queue


def _takedowns() -> int:
    with outages():
        return Takedown.objects.count()


def _wanted() -> dict[str, int]:
    now = timezone.now()
    state = Case(
        When(leased_until__gt=now, then=Value("searched for")),
        When(next_try__lte=now, then=Value("due")),
        default=Value("missed"),
    )
    with outages():
        found = dict(Wanted.objects.values_list(state).annotate(Count("pk")))
    return {name: found.get(name, 0) for name in ("searched for", "due", "missed")}
