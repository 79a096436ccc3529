"""The one way in: what is kept, what is refused, and what happens when two come at once."""

import bz2
import gzip
import hashlib
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest
from django.db import connection
from pytest_django import Settings

from archive.errors import PrivateTorrent, TakenDown, Unavailable
from archive.models import Torrent, Tracker
from archive.store import get_storage
from archive.takedowns.takedown import lift_takedown, take_down
from archive.torrents.count import count_torrents
from archive.torrents.deposit import Receipt, deposit, deposit_many
from archive.torrents.retrieve import retrieve
from metainfo.errors import EmptyTorrent, NotATorrent, Refusal, TooLarge, Truncated
from tests import make

Job = TypeVar("Job")
Result = TypeVar("Result")

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def kept(infohash: str) -> bytes:
    return retrieve(bytes.fromhex(infohash)).torrent


def test_a_torrent_is_kept_byte_for_byte_under_its_v1_infohash(objects: Path) -> None:
    torrent = make.v1(b"Sintel", 40_000)
    receipt = deposit(torrent)
    assert receipt == Receipt(make.v1_hash(torrent), new=True)
    path = objects / receipt.infohash[:2] / receipt.infohash[2:4] / f"{receipt.infohash}.torrent"
    assert path.read_bytes() == torrent == kept(receipt.infohash)


def test_a_hybrid_is_kept_under_v1_and_a_pure_v2_torrent_under_v2() -> None:
    both, pure = make.hybrid(b"both"), make.v2(b"pure")
    assert deposit(both).infohash == make.v1_hash(both)
    assert deposit(pure).infohash == make.v2_hash(pure)


def test_unsorted_keys_are_hashed_as_they_stand() -> None:
    info = b"d6:lengthi5e12:piece lengthi16384e4:name1:a6:pieces20:" + bytes(20) + b"e"
    receipt = deposit(b"d4:info" + info + b"e")
    assert bytes.fromhex(receipt.infohash) == hashlib.sha1(info).digest()


def test_the_same_torrent_again_is_a_success_that_changes_nothing() -> None:
    torrent = make.v1()
    first = deposit(torrent)
    assert deposit(torrent) == Receipt(first.infohash, new=False)
    assert count_torrents() == 1


def test_the_first_stored_bytes_win() -> None:
    first, second = make.v1(outer={b"comment": b"first"}), make.v1(outer={b"comment": b"second"})
    assert deposit(first).infohash == deposit(second).infohash
    assert kept(make.v1_hash(first)) == first


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_uploads_are_kept_unpacked(pack: Callable[[bytes], bytes]) -> None:
    torrent = make.v1()
    assert kept(deposit(pack(torrent)).infohash) == torrent


def test_trackers_of_later_copies_are_remembered_but_not_written_into_the_bytes() -> None:
    first = make.v1(outer={b"announce": b"udp://one.example:1"})
    later = make.v1(outer={b"announce": b"udp://two.example:2", b"announce-list": [[b"udp://one.example:1"]]})
    deposit(first), deposit(later), deposit(later)
    row = Torrent.objects.get()
    assert [tracker.url for tracker in row.later_trackers.all()] == ["udp://two.example:2"]
    assert kept(make.v1_hash(first)) == first


def test_a_flood_of_trackers_is_bounded() -> None:
    deposit(make.v1())
    for start in range(0, 90, 30):
        urls = [[b"udp://%d.example:1" % n] for n in range(start, start + 30)]
        deposit(make.v1(outer={b"announce-list": urls}))
    assert Torrent.objects.get().later_trackers.count() == 50


def test_a_full_file_replaces_one_without_piece_layers_and_never_the_other_way_round() -> None:
    data = b"x" * 100_000
    bare, full = make.v2(data=data, layers=False), make.v2(data=data)
    infohash = deposit(bare).infohash
    assert (kept(infohash), Torrent.objects.get().complete) == (bare, False)
    assert deposit(full) == Receipt(infohash, new=False)
    assert (kept(infohash), Torrent.objects.get().complete) == (full, True)
    deposit(bare)
    assert kept(infohash) == full
    assert Torrent.objects.get().length == len(full)


