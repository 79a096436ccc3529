"""What there is to show of a stored torrent: for pages and answers that tell more than the bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from archive.census.liveness import Liveness, find_liveness
from archive.db.outages import outages
from archive.errors import NotHeld
from archive.films.film_links import FilmLink, find_film
from archive.models import Torrent, Watched
from archive.torrents.retrieve import retrieve
from metainfo import ContentFile, Details, Metainfo, ParsedTorrent
from metainfo.infohash import infohash_to_hex


@dataclass(frozen=True, slots=True)
class Description:
    """`trackers`: the stored copy's own, then those that later copies named."""

    infohash: str
    v1: str | None
    v2: str | None
    metainfo: Metainfo
    details: Details
    trackers: tuple[str, ...]
    length: int
    stored_at: datetime
    liveness: Liveness | None
    film: FilmLink | None
    files: Callable[[], Iterator[ContentFile]]


def describe_torrent(infohash: bytes) -> Description:
    """Raises NotHeld, TakenDown, Unavailable."""
    torrent = retrieve(infohash).torrent
    with outages():
        row = Torrent.objects.find(infohash)
        if row is None:
            raise NotHeld(f"No torrent is stored under {infohash_to_hex(infohash)}.")
        later = row.later_trackers.order_by("pk").values_list("url", flat=True)
        reading = ParsedTorrent(torrent, len(torrent))
        meta = reading.metainfo
        return Description(
            infohash=infohash_to_hex(row.infohash),
            v1=infohash_to_hex(meta.v1) if meta.v1 else None,
            v2=infohash_to_hex(meta.v2) if meta.v2 else None,
            metainfo=meta,
            details=reading.details(),
            trackers=tuple(dict.fromkeys([*meta.trackers, *later])),
            length=len(torrent),
            stored_at=row.stored_at,
            liveness=find_liveness([row.pk]).get(row.pk),
            film=find_film(row.infohashes),
            files=reading.files,
        )


def description_version(infohash: bytes) -> str | None:
    """What changes whenever the description does, without reading the torrent. Raises Unavailable."""
    with outages():
        row = Torrent.objects.find(infohash)
        if row is None:
            return None
        looked_at = Watched.objects.filter(pk=row.pk).values_list("looked_at", flat=True).first()
        counted = int(looked_at.timestamp()) if looked_at else 0
        known = find_film(row.infohashes)
        told = sha256(repr(known).encode()).hexdigest()[:8]
        return f"{row.digest.hex()}-{row.later_trackers.count()}-{counted}-{told}"
