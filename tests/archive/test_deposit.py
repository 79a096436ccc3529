"""Depositing torrents: what is stored, what is refused, and what happens when two deposits come at once."""

import bz2
import gzip
import hashlib
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
from tests.missing_table import missing_table

Job = TypeVar("Job")
Result = TypeVar("Result")

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def read_stored(infohash: str) -> bytes:
    return retrieve(bytes.fromhex(infohash)).torrent


def test_a_torrent_is_stored_byte_for_byte_under_its_v1_infohash(objects: Path) -> None:
    torrent = make.v1(b"Sintel", 40_000)
    receipt = deposit(torrent)
    assert receipt == Receipt(make.v1_hash(torrent), new=True)
    path = objects / receipt.infohash[:2] / receipt.infohash[2:4] / f"{receipt.infohash}.torrent"
    assert path.read_bytes() == torrent == read_stored(receipt.infohash)


def test_a_hybrid_is_stored_under_v1_and_a_pure_v2_torrent_under_v2() -> None:
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
    assert read_stored(make.v1_hash(first)) == first


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_uploads_are_stored_unpacked(pack: Callable[[bytes], bytes]) -> None:
    torrent = make.v1()
    assert read_stored(deposit(pack(torrent)).infohash) == torrent


def test_trackers_of_later_copies_are_noted_but_not_written_into_the_bytes() -> None:
    first = make.v1(outer={b"announce": b"udp://one.example:1"})
    later = make.v1(outer={b"announce": b"udp://two.example:2", b"announce-list": [[b"udp://one.example:1"]]})
    deposit(first), deposit(later), deposit(later)
    row = Torrent.objects.get()
    assert [tracker.url for tracker in row.later_trackers.all()] == ["udp://two.example:2"]
    assert read_stored(make.v1_hash(first)) == first


def test_at_most_fifty_later_trackers_of_a_torrent_are_noted() -> None:
    deposit(make.v1())
    for start in range(0, 90, 30):
        urls = [[b"udp://%d.example:1" % n] for n in range(start, start + 30)]
        deposit(make.v1(outer={b"announce-list": urls}))
    assert Torrent.objects.get().later_trackers.count() == 50


def test_a_full_file_replaces_one_without_piece_layers_and_never_the_other_way_round() -> None:
    data = b"x" * 100_000
    bare, full = make.v2(data=data, layers=False), make.v2(data=data)
    infohash = deposit(bare).infohash
    assert (read_stored(infohash), Torrent.objects.get().complete) == (bare, False)
    assert deposit(full) == Receipt(infohash, new=False)
    assert (read_stored(infohash), Torrent.objects.get().complete) == (full, True)
    deposit(bare)
    assert read_stored(infohash) == full
    assert Torrent.objects.get().length == len(full)


