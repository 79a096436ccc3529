"""Three torrents, what is done to their objects behind the archive's back, and what scrub says of them."""

from pathlib import Path

from archive.models import Torrent
from archive.store import get_storage
from archive.torrents.recount import recount
from archive.torrents.scrub import scrub
from tests import make

V1, V2, HYBRID = make.v1(b"one"), make.v2(b"two"), make.hybrid(b"three")
ALL = (V1, V2, HYBRID)


def infohash_of(torrent: bytes) -> str:
    return make.v2_hash(torrent) if torrent == V2 else make.v1_hash(torrent)


def file(objects: Path, torrent: bytes) -> Path:
    infohash = infohash_of(torrent)
    return objects / infohash[:2] / infohash[2:4] / f"{infohash}.torrent"


def put(torrent: bytes) -> None:
    """Store the object alone, as a crash before the row was written leaves it, or the restore of a backup."""
    get_storage().put(f"{infohash_of(torrent)}.torrent", torrent)


def restore(objects: Path, torrents: list[bytes]) -> None:
    """Store many objects at once, as a copy of the folder does."""
    for torrent in torrents:
        file(objects, torrent).parent.mkdir(parents=True, exist_ok=True)
        file(objects, torrent).write_bytes(torrent)


def scrub_all(**options: bool) -> dict[str, str]:
    findings = list(scrub(**options))
    verdicts = {infohash: str(verdict) for verdict, infohash in findings}
    assert len(verdicts) == len(findings), "there is one finding an infohash"
    return verdicts


def rows() -> list[dict[str, object]]:
    columns = [field.name for field in Torrent._meta.fields if field.name not in ("id", "stored_at")]
    listed = Torrent.objects.order_by("name").values(*columns)
    return [{c: bytes(v) if isinstance(v, memoryview) else v for c, v in row.items()} for row in listed]


def is_whole() -> bool:
    return scrub_all() == {infohash_of(torrent): "sound" for torrent in ALL} and recount() == (3, 3)
