"""Scrub: what it finds where the index and the storage differ, and how it mends that."""

from pathlib import Path

import pytest
from django.db.models import F
from pytest_django import Settings

from archive.errors import NotHeld, TakenDown, Unavailable
from archive.models import Block, Takedown, Tally, Torrent, Tracker
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from archive.torrents.deposit import deposit, deposit_many
from archive.torrents.recount import recount
from archive.torrents.retrieve import retrieve
from archive.torrents.scrub import scrub
from metainfo.infohash import parse_infohash
from tests import make
from tests.scrub_archive import (
    ALL,
    HYBRID,
    V1,
    V2,
    file,
    infohash_of,
    is_whole,
    put,
    restore,
    rows,
    scrub_all,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_sound_archive_stays_unchanged(three: None) -> None:
    before = list(Torrent.objects.order_by("pk").values())
    assert is_whole()
    assert list(Torrent.objects.order_by("pk").values()) == before


def test_an_empty_archive_is_sound() -> None:
    assert scrub_all() == {} and recount() == (0, 0)


def test_an_object_without_a_row_is_indexed() -> None:
    """A crash between the object and the row leaves this."""
    deposit(V1), deposit(V2)
    put(HYBRID)
    with pytest.raises(NotHeld):
        retrieve(parse_infohash(make.v2_hash(HYBRID)))
    assert scrub_all()[infohash_of(HYBRID)] == "indexed"
    assert retrieve(parse_infohash(make.v2_hash(HYBRID))).torrent == HYBRID
    assert is_whole()


@pytest.mark.parametrize("torrent", ALL, ids=["v1", "v2", "hybrid"])
def test_a_damaged_object_is_set_aside_and_no_longer_served(
    objects: Path, three: None, torrent: bytes
) -> None:
    path = file(objects, torrent)
    damaged = bytearray(torrent)
    damaged[torrent.index(b"4:name") + 8] ^= 1
    path.write_bytes(damaged)
    assert scrub_all()[infohash_of(torrent)] == "damaged"
    with pytest.raises(NotHeld):
        retrieve(parse_infohash(infohash_of(torrent)))
    assert not path.exists()
    assert path.with_name(f"{path.name}.damaged").read_bytes() == damaged
    assert scrub_all() == {infohash_of(other): "sound" for other in ALL if other != torrent}
    assert recount() == (2, 2)
    deposit(torrent)
    assert is_whole()


@pytest.mark.parametrize("left", [b"", V1[:-1], b"<html>"], ids=["empty", "cut", "no torrent"])
def test_an_object_that_is_no_torrent_is_damaged(objects: Path, three: None, left: bytes) -> None:
    file(objects, V1).write_bytes(left)
    assert scrub_all()[infohash_of(V1)] == "damaged"


def test_the_bytes_of_another_torrent_are_damage(objects: Path, three: None) -> None:
    file(objects, V1).write_bytes(HYBRID)
    assert scrub_all() == {infohash_of(V1): "damaged", infohash_of(V2): "sound", infohash_of(HYBRID): "sound"}


def test_a_row_without_an_object_is_removed(objects: Path, three: None) -> None:
    file(objects, V2).unlink()
    with pytest.raises(Unavailable):
        retrieve(parse_infohash(infohash_of(V2)))
    assert scrub_all()[infohash_of(V2)] == "lost"
    with pytest.raises(NotHeld):
        retrieve(parse_infohash(infohash_of(V2)))
    deposit(V2)
    assert is_whole()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "other"},
        {"size": 1},
        {"files": 9},
        {"length": 1},
        {"digest": bytes(32)},
        {"complete": False},
        {"v2": bytes(32)},
        {"v1": b"\x00" * 20},
        {"v1": b"\xff" * 20},
        {"v1": None},
    ],
    ids=lambda wrong: "".join(f"{column}={value!r:.8}" for column, value in wrong.items()),
)
def test_a_row_that_says_something_else_than_the_bytes_is_repaired(
    three: None, wrong: dict[str, object]
) -> None:
    before = rows()
    Torrent.objects.filter(v1=parse_infohash(infohash_of(HYBRID))).update(**wrong)
    assert set(scrub_all().values()) > {"sound"}
    assert rows() == before
    assert is_whole()


def test_a_repair_keeps_the_date_and_the_later_trackers(three: None) -> None:
    row = Torrent.objects.get(v1=parse_infohash(infohash_of(V1)))
    Tracker.objects.create(torrent=row, url="http://later.example/announce")
    Torrent.objects.filter(pk=row.pk).update(size=1)
    scrub_all()
    repaired = Torrent.objects.get(v1=parse_infohash(infohash_of(V1)))
    assert (repaired.stored_at, repaired.size) == (row.stored_at, 5)
    assert repaired.later_trackers.get().url == "http://later.example/announce"


