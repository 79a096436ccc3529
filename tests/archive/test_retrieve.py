"""Retrieving stored torrents, from the storage alone where the database fails."""

import pytest
from pytest_django import Settings

from archive.errors import NotHeld, TakenDown, Unavailable
from archive.store import get_storage, storage_key
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from archive.torrents.retrieve import read_local, redirect_url, retrieve
from tests import make
from tests.missing_table import missing_table

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


def test_the_first_and_the_last_truncated_infohash_can_be_asked_for() -> None:
    """FF…FF has no successor of 20 bytes, and 00…00 no predecessor, so that a range could fail at them."""
    for short in (bytes(20), b"\xff" * 20):
        with pytest.raises(NotHeld):
            retrieve(short)


def test_not_held_and_taken_down_are_different_refusals() -> None:
    with pytest.raises(NotHeld):
        retrieve(V1)
    deposit(HYBRID)
    take_down(V2, "Because.")
    for infohash in (V1, V2, V2[:20]):
        with pytest.raises(TakenDown, match="Because"):
            retrieve(infohash)


def test_a_torrent_whose_bytes_are_lost_is_unavailable_and_not_a_miss() -> None:
    deposit(HYBRID)
    get_storage().delete(storage_key(V1))
    with pytest.raises(Unavailable, match="missing"):
        retrieve(V1)


@pytest.mark.django_db(transaction=True)
def test_while_the_database_fails_the_storage_serves_alone() -> None:
    deposit(HYBRID)
    with missing_table("archive_torrent"):
        assert retrieve(V1).torrent == HYBRID
        with pytest.raises(Unavailable):
            retrieve(V2)


def test_read_local_reads_this_disk_by_the_infohash_that_a_torrent_is_stored_under() -> None:
    deposit(HYBRID)
    assert read_local(V1) == retrieve(V1)
    assert read_local(V2) is None


def test_a_bucket_is_never_read_locally_and_may_serve_by_redirect(bucket: str, settings: Settings) -> None:
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
