"""Checks whether the parts that the archive needs can be used right now: database, storage, resolver."""

import time
from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings

from archive.db.outages import outages
from archive.errors import Unavailable
from archive.monitoring.heartbeat import HEARTBEAT_SECONDS, seconds_since_heartbeat
from archive.store import get_storage
from archive.torrents.count import count_torrents

_MAX_MISSED_HEARTBEATS = 4  # then a process counts as gone

_last_usable: dict[str, float] = {}
"""By part, the time (`time.monotonic`) at which this process last found it usable."""


class PartHealth(NamedTuple):
    """`age`: seconds since this part was last found usable; None if it never was.

    For the database and the storage that is as this process saw it, for the resolver since its last heartbeat.
    """

    usable: bool
    age: float | None


def check_health() -> dict[str, PartHealth]:
    """By part: `database`, `storage`, and `resolver` unless the setting RESOLVE is off."""
    parts = {
        "database": _check_part("database", count_torrents),
        "storage": _check_part("storage", check_storage),
    }
    if settings.RESOLVE:
        parts["resolver"] = _check_resolver()
    return parts


def can_serve(parts: dict[str, PartHealth]) -> bool:
    """Whether torrents can be served and stored, which needs no resolver."""
    return parts["database"].usable and parts["storage"].usable


def check_storage() -> None:
    """Raises Unavailable where the storage cannot be used."""
    with outages():
        get_storage().check()


def _check_part(part: str, use: Callable[[], object]) -> PartHealth:
    try:
        use()
    except Unavailable:
        last = _last_usable.get(part)
        return PartHealth(False, None if last is None else time.monotonic() - last)
    _last_usable[part] = time.monotonic()
    return PartHealth(True, 0.0)


def _check_resolver() -> PartHealth:
    try:
        age = seconds_since_heartbeat("resolver")
    except Unavailable:
        age = None
    return PartHealth(age is not None and age < _MAX_MISSED_HEARTBEATS * HEARTBEAT_SECONDS, age)
