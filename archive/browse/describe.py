"""Describes one stored torrent, for pages and answers that tell more than its bytes: names, trackers, swarm, film."""

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
    """All that there is to show of a torrent. Infohashes are in hex.

    `trackers`: those of the stored copy, then those that later copies named. `length`: bytes of the torrent file.
    `liveness` and `film` are None where nothing is known. `files()` reads the list of files anew.
    """

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
    """Read and parse the torrent, and look up what else is known of it. Raises NotHeld, TakenDown, Unavailable."""
    torrent = retrieve(infohash).torrent
    with outages():
        row = Torrent.objects.find(infohash)
        if row is None:
            raise NotHeld(f"No torrent is stored under {infohash_to_hex(infohash)}.")
        later_trackers = row.later_trackers.order_by("pk").values_list("url", flat=True)
        parsed = ParsedTorrent(torrent, len(torrent))
        metainfo = parsed.metainfo
        return Description(
            infohash=infohash_to_hex(row.infohash),
            v1=infohash_to_hex(metainfo.v1) if metainfo.v1 else None,
            v2=infohash_to_hex(metainfo.v2) if metainfo.v2 else None,
            metainfo=metainfo,
            details=parsed.details(),
            trackers=tuple(dict.fromkeys([*metainfo.trackers, *later_trackers])),
            length=len(torrent),
            stored_at=row.stored_at,
            liveness=find_liveness([row.pk]).get(row.pk),
            film=find_film(row.infohashes),
            files=parsed.files,
        )


def description_version(infohash: bytes) -> str | None:
    """A text that changes whenever the description does, for ETags; None if the torrent is not held.

    It costs a few queries and does not read the torrent. Raises Unavailable.
    """
    with outages():
        row = Torrent.objects.find(infohash)
        if row is None:
            return None
        looked_at = Watched.objects.filter(pk=row.pk).values_list("looked_at", flat=True).first()
        counted = int(looked_at.timestamp()) if looked_at else 0
        film = sha256(repr(find_film(row.infohashes)).encode()).hexdigest()[:8]
        return f"{row.digest.hex()}-{row.later_trackers.count()}-{counted}-{film}"