@pytest.mark.parametrize("by", [make.v1_hash, make.v2_hash], ids=["v1", "v2"])
def test_a_blocked_object_that_was_restored_from_a_backup_is_purged(objects: Path, by: object) -> None:
    assert callable(by)
    take_down(parse_infohash(by(HYBRID)), "Court order")
    put(HYBRID)
    assert scrub_all() == {infohash_of(HYBRID): "purged"}
    assert not file(objects, HYBRID).exists()
    with pytest.raises(TakenDown):
        retrieve(parse_infohash(by(HYBRID)))


def test_a_blocked_torrent_that_was_restored_with_its_row_is_purged(objects: Path, three: None) -> None:
    takedown = Takedown.objects.create(reason="Court order")
    Block.for_infohash(parse_infohash(make.v2_hash(HYBRID)), takedown).save()
    assert scrub_all()[infohash_of(HYBRID)] == "purged"
    assert not file(objects, HYBRID).exists()
    assert recount() == (2, 2)


def test_a_private_torrent_stays_although_the_settings_refuse_it_now(settings: Settings) -> None:
    settings.PRIVATE_TORRENTS = "keep"
    infohash = deposit(make.v1(b"private", private=1)).infohash
    settings.PRIVATE_TORRENTS = "refuse"
    assert scrub_all() == {infohash: "sound"}


def test_a_lost_index_is_rebuilt_the_same(three: None) -> None:
    before = rows()
    take_down(bytes(20), "Court order")
    Torrent.objects.all().delete()
    assert set(scrub_all(rebuild=True).values()) == {"indexed"}
    assert rows() == before
    assert is_whole()
    assert Takedown.objects.count() == 1


def test_where_most_of_the_bytes_are_missing_the_index_is_kept_until_a_rebuild(
    objects: Path, three: None
) -> None:
    """A disk that is not mounted looks like an empty storage."""
    objects.rename(objects.with_name("unmounted"))
    with pytest.raises(Unavailable, match="mounted"):
        scrub_all()
    assert count_torrents() == 3
    assert set(scrub_all(rebuild=True).values()) == {"lost"}
    assert count_torrents() == 0
    objects.with_name("unmounted").rename(objects)
    assert set(scrub_all().values()) == {"indexed"}


def test_v1_and_v2_infohashes_come_in_one_order() -> None:
    """A hash of 40 digits comes before one of 64 that begins with it, in the storage and in the index alike."""
    deposit_many([kind(b"%d" % n) for n in range(60) for kind in (make.v1, make.v2, make.hybrid)])
    hashes = [finding.infohash for finding in scrub()]
    assert len(hashes) == 180
    assert hashes == sorted(set(hashes))
    assert [len(h) for h in hashes] != sorted(len(h) for h in hashes), "they alternate"


def test_a_v1_infohash_that_begins_a_v2_infohash_is_a_torrent_of_its_own(objects: Path) -> None:
    """The longer one is sound; the shorter one, a row made up by this test, has no bytes."""
    infohash = parse_infohash(deposit(V2).infohash)
    deposit(V1)
    Torrent.objects.create(v1=infohash[:20], name="", size=0, files=0, length=0, digest=b"")
    assert scrub_all() == {infohash_of(V1): "sound", infohash_of(V2): "sound", infohash_of(V2)[:40]: "lost"}


def test_all_of_several_batches_are_found(objects: Path) -> None:
    torrents = [(make.v1, make.hybrid)[n % 2](b"%d" % n) for n in range(2100)]
    restore(objects, torrents)
    assert scrub_all() == {make.v1_hash(torrent): "indexed" for torrent in torrents}
    assert scrub_all() == {make.v1_hash(torrent): "sound" for torrent in torrents}
    last = max(torrents, key=make.v1_hash)
    file(objects, last).unlink()
    assert scrub_all()[make.v1_hash(last)] == "lost"
    assert recount() == (2099, 2099)


def test_a_dry_run_finds_the_same_and_changes_nothing(objects: Path, three: None) -> None:
    put(other := make.v1(b"other"))
    file(objects, V1).write_bytes(b"")
    file(objects, V2).unlink()
    Torrent.objects.filter(v1=parse_infohash(infohash_of(HYBRID))).update(size=1)
    Tally.objects.filter(shard=0).update(stored=F("stored") + 7)
    before = rows()
    expected = {
        infohash_of(V1): "damaged",
        infohash_of(V2): "lost",
        infohash_of(HYBRID): "repaired",
        infohash_of(other): "indexed",
    }
    assert scrub_all(dry_run=True) == expected
    assert recount(dry_run=True) == (3, 10)
    assert rows() == before and count_torrents() == 10
    assert file(objects, V1).read_bytes() == b""
    assert scrub_all() == expected
