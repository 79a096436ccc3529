"""The one way out, and what there is to say of a stored torrent."""

from pathlib import Path

import pytest
from pytest_django import Settings

from archive.browse.describe import describe_torrent
from archive.errors import NotHeld, TakenDown, Unavailable
from archive.models import Tally, Torrent
from archive.store import get_storage, storage_key
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from archive.torrents.deposit import deposit
from archive.torrents.recount import recount
from archive.torrents.retrieve import read_local, redirect_url, retrieve
from tests import make
from tests.archive.test_deposit import away

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

HYBRID = make.hybrid(b"both", b"b" * 50_000)
V1, V2 = make.infohashes(HYBRID)


@pytest.mark.parametrize("infohash", [V1, V2, V2[:20]], ids=["v1", "v2", "truncated v2"])
def test_each_infohash_of_a_hybrid_finds_the_same_object(infohash: bytes) -> None:
    deposit(HYBRID)
    found = retrieve(infohash)
    assert (found.torrent, found.infohash) == (HYBRID, V1.hex().upper())


@pytest.mark.parametrize("infohash", [V2, V2[:20]], ids=["v2", "truncated v2"])
def test_a_pure_v2_torrent_is_found_by_both_its_infohashes(infohash: bytes) -> None:
    pure = make.v2(b"pure")
    deposit(pure)
    v2 = make.infohashes(pure)[1]
    assert retrieve(v2[: len(infohash)]).torrent == pure


def test_the_ends_of_the_range_of_a_truncated_infohash_are_its_own() -> None:
    """FF…FF has no successor of 20 bytes, and 00…00 no predecessor."""
    for short in (bytes(20), b"\xff" * 20):
        with pytest.raises(NotHeld):
            retrieve(short)


def test_what_is_not_held_is_told_apart_from_what_is_taken_down() -> None:
    with pytest.raises(NotHeld):
        retrieve(V1)
    deposit(HYBRID)
    take_down(V2, "Because.")
    for infohash in (V1, V2, V2[:20]):
        with pytest.raises(TakenDown, match="Because"):
            retrieve(infohash)


def test_a_row_whose_bytes_are_lost_is_no_miss() -> None:
    deposit(HYBRID)
    get_storage().delete(storage_key(V1))
    with pytest.raises(Unavailable, match="missing"):
        retrieve(V1)


@pytest.mark.django_db(transaction=True)
def test_while_the_index_is_away_the_storage_answers_alone() -> None:
    deposit(HYBRID)
    with away("archive_torrent"):
        assert retrieve(V1).torrent == HYBRID
        with pytest.raises(Unavailable):
            retrieve(V2)


def test_at_hand_is_what_lies_on_this_disk_under_this_very_name() -> None:
    deposit(HYBRID)
    assert read_local(V1) == retrieve(V1)
    assert read_local(V2) is None


def test_a_bucket_is_never_at_hand_and_may_hand_out_itself(bucket: str, settings: Settings) -> None:
    deposit_into(settings, bucket)
    assert (read_local(V1), redirect_url(V1)) == (None, None)
    assert retrieve(V2).torrent == HYBRID
    settings.STORAGE_URL = f"{bucket}&links=public&public=https://cdn.example/torrents"
    get_storage.cache_clear()
    assert redirect_url(V2) == f"https://cdn.example/torrents/{V1.hex().upper()}.torrent"
    with pytest.raises(NotHeld):
        redirect_url(bytes(20))


def deposit_into(settings: Settings, url: str) -> None:
    settings.STORAGE_URL = url
    get_storage.cache_clear()
    deposit(HYBRID)


def test_a_description_has_what_a_page_shows() -> None:
    first = make.hybrid(b"both", b"b" * 50_000)
    later = HYBRID.replace(make.TRACKER, make.TRACKER.replace(b"tracker", b"another"))
    deposit(first), deposit(later)
    shown = describe_torrent(V2)
    assert (shown.infohash, shown.v1, shown.v2) == (V1.hex().upper(), V1.hex().upper(), V2.hex().upper())
    assert (shown.metainfo.name, shown.metainfo.size, shown.metainfo.file_count) == ("both", 50_000, 1)
    assert shown.trackers == ("http://tracker.example/announce", "http://another.example/announce")
    assert [(file.path, file.size) for file in shown.files()] == [(("both",), 50_000)]
    assert (shown.length, shown.stored_at) == (len(first), Torrent.objects.get().stored_at)
    with pytest.raises(NotHeld):
        describe_torrent(bytes(20))


def test_the_count_follows_the_rows_whoever_changes_them(objects: Path) -> None:
    for n in range(5):
        deposit(make.v1(b"%d" % n))
    assert count_torrents() == 5
    Torrent.objects.filter(name__in=["0", "1"]).delete()
    assert count_torrents() == 3
    Torrent.objects.bulk_create(
        [Torrent(v1=bytes([n]) * 20, size=0, files=0, length=0, digest=b"") for n in range(9)]
    )
    assert count_torrents() == 12


def test_a_tally_that_was_tampered_with_is_put_right() -> None:
    deposit(HYBRID)
    Tally.objects.update(stored=100)
    wrong = count_torrents()
    assert recount(dry_run=True) == recount() == (1, wrong)
    assert (count_torrents(), recount()) == (1, (1, 1))
