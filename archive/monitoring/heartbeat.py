"""Heartbeats of background processes, in the database, so that any web server can say whether they are alive."""

from datetime import timedelta

from django.db.models import Max
from django.utils import timezone

from archive.db.outages import outages
from archive.models import Pulse

HEARTBEAT_SECONDS = 15.0  # between two heartbeats of a process
_DELETE_AFTER = timedelta(days=7)


def record_heartbeat(work: str, process_id: str) -> None:
    """Record that this process is alive. Raises Unavailable.

    `work`: what the process does ("resolver"). `process_id` names it among all processes on all machines. The first
    heartbeat of a process deletes those that are a week old.
    """
    now = timezone.now()
    with outages():
        _, new = Pulse.objects.update_or_create(name=process_id, defaults={"work": work, "beat_at": now})
        if new:
            Pulse.objects.filter(beat_at__lt=now - _DELETE_AFTER).delete()


def seconds_since_heartbeat(work: str) -> float | None:
    """Seconds since the last heartbeat of any process that does this work; None if there is none.

    Raises Unavailable.
    """
    with outages():
        last = Pulse.objects.filter(work=work).aggregate(last=Max("beat_at"))["last"]
    return max(0.0, (timezone.now() - last).total_seconds()) if last else None