@pytest.mark.parametrize(
    ("torrent", "refusal"),
    [
        (b"", EmptyTorrent),
        (b"<html>captcha</html>", NotATorrent),
        (make.v1() + b"\n", NotATorrent),
        (make.v1()[:-30], Truncated),
        (gzip.compress(make.v1())[:-10], Truncated),
        (make.v1(size=16_384 * 500_001), TooLarge),
        (gzip.compress(bytes(10_000_001)), TooLarge),
        (make.v1(private=1), PrivateTorrent),
        (b"l" * 1000 + b"e" * 1000, NotATorrent),
    ],
    ids=["empty", "html", "newline", "cut", "gzip cut", "large", "bomb", "private", "deep"],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(torrent: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        deposit(torrent)
    assert str(refused.value).endswith(".")
    assert count_torrents() == 0
    assert list(get_storage().keys()) == []


def test_private_torrents_are_kept_where_the_operator_wants_that(settings: Settings) -> None:
    settings.PRIVATE_TORRENTS = "keep"
    torrent = make.v1(private=1)
    assert kept(deposit(torrent).infohash) == torrent


def test_the_largest_torrent_is_a_setting(settings: Settings) -> None:
    torrent = make.v1()
    settings.MAX_TORRENT_BYTES = len(torrent) - 1
    with pytest.raises(TooLarge):
        deposit(torrent)
    settings.MAX_TORRENT_BYTES = len(torrent)
    assert deposit(torrent).new


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_blocked_torrent_is_refused_by_whichever_infohash_it_was_blocked(which: int) -> None:
    torrent = make.hybrid()
    v1, v2 = make.infohashes(torrent)
    take_down([v1, v2, v2[:20]][which], "Because of a court order.")
    with pytest.raises(TakenDown, match="court order"):
        deposit(torrent)
    lift_takedown([v1, v2, v2[:20]][which])
    assert deposit(torrent).new


def test_a_batch_gives_each_its_own_outcome_in_order() -> None:
    held, fresh, bad, blocked = make.v1(b"held"), make.v1(b"fresh"), b"junk", make.v1(b"blocked")
    deposit(held)
    take_down(make.infohashes(blocked)[0], "No.")
    outcomes = deposit_many([bad, held, fresh, fresh, blocked, make.v2(b"fresh too")])
    assert [type(outcome) for outcome in outcomes] == [
        NotATorrent,
        Receipt,
        Receipt,
        Receipt,
        TakenDown,
        Receipt,
    ]
    assert [one.new for one in outcomes if isinstance(one, Receipt)] == [False, True, False, True]
    assert count_torrents() == 3


def test_a_complete_copy_in_a_batch_is_the_one_that_is_kept() -> None:
    data = b"x" * 100_000
    bare, full = make.v2(data=data, layers=False), make.v2(data=data)
    deposit_many([bare, full])
    assert kept(make.v2_hash(full)) == full


def test_names_that_a_database_would_choke_on_are_kept(objects: Path) -> None:
    for name in [b"nul\0nul", b"\xff\xfe\xfd", "\ud800".encode("utf-8", "surrogatepass"), b"n" * 5_000]:
        torrent = make.v1(name)
        assert kept(deposit(torrent).infohash) == torrent
    assert count_torrents() == 4


def test_bytes_that_a_crash_left_without_a_row_are_the_first_stored() -> None:
    first, second = make.v1(outer={b"comment": b"first"}), make.v1(outer={b"comment": b"second"})
    get_storage().put(f"{make.v1_hash(first)}.torrent", first)
    assert deposit(second) == Receipt(make.v1_hash(first), new=True)
    assert count_torrents() == 1
    assert kept(make.v1_hash(first)) == first
    assert bytes(Torrent.objects.get().digest) == make.sha256(first)


def test_damaged_bytes_without_a_row_give_way_to_sound_ones() -> None:
    torrent = make.v1()
    get_storage().put(f"{make.v1_hash(torrent)}.torrent", b"d4:infode")
    assert deposit(torrent).new
    assert kept(make.v1_hash(torrent)) == torrent


def test_lost_bytes_are_healed_by_the_next_copy() -> None:
    first, second = make.v1(outer={b"comment": b"first"}), make.v1(outer={b"comment": b"second"})
    deposit(first)
    for copy in (first, second):
        get_storage().delete(f"{make.v1_hash(first)}.torrent")
        deposit(copy)
        assert kept(make.v1_hash(first)) == copy
        assert bytes(Torrent.objects.get().digest) == make.sha256(copy)


def test_a_full_disk_refuses_and_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_URL = "file:///dev/full/torrents"  # no folder can be made there, whoever asks
    get_storage.cache_clear()
    with pytest.raises(Unavailable, match="later"):
        deposit(make.v1())
    assert count_torrents() == 0


@pytest.mark.django_db(transaction=True)
def test_an_index_that_is_away_refuses_and_the_next_try_succeeds() -> None:
    torrent = make.v1()
    with away("archive_torrent"), pytest.raises(Unavailable, match="later"):
        deposit(torrent)
    assert deposit(torrent).infohash == make.v1_hash(torrent)
    assert count_torrents() == 1


@contextmanager
def away(table: str) -> Iterator[None]:
    """A database that lacks a table answers every query with an error, as one does that is being restored."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_store_each_torrent_once() -> None:
    torrents = [make.v1(b"%d" % (n % 20)) for n in range(160)]
    receipts = together(lambda torrent: deposit(torrent), torrents)
    assert count_torrents() == Torrent.objects.count() == len(list(get_storage().keys())) == 20
    assert sum(receipt.new for receipt in receipts) == 20
    assert [receipt.infohash for receipt in receipts] == [make.v1_hash(torrent) for torrent in torrents]


@pytest.mark.django_db(transaction=True)
def test_trackers_of_copies_that_come_at_once_are_all_remembered() -> None:
    copies = [make.v1(outer={b"announce": b"udp://%d.example:1" % number}) for number in range(8)]
    receipts = together(lambda torrent: deposit(torrent), copies)
    assert len({receipt.infohash for receipt in receipts}) == 1
    assert sum(receipt.new for receipt in receipts) == 1
    first = retrieve(make.infohashes(copies[0])[0]).torrent
    others = [copy for copy in copies if copy != first]
    assert set(Tracker.objects.values_list("url", flat=True)) == {
        f"udp://{copies.index(copy)}.example:1" for copy in others
    }


def test_of_two_that_complete_the_same_torrent_the_first_is_kept() -> None:
    data = b"x" * 100_000
    infohash = deposit(make.v2(data=data, layers=False)).infohash
    full = make.v2(data=data)
    first, second = (full[:-1] + b"1:z1:%be" % letter for letter in (b"1", b"2"))
    assert deposit_many([first, second]) == [Receipt(infohash, new=False)] * 2
    assert (kept(infohash), Torrent.objects.get().complete) == (first, True)


def test_a_refusal_that_is_kept_keeps_no_torrent() -> None:
    """Its frames would, and whoever says it may keep it: spyne's contexts go only with the garbage."""
    for refusal in deposit_many([b"junk", b"d4:info", b"", make.v1(private=1)]):
        assert isinstance(refusal, Refusal)
        assert (refusal.__traceback__, refusal.__cause__, refusal.__context__) == (None, None, None)


@pytest.mark.parametrize("junk", [False, True], ids=["torrents", "junk"])
def test_what_comes_packed_small_is_not_all_unpacked_at_once(junk: bool) -> None:
    comment = {b"comment": bytes(9_900_000)}
    packed = [gzip.compress(b"x" * junk + make.v1(b"%d" % n, outer=comment)) for n in range(12)]
    tracemalloc.start()
    try:
        outcomes = deposit_many(packed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [isinstance(outcome, Receipt) for outcome in outcomes] == [not junk] * 12
    assert peak < 80_000_000


def test_what_comes_twice_in_a_batch_brings_its_trackers() -> None:
    copies = [make.v1(outer={b"announce": b"udp://%d.example:1" % number}) for number in range(3)]
    [first, *others] = deposit_many(copies)
    infohash = make.v1_hash(copies[0])
    assert first == Receipt(infohash, new=True)
    assert others == [Receipt(infohash, new=False)] * 2
    assert set(Tracker.objects.values_list("url", flat=True)) == {"udp://1.example:1", "udp://2.example:1"}


def test_what_a_try_left_that_a_takedown_overtook_is_gone_with_the_next() -> None:
    """As when the index failed, or a kill came, between the bytes and the row."""
    torrent = make.v1()
    take_down(make.infohashes(torrent)[0], "No.")
    get_storage().put(f"{make.v1_hash(torrent)}.torrent", torrent)
    with pytest.raises(TakenDown):
        deposit(torrent)
    assert list(get_storage().keys()) == []


@pytest.mark.django_db(transaction=True)
def test_batches_that_overlap_do_not_trip_over_each_other() -> None:
    torrents = [make.v1(b"%d" % n) for n in range(60)]
    batches = [torrents[n:] + torrents[:n] for n in range(0, 60, 10)]
    outcomes = together(deposit_many, batches)
    assert all(isinstance(outcome, Receipt) for batch in outcomes for outcome in batch)
    assert count_torrents() == Torrent.objects.count() == 60


@pytest.mark.django_db(transaction=True)
def test_a_takedown_that_meets_a_deposit_always_wins() -> None:
    torrents = [make.v1(b"%d" % n) for n in range(30)]

    def meet(job: tuple[str, bytes]) -> None:
        what, torrent = job
        if what == "take down":
            take_down(make.infohashes(torrent)[0], "No.")
        else:
            with suppress(TakenDown):
                deposit(torrent)

    together(meet, [(what, torrent) for torrent in torrents for what in ("deposit", "take down", "deposit")])
    assert list(get_storage().keys()) == []
    assert count_torrents() == Torrent.objects.count() == 0


@pytest.mark.django_db(transaction=True)  # writers of a batch look with eyes of their own
def test_a_start_without_the_disk_begins_no_new_storage(
    objects: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torrents = [make.v1(b"%d" % number) for number in range(4)]
    receipt = deposit(torrents[0])
    objects.rename(objects.with_name("unmounted"))
    objects.mkdir()
    get_storage.cache_clear()  # as after a start
    with pytest.raises(Unavailable):
        deposit(torrents[1])
    assert all(isinstance(outcome, Unavailable) for outcome in deposit_many(torrents[2:]))
    assert f"{objects} is empty or gone, though torrents are held: its disk is not mounted" in caplog.text
    objects.rmdir()
    objects.with_name("unmounted").rename(objects)
    assert deposit(torrents[1]).new
    assert kept(receipt.infohash) == torrents[0]


def together(work: Callable[[Job], Result], jobs: Sequence[Job]) -> list[Result]:
    """Eight threads, each with a database connection of its own, as in a web server."""

    def one(job: Job) -> Result:
        try:
            return work(job)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, jobs))