@pytest.mark.parametrize(
    ("torrent", "refusal"),
    [
        (b"", EmptyTorrent),
        (b"<html>captcha</html>", NotATorrent),
        (make.v1() + bytes(1025), NotATorrent),
        (make.v1()[:-30], Truncated),
        (gzip.compress(make.v1())[:-10], Truncated),
        (make.v1(size=16_384 * 500_001), TooLarge),
        (gzip.compress(bytes(10_000_001)), TooLarge),
        (make.v1(private=1), PrivateTorrent),
        (b"l" * 1000 + b"e" * 1000, NotATorrent),
    ],
    ids=["empty", "html", "much after the end", "cut", "gzip cut", "large", "bomb", "private", "deep"],
)
def test_a_torrent_that_cannot_be_stored_is_refused_with_a_sentence(
    torrent: bytes, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as refused:
        deposit(torrent)
    assert str(refused.value).endswith(".")
    assert count_torrents() == 0
    assert list(get_storage().keys()) == []


def test_private_torrents_are_stored_if_the_settings_allow_them(settings: Settings) -> None:
    settings.PRIVATE_TORRENTS = "keep"
    torrent = make.v1(private=1)
    assert read_stored(deposit(torrent).infohash) == torrent


def test_the_size_limit_is_a_setting(settings: Settings) -> None:
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


def test_a_batch_has_one_outcome_a_torrent_in_order() -> None:
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


def test_of_the_copies_in_a_batch_a_complete_one_is_stored() -> None:
    data = b"x" * 100_000
    bare, full = make.v2(data=data, layers=False), make.v2(data=data)
    deposit_many([bare, full])
    assert read_stored(make.v2_hash(full)) == full


def test_torrents_whose_names_no_database_accepts_are_stored(objects: Path) -> None:
    for name in [b"nul\0nul", b"\xff\xfe\xfd", "\ud800".encode("utf-8", "surrogatepass"), b"n" * 5_000]:
        torrent = make.v1(name)
        assert read_stored(deposit(torrent).infohash) == torrent
    assert count_torrents() == 4


def test_bytes_that_a_crash_left_without_a_row_are_the_first_stored() -> None:
    first, second = make.v1(outer={b"comment": b"first"}), make.v1(outer={b"comment": b"second"})
    get_storage().put(f"{make.v1_hash(first)}.torrent", first)
    assert deposit(second) == Receipt(make.v1_hash(first), new=True)
    assert count_torrents() == 1
    assert read_stored(make.v1_hash(first)) == first
    assert bytes(Torrent.objects.get().digest) == make.sha256(first)


def test_damaged_bytes_without_a_row_are_replaced_by_sound_ones() -> None:
    torrent = make.v1()
    get_storage().put(f"{make.v1_hash(torrent)}.torrent", b"d4:infode")
    assert deposit(torrent).new
    assert read_stored(make.v1_hash(torrent)) == torrent


def test_lost_bytes_are_replaced_by_the_next_copy() -> None:
    first, second = make.v1(outer={b"comment": b"first"}), make.v1(outer={b"comment": b"second"})
    deposit(first)
    for copy in (first, second):
        get_storage().delete(f"{make.v1_hash(first)}.torrent")
        deposit(copy)
        assert read_stored(make.v1_hash(first)) == copy
        assert bytes(Torrent.objects.get().digest) == make.sha256(copy)


def test_a_full_disk_refuses_and_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_URL = "file:///dev/full/torrents"  # no folder can be made there, not even by root
    get_storage.cache_clear()
    with pytest.raises(Unavailable, match="later"):
        deposit(make.v1())
    assert count_torrents() == 0


@pytest.mark.django_db(transaction=True)
def test_a_deposit_is_refused_while_the_database_fails_and_succeeds_afterwards() -> None:
    torrent = make.v1()
    with missing_table("archive_torrent"), pytest.raises(Unavailable, match="later"):
        deposit(torrent)
    assert deposit(torrent).infohash == make.v1_hash(torrent)
    assert count_torrents() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_threads_at_once_store_each_torrent_once() -> None:
    torrents = [make.v1(b"%d" % (n % 20)) for n in range(160)]
    receipts = run_in_threads(lambda torrent: deposit(torrent), torrents)
    assert count_torrents() == Torrent.objects.count() == len(list(get_storage().keys())) == 20
    assert sum(receipt.new for receipt in receipts) == 20
    assert [receipt.infohash for receipt in receipts] == [make.v1_hash(torrent) for torrent in torrents]


@pytest.mark.django_db(transaction=True)
def test_trackers_of_copies_that_come_at_once_are_all_noted() -> None:
    copies = [make.v1(outer={b"announce": b"udp://%d.example:1" % number}) for number in range(8)]
    receipts = run_in_threads(lambda torrent: deposit(torrent), copies)
    assert len({receipt.infohash for receipt in receipts}) == 1
    assert sum(receipt.new for receipt in receipts) == 1
    first = retrieve(make.infohashes(copies[0])[0]).torrent
    others = [copy for copy in copies if copy != first]
    assert set(Tracker.objects.values_list("url", flat=True)) == {
        f"udp://{copies.index(copy)}.example:1" for copy in others
    }


def test_of_two_copies_that_complete_a_torrent_the_first_is_stored() -> None:
    data = b"x" * 100_000
    infohash = deposit(make.v2(data=data, layers=False)).infohash
    full = make.v2(data=data)
    first, second = (full[:-1] + b"1:z1:%be" % letter for letter in (b"1", b"2"))
    assert deposit_many([first, second]) == [Receipt(infohash, new=False)] * 2
    assert (read_stored(infohash), Torrent.objects.get().complete) == (first, True)


def test_a_refusal_keeps_no_torrent_in_memory() -> None:
    """The frames of its traceback would, and spyne's contexts keep a refusal until garbage is collected."""
    for refusal in deposit_many([b"junk", b"d4:info", b"", make.v1(private=1)]):
        assert isinstance(refusal, Refusal)
        assert (refusal.__traceback__, refusal.__cause__, refusal.__context__) == (None, None, None)


@pytest.mark.parametrize("junk", [False, True], ids=["torrents", "junk"])
def test_a_batch_of_highly_compressed_torrents_is_not_unpacked_at_once(junk: bool) -> None:
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


def test_trackers_of_copies_in_one_batch_are_noted() -> None:
    copies = [make.v1(outer={b"announce": b"udp://%d.example:1" % number}) for number in range(3)]
    [first, *others] = deposit_many(copies)
    infohash = make.v1_hash(copies[0])
    assert first == Receipt(infohash, new=True)
    assert others == [Receipt(infohash, new=False)] * 2
    assert set(Tracker.objects.values_list("url", flat=True)) == {"udp://1.example:1", "udp://2.example:1"}


def test_bytes_of_a_blocked_torrent_that_an_interrupted_deposit_left_are_deleted() -> None:
    """The database failed, or the process was killed, after the bytes were written and before the row was."""
    torrent = make.v1()
    take_down(make.infohashes(torrent)[0], "No.")
    get_storage().put(f"{make.v1_hash(torrent)}.torrent", torrent)
    with pytest.raises(TakenDown):
        deposit(torrent)
    assert list(get_storage().keys()) == []


@pytest.mark.django_db(transaction=True)
def test_overlapping_batches_at_once_all_succeed() -> None:
    torrents = [make.v1(b"%d" % n) for n in range(60)]
    batches = [torrents[n:] + torrents[:n] for n in range(0, 60, 10)]
    outcomes = run_in_threads(deposit_many, batches)
    assert all(isinstance(outcome, Receipt) for batch in outcomes for outcome in batch)
    assert count_torrents() == Torrent.objects.count() == 60


@pytest.mark.django_db(transaction=True)
def test_of_a_takedown_and_a_deposit_at_once_the_takedown_wins() -> None:
    torrents = [make.v1(b"%d" % n) for n in range(30)]

    def take_down_or_deposit(job: tuple[str, bytes]) -> None:
        action, torrent = job
        if action == "take down":
            take_down(make.infohashes(torrent)[0], "No.")
        else:
            with suppress(TakenDown):
                deposit(torrent)

    actions = ("deposit", "take down", "deposit")
    run_in_threads(take_down_or_deposit, [(action, torrent) for torrent in torrents for action in actions])
    assert list(get_storage().keys()) == []
    assert count_torrents() == Torrent.objects.count() == 0


@pytest.mark.django_db(transaction=True)  # the threads that write a batch have connections of their own
def test_a_start_with_an_unmounted_disk_creates_no_new_storage(
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
    assert read_stored(receipt.infohash) == torrents[0]


def run_in_threads(work: Callable[[Job], Result], jobs: Sequence[Job]) -> list[Result]:
    """Eight threads, each with a database connection of its own, as in a web server."""

    def run(job: Job) -> Result:
        try:
            return work(job)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(run, jobs))
