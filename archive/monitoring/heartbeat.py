"""Signs of life of the processes that work in the background, so that any web server can say how they are."""

from datetime import timedelta

from django.db.models import Max
from django.utils import timezone

from archive.db.outages import outages
from archive.models import Pulse

HEARTBEAT_SECONDS = 15.0  # seconds between two beats
_FORGOTTEN = timedelta(days=7)


def record_heartbeat(work: str, name: str) -> None:
    """`name` is this process's own. Raises Unavailable."""
    now = timezone.now()
    with outages():
        _, new = Pulse.objects.update_or_create(name=name, defaults={"work": work, "beat_at": now})
        if new:
            Pulse.objects.filter(beat_at__lt=now - _FORGOTTEN).delete()


def seconds_since_heartbeat(work: str) -> float | None:
    """Seconds since any process of this work was heard of; None if never. Raises Unavailable."""
    with outages():
        last = Pulse.objects.filter(work=work).aggregate(last=Max("beat_at"))["last"]
    return max(0.0, (timezone.now() - last).total_seconds()) if last else None
