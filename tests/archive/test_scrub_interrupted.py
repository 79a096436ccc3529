"""Scrub while torrents are stored and taken down, and while the storage cannot be read."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from archive.errors import Unavailable
from archive.models import Takedown, Torrent
from archive.store import get_storage
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from archive.torrents.deposit import deposit
from archive.torrents.recount import recount
from archive.torrents.scrub import Verdict, scrub
from metainfo.infohash import parse_infohash
from storage import StoredObject
from tests import make
from tests.scrub_archive import ALL, HYBRID, V1, V2, file, infohash_of, put, restore, scrub_all

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_torrent_deposited_during_a_scrub_is_sound(objects: Path) -> None:
    """Rows are read a page ahead of the objects: the row of what is deposited in between was not there yet."""
    torrents = sorted((make.v1(b"%d" % n) for n in range(1300)), key=make.v1_hash)
    late = torrents.pop(-2)
    restore(objects, torrents[400:])
    scrub_all()
    restore(objects, torrents[:400])
    running = scrub()
    first = next(running)
    deposit(late)
    verdicts = {finding.infohash: finding.verdict for finding in (first, *running)}
    assert [infohash for infohash, verdict in verdicts.items() if verdict is Verdict.INDEXED] == [
        make.v1_hash(torrent) for torrent in torrents[:400]
    ]
    assert verdicts[make.v1_hash(late)] is Verdict.SOUND
    assert recount() == (1300, 1300)


def test_a_takedown_during_a_scrub_takes_precedence(objects: Path) -> None:
    """It comes when the object has been found sound, and its row is about to be written."""
    put(HYBRID)

    def take_down_before_insert(execute: Callable[..., object], sql: str, *args: object) -> object:
        if sql.startswith('INSERT INTO "archive_torrent"') and not Takedown.objects.exists():
            take_down(make.infohashes(HYBRID)[1], "Court order")
            # The torrent was not in the index, so that the takedown did not know its other infohash.
            assert file(objects, HYBRID).exists()
        return execute(sql, *args)

    with connection.execute_wrapper(take_down_before_insert):
        scrub_all()
    assert count_torrents() == 0
    assert not file(objects, HYBRID).exists()


def test_a_takedown_during_a_repair_takes_precedence(
    objects: Path, three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between the second read of the object and the writing of its row."""
    Torrent.objects.filter(v1=parse_infohash(infohash_of(HYBRID))).update(size=1)
    read, reads = get_storage().get, Counter[str]()

    def take_down_at_second_read(key: str, max_bytes: int | None = None) -> StoredObject:
        stored = read(key, max_bytes)
        reads[key] += 1
        if reads[key] == 2:
            take_down(make.infohashes(HYBRID)[0], "Court order")
        return stored

    monkeypatch.setattr(get_storage(), "get", take_down_at_second_read)
    scrub_all()
    assert reads[file(objects, HYBRID).name] == 2
    assert not Torrent.objects.find(make.infohashes(HYBRID)[0])
    assert count_torrents() == 2


def test_one_object_that_cannot_be_read_stops_nothing(objects: Path, three: None) -> None:
    """A folder in its place gives an error on reading, as a bad sector does."""
    file(objects, V1).unlink()
    file(objects, V1).mkdir()
    assert scrub_all() == {
        infohash_of(V1): "unreadable",
        infohash_of(V2): "sound",
        infohash_of(HYBRID): "sound",
    }
    assert count_torrents() == 3


def test_a_storage_without_one_readable_object_stops_the_scrub(objects: Path, three: None) -> None:
    for torrent in ALL:
        file(objects, torrent).unlink()
        file(objects, torrent).mkdir()
    with pytest.raises(Unavailable):
        scrub_all()
    assert count_torrents() == 3
