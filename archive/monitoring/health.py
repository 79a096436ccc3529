"""Whether the parts that the archive stands on are well, each looked at now."""

import time
from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings

from archive.db.outages import outages
from archive.errors import Unavailable
from archive.monitoring.heartbeat import HEARTBEAT_SECONDS, seconds_since_heartbeat
from archive.store import get_storage
from archive.torrents.count import count_torrents

_MISSED = 4  # beats that a process may leave out before it counts as gone


class PartHealth(NamedTuple):
    """`age`: seconds since this part was last seen well by this process; None if it never was."""

    well: bool
    age: float | None


def check_health() -> dict[str, PartHealth]:
    """By part: `database`, `storage`, and `resolver` unless the settings do without."""
    states = {"database": _look("database", count_torrents), "storage": _look("storage", check_storage)}
    if settings.RESOLVE:
        states["resolver"] = _resolver()
    return states


def can_serve(states: dict[str, PartHealth]) -> bool:
    """Without a resolver what is held still goes out, and what comes in is kept."""
    return states["database"].well and states["storage"].well


_seen_well: dict[str, float] = {}


def _look(part: str, act: Callable[[], object]) -> PartHealth:
    try:
        act()
    except Unavailable:
        seen = _seen_well.get(part)
        return PartHealth(False, None if seen is None else time.monotonic() - seen)
    _seen_well[part] = time.monotonic()
    return PartHealth(True, 0.0)


def check_storage() -> None:
    """Raises Unavailable."""
    with outages():
        get_storage().check()


def _resolver() -> PartHealth:
    try:
        age = seconds_since_heartbeat("resolver")
    except Unavailable:
        age = None
    return PartHealth(age is not None and age < _MISSED * HEARTBEAT_SECONDS, age)
