"""The public list of takedowns: RFC 7725 asks for a page that explains each answer 451."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from archive.db.outages import outages
from archive.models import Takedown

_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class TakedownNotice:
    """A takedown as the public sees it. Of two takedowns the later one has the higher number."""

    number: int
    infohashes: tuple[str, ...]  # in hex
    reason: str
    taken_at: datetime


def list_notices(before: int | None = None, limit: int | None = None) -> Iterator[TakedownNotice]:
    """The listed takedowns, the newest first: all, or at most `limit` of those with a number below `before`.

    Raises Unavailable.
    """
    takedowns = Takedown.objects.filter(listed=True).order_by("-pk").prefetch_related("blocks")
    if before is not None:
        takedowns = takedowns.filter(pk__lt=before)
    with outages():
        for takedown in takedowns[:limit].iterator(chunk_size=_PER_QUERY):
            infohashes = sorted(str(block) for block in takedown.blocks.all())
            yield TakedownNotice(takedown.pk, tuple(infohashes), takedown.reason, takedown.taken_at)
