"""The command scrub: what it prints, how it exits, and that it corrects the count."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

import storage
from archive.models import Tally
from archive.store import get_storage
from archive.torrents.count import count_torrents
from archive.torrents.deposit import deposit
from archive.torrents.recount import recount
from tests import make
from tests.scrub_archive import V1, V2, file, infohash_of, put, scrub_all

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def run(**options: object) -> str:
    out = io.StringIO()
    call_command("scrub", stdout=out, **options)
    return out.getvalue()


def test_a_wrong_count_is_corrected(three: None) -> None:
    Tally.objects.filter(shard=0).update(stored=F("stored") + 7)
    assert count_torrents() == 10
    assert recount() == (3, 10)
    assert count_torrents() == 3
    deposit(make.v1(b"other"))
    assert count_torrents() == 4


def test_a_missing_count_is_restored(three: None) -> None:
    Tally.objects.all().delete()
    recount()
    assert count_torrents() == 3


def test_the_command_prints_what_it_found_and_fails_if_bytes_are_lost(objects: Path, three: None) -> None:
    put(make.v1(b"other"))
    output = run()
    assert "3 sound" in output and "1 indexed" in output
    assert "Stored: 4. In the index: 4. Counted: 4." in output
    file(objects, V1).write_bytes(b"")
    file(objects, V2).unlink()
    with pytest.raises(CommandError, match="^2 torrents"):
        run()
    assert "2 sound" in run()


def test_the_command_names_each_torrent_that_is_lost(objects: Path, three: None) -> None:
    file(objects, V1).unlink()
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("scrub", stdout=out)
    assert f"lost       {infohash_of(V1)}" in out.getvalue().splitlines()


def test_the_command_corrects_the_count_and_says_so(three: None) -> None:
    Tally.objects.filter(shard=0).update(stored=F("stored") + 7)
    assert "put right" in run()
    assert "wrong" not in run()


def test_objects_that_were_set_aside_are_not_listed_as_torrents(objects: Path, three: None) -> None:
    file(objects, V1).write_bytes(b"")
    scrub_all()
    assert f"{infohash_of(V1)}.torrent.damaged" not in set(get_storage().keys())
    with pytest.raises(storage.ObjectNotFound):
        get_storage().get(f"{infohash_of(V1)}.torrent")
