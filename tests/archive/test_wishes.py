"""Wishes: noted once, searched for once, tried again with growing gaps, and met by whoever brings the torrent."""

import json
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice, pairwise

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from archive.db.driver import is_postgresql
from archive.db.notify import NEW_WISHES, SETTLED_WISHES, Listener, listen, notify_now, notify_on_commit
from archive.db.slots import AT_ONCE, aside, turn
from archive.errors import NotHeld, StillWanted, TakenDown, TooManyWishes, Unavailable
from archive.models import Wanted
from archive.queue import leases, peer_hints, waiters
from archive.queue.enqueue import RECENT_MISS, WishRequest
from archive.queue.peer_hints import PeerHints
from archive.queue.wishes import WishStatus, enqueue_requests, enqueue_wishes, wish_status
from archive.takedowns.takedown import lift_takedown, take_down
from archive.torrents.deposit import deposit
from archive.torrents.resolve import resolve
from metainfo.errors import Refusal
from metainfo.magnet import Magnet
from tests import make

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

TORRENT, BOTH, PURE = make.v1(b"wanted"), make.hybrid(b"both"), make.v2(b"pure", b"p" * 100_000)
HASH = make.infohashes(TORRENT)[0]
WISH = Magnet(HASH, trackers=("udp://one.example:1/announce",), peers=(("192.0.2.1", 1),))
HOME, AWAY = "198.51.100.1", "198.51.100.2"


@pytest.fixture(autouse=True)
def asking(settings: Settings) -> None:
    settings.RESOLVE = True


def dead(count: int) -> list[Magnet]:
    return [Magnet(number.to_bytes(20, "big")) for number in range(count)]


def later(gap: timedelta) -> None:
    """Let the clock go on for every wish."""
    for row in Wanted.objects.all():
        row.next_try, row.asked_at, row.since = row.next_try - gap, row.asked_at - gap, row.since - gap
        row.tried_at = row.tried_at and row.tried_at - gap
        row.leased_until = row.leased_until and row.leased_until - gap
        row.save()


def test_a_wish_is_claimed_with_all_that_is_known_of_it() -> None:
    enqueue_wishes([WISH], HOME)
    [claimed] = leases.claim_wishes("one", 10)
    assert (claimed.v1, claimed.v2, claimed.trackers) == (HASH, None, WISH.trackers)


@pytest.mark.django_db(transaction=True)
def test_resolvers_are_told_of_the_peers_that_a_wish_names() -> None:
    ear, told = listen(NEW_WISHES), PeerHints()
    more = tuple((f"2001:db8::{n:x}", 65_535) for n in range(30))
    peers: set[tuple[str, int]] = set()
    try:
        enqueue_wishes([WISH, Magnet(HASH, peers=more)], HOME)
        enqueue_wishes([Magnet(bytes(20))], HOME)
        [name] = {wish.names for wish in leases.claim_wishes("one", 10)} - {bytes(20)}
        for _ in range(60):  # PostgreSQL takes its time
            told.receive(ear.receive(0.5))
            peers |= told.take(name)
            if len(peers) > 20:
                break
    finally:
        ear.close()
    assert peers == {*WISH.peers, *more[:20]}
    assert told.take(bytes(20)) == set()


@pytest.mark.django_db(transaction=True)
def test_of_peers_it_is_told_again_since_a_resolver_may_have_come_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer_hints, "REPEAT_DELAYS", (1, 1, 1))
    enqueue_wishes([WISH], HOME)
    enqueue_wishes([Magnet(HASH, peers=(("192.0.2.2", 2),))], HOME)
    ear, told, heard = listen(NEW_WISHES), PeerHints(), []
    try:
        silence = 0  # the last time is on its way when nothing is left to tell
        while peer_hints._echo._hints or silence < 20:
            told.receive(ear.receive(0.1))
            if peers := told.take(HASH):
                heard.append(peers)
            silence = 0 if peers else silence + 1
    finally:
        ear.close()
    assert heard == [{*WISH.peers, ("192.0.2.2", 2)}] * len(heard)
    assert len(heard) > 1


def test_a_hint_that_cannot_be_given_is_lost_and_breaks_nobody() -> None:
    """Where a process has no descriptor left, say."""
    ear = listen(NEW_WISHES)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        notify_now(NEW_WISHES, ["lost"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        ear.close()


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_with_one_wish_is_told_and_the_next_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def note(asked: Sequence[WishRequest]) -> list[WishStatus | Refusal]:
        if any(one.magnet.v1 == bytes(20) for one in asked):
            raise RuntimeError("nobody has thought of this")
        return enqueue_requests(asked)

    monkeypatch.setattr(waiters, "enqueue_requests", note)
    with pytest.raises(Unavailable):
        resolve(Magnet(bytes(20)), HOME, 0)
    with pytest.raises(StillWanted):
        resolve(WISH, HOME, 0)


def hear(told: PeerHints, wish: int, peers: list[tuple[str, int]]) -> None:
    sealed = peer_hints._seal().encrypt(json.dumps(peers).encode()).decode()
    told.receive([f"{wish:02x}:{sealed}"])


def test_what_a_resolver_cannot_read_it_has_not_heard() -> None:
    told = PeerHints()
    told.receive(
        [
            "",
            "01",
            "01:",
            "01:gAAAAABnonsense",
            "zz:",
            ":",
            f"01:{Fernet(Fernet.generate_key()).encrypt(b'[]').decode()}",
        ]
    )
    assert told.take(b"\x01") == set()


def test_the_peers_of_one_wish_are_not_without_number() -> None:
    """Whoever asks again and again for one torrent names others each time."""
    told = PeerHints()
    for number in range(100):
        hear(told, 1, [(f"192.0.2.{number}", port) for port in range(1, 21)])
    assert len(told.take(b"\x01")) == 40


def test_of_what_a_resolver_is_told_it_forgets_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_hints, "_KEPT", 2)
    told = PeerHints()
    for wish in (1, 2, 1, 3):
        hear(told, wish, [("192.0.2.1", wish)])
    assert [told.take(bytes([wish])) for wish in (1, 2, 3)] == [
        {("192.0.2.1", 1)},
        set(),
        {("192.0.2.1", 3)},
    ]


def test_a_peer_is_a_reason_to_look_again_unless_the_last_search_knew_some() -> None:
    enqueue_wishes([Magnet(HASH)], HOME)
    leases.record_misses(leases.claim_wishes("one", 10), "one")
    peers = Magnet(HASH, peers=WISH.peers)
    assert enqueue_wishes([peers], HOME)[0].searching
    [wish] = leases.claim_wishes("one", 10)
    wish.peers.update(WISH.peers)
    leases.record_misses([wish], "one")
    assert not enqueue_wishes([peers], HOME)[0].searching


def test_equal_wishes_are_one_and_what_each_knows_is_put_together() -> None:
    enqueue_wishes([WISH], HOME)
    enqueue_wishes([Magnet(HASH, trackers=("udp://two.example:1/announce",))], AWAY)
    [claimed] = leases.claim_wishes("one", 10)
    assert claimed.trackers == (*WISH.trackers, "udp://two.example:1/announce")
    assert leases.claim_wishes("two", 10) == []


def test_a_wish_that_pairs_a_hash_with_a_wrong_one_does_not_touch_the_right_one() -> None:
    v1, v2 = make.infohashes(BOTH)
    enqueue_wishes([Magnet(v1, bytes(32)), Magnet(v1, v2), Magnet(v1)], HOME)
    assert {(wish.v1, wish.v2) for wish in leases.claim_wishes("one", 10)} == {
        (v1, bytes(32)),
        (v1, v2),
        (v1, None),
    }


def test_a_hint_that_comes_during_a_search_is_followed_at_once_afterwards() -> None:
    enqueue_wishes([Magnet(HASH)], HOME)
    blind = leases.claim_wishes("one", 10)
    enqueue_wishes([WISH], HOME)
    leases.record_misses(blind, "one")
    assert leases.claim_wishes("one", 10)[0].trackers == WISH.trackers


def test_a_miss_is_tried_again_with_growing_gaps() -> None:
    enqueue_wishes([WISH], HOME)
    gaps = []
    for attempt in range(1, 10):
        wishes = leases.claim_wishes("one", 10)
        before = timezone.now()
        leases.record_misses(wishes, "one")
        now = wish_status(HASH)
        assert (now.state, now.searching, now.attempts) == ("pending", False, attempt)
        assert leases.claim_wishes("one", 10) == []
        assert now.next_try is not None
        gaps.append(now.next_try - before)
        later(gaps[-1] + timedelta(seconds=1))
    assert all(first < second + timedelta(seconds=1) for first, second in pairwise(gaps))
    assert gaps[0] < timedelta(minutes=2) < timedelta(days=1) < gaps[-1] < timedelta(days=7)


def test_a_recent_miss_is_an_answer_and_an_old_one_is_a_reason_to_look_again() -> None:
    enqueue_wishes([WISH], HOME)
    for _ in range(4):
        leases.record_misses(leases.claim_wishes("one", 10), "one")
        Wanted.objects.update(next_try=timezone.now())
    leases.record_misses(leases.claim_wishes("one", 10), "one")
    [recent] = enqueue_wishes([Magnet(HASH)], HOME, awaited=True)
    assert not recent.searching
    assert 0 < recent.retry_after <= RECENT_MISS.total_seconds()
    later(RECENT_MISS + timedelta(seconds=1))
    [old] = enqueue_wishes([Magnet(HASH)], HOME, awaited=True)
    assert old.searching


def test_what_nobody_asks_for_in_a_month_is_forgotten() -> None:
    enqueue_wishes(dead(3), HOME)
    later(timedelta(days=20))
    enqueue_wishes(dead(1), HOME)
    later(timedelta(days=20))
    assert leases.delete_stale_wishes() == 2
    assert wish_status(dead(1)[0].infohash).state == "pending"
    with pytest.raises(NotHeld):
        wish_status(dead(3)[2].infohash)


def test_a_wish_that_somebody_waits_for_goes_first() -> None:
    enqueue_wishes(dead(20), HOME)
    enqueue_wishes([WISH], HOME, awaited=True)
    assert [wish.v1 for wish in leases.claim_wishes("one", 1)] == [HASH]


def test_a_lease_that_is_not_renewed_runs_out() -> None:
    enqueue_wishes([WISH], HOME)
    leases.claim_wishes("killed", 10)
    assert leases.claim_wishes("two", 10) == []
    later(leases.LEASE_TIME + timedelta(seconds=1))
    leases.reclaim_expired_leases()
    assert [wish.v1 for wish in leases.claim_wishes("two", 10)] == [HASH]


def test_a_lease_that_is_renewed_lasts() -> None:
    enqueue_wishes([WISH], HOME)
    [wish] = leases.claim_wishes("one", 10)
    later(leases.LEASE_TIME - timedelta(seconds=1))
    leases.renew_leases("one", [wish.number])
    later(timedelta(seconds=2))
    leases.reclaim_expired_leases()
    assert leases.claim_wishes("two", 10) == []


def test_who_lost_the_lease_has_no_say_any_more() -> None:
    enqueue_wishes([WISH], HOME)
    wishes = leases.claim_wishes("slow", 10)
    later(leases.LEASE_TIME + timedelta(seconds=1))
    leases.reclaim_expired_leases()
    leases.claim_wishes("two", 10)
    leases.record_misses(wishes, "slow")
    assert wish_status(HASH).searching


def test_what_kills_one_resolver_after_another_is_put_off_for_longer_and_longer() -> None:
    enqueue_wishes([WISH], HOME)
    gaps = []
    for number in range(6):
        [deadly] = leases.claim_wishes(f"resolver {number}", 10)
        later(leases.LEASE_TIME + timedelta(seconds=1))
        before = timezone.now()
        leases.reclaim_expired_leases()
        now = wish_status(HASH)
        assert (now.attempts, now.leased) == (number + 1, False)
        assert now.next_try is not None
        gaps.append(max(now.next_try - before, timedelta()))
        assert bool(leases.claim_wishes("other", 10)) == (gaps[-1] == timedelta())
        leases.release_leases("other")
        later(gaps[-1] + timedelta(seconds=1))
    assert gaps[0] == timedelta()  # it happens to the innocent as well
    assert timedelta(seconds=30) <= gaps[1] <= timedelta(seconds=90)
    # Chance takes or gives half of each; the fourfold is then a third more at the least.
    assert all(first * 1.33 < second for first, second in pairwise(gaps[1:]))
    leases.record_misses(leases.claim_wishes("careful", 10), "careful")
    assert Wanted.objects.get().deserted == 0


def test_two_that_were_deserted_twice_do_not_come_back_together() -> None:
    enqueue_wishes(dead(50), HOME)
    for resolver in ("one", "two"):
        assert len(leases.claim_wishes(resolver, 50)) == 50
        later(leases.LEASE_TIME + timedelta(seconds=1))
        leases.reclaim_expired_leases()
    tries = sorted(row.next_try for row in Wanted.objects.all())
    assert tries[-1] - tries[0] > timedelta(seconds=20)


def test_a_resolver_that_stops_leaves_its_wishes_to_others() -> None:
    enqueue_wishes([WISH], HOME)
    leases.claim_wishes("one", 10)
    leases.release_leases("one")
    assert len(leases.claim_wishes("two", 10)) == 1


@pytest.mark.django_db(transaction=True)
def test_resolvers_at_once_never_get_the_same_wish() -> None:
    enqueue_wishes(dead(200), HOME)

    def take(name: int) -> list[int]:
        try:
            taken: list[int] = []
            while wishes := leases.claim_wishes(str(name), 7):
                taken += [wish.number for wish in wishes]
            return taken
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        taken = [number for each in threads.map(take, range(4)) for number in each]
    assert len(taken) == len(set(taken))
    # A resolver may find the others' rows locked and go home early; what it left is there for the next look.
    assert len(set(taken) | set(take(5))) == 200


@pytest.mark.parametrize(
    ("torrent", "asked"),
    [
        (TORRENT, Magnet(HASH)),
        (BOTH, Magnet(make.infohashes(BOTH)[0])),
        (BOTH, Magnet(v2=make.infohashes(BOTH)[1])),
        (BOTH, Magnet(*make.infohashes(BOTH))),
        (PURE, Magnet(v2=make.infohashes(PURE)[1])),
        (PURE, Magnet(make.infohashes(PURE)[1][:20])),
    ],
    ids=["v1", "hybrid by v1", "hybrid by v2", "hybrid by both", "v2", "truncated v2"],
)
def test_a_deposit_by_anybody_meets_the_wish(torrent: bytes, asked: Magnet) -> None:
    enqueue_wishes([asked], HOME)
    deposit(torrent)
    assert not Wanted.objects.exists()
    assert wish_status(asked.infohash).state == "held"
    assert enqueue_wishes([asked], HOME)[0].state == "held"


def test_a_torrent_without_its_piece_layers_leaves_the_wish_open_until_they_come() -> None:
    v2 = make.infohashes(PURE)[1]
    enqueue_wishes([Magnet(v2=v2)], HOME)
    [wish] = leases.claim_wishes("one", 10)
    deposit(make.v2(b"pure", b"p" * 100_000, layers=False))
    leases.record_misses([wish], "one")
    later(timedelta(minutes=2))
    assert len(leases.claim_wishes("one", 10)) == 1
    deposit(PURE)
    assert not Wanted.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_blocked_is_not_wanted() -> None:
    take_down(HASH, "No.")
    assert enqueue_wishes([WISH], HOME)[0].state == "given up"
    assert not Wanted.objects.exists()
    with pytest.raises(TakenDown):
        resolve(WISH, HOME, 5)
    with pytest.raises(TakenDown):
        wish_status(HASH)


def test_what_is_blocked_after_it_was_asked_for_is_not_searched_for() -> None:
    enqueue_wishes([WISH], HOME)
    take_down(HASH, "No.")
    assert leases.claim_wishes("one", 10) == []
    lift_takedown(HASH)
    assert not Wanted.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_the_archive_does_not_take_is_given_up_with_the_reason() -> None:
    enqueue_wishes([WISH], HOME)
    [wish] = leases.claim_wishes("one", 10)
    leases.give_up_wish(wish, "one", "It is private.")
    now = wish_status(HASH)
    assert (now.state, now.reason) == ("given up", "It is private.")
    later(timedelta(days=20))
    assert not enqueue_wishes([WISH], HOME)[0].searching
    with pytest.raises(StillWanted, match="private"):
        resolve(WISH, HOME, 5)


def test_the_queue_has_an_end_and_old_misses_make_room(settings: Settings) -> None:
    settings.WANTED_MAX = 10
    enqueue_wishes(dead(10), HOME)
    with pytest.raises(TooManyWishes) as full:
        enqueue_wishes([WISH], HOME)
    assert full.value.retry_after > 0
    leases.record_misses(leases.claim_wishes("one", 3), "one")
    enqueue_wishes([WISH], HOME)
    assert Wanted.objects.count() == 10
    assert wish_status(HASH).state == "pending"


def test_a_batch_that_finds_no_room_leaves_nothing_behind(settings: Settings) -> None:
    settings.WANTED_MAX = 10
    with pytest.raises(TooManyWishes):
        enqueue_wishes(dead(11), HOME)
    assert not Wanted.objects.exists()


def test_one_address_cannot_fill_the_queue() -> None:
    greedy = "203.0.113.77"
    batches = (dead(6000)[start : start + 1000] for start in range(0, 6000, 1000))
    with pytest.raises(TooManyWishes) as refusal:
        for batch in batches:
            enqueue_wishes(batch, greedy)
    assert 0 < refusal.value.retry_after <= 3600
    enqueue_wishes([WISH], "203.0.113.78")
    assert Wanted.objects.count() == 5001


def test_the_addresses_of_one_ipv6_network_are_one_asker() -> None:
    with pytest.raises(TooManyWishes):
        for number in range(6):
            enqueue_wishes(dead(6000)[number * 1000 : number * 1000 + 1000], f"2001:db8:1:2::{number}")
    enqueue_wishes([WISH], "2001:db8:1:3::1")


def test_no_address_of_an_asker_is_written_down() -> None:
    enqueue_wishes([WISH], "203.0.113.123")
    row = Wanted.objects.values().get()
    assert "203.0.113.123" not in repr(row)


def test_the_settings_can_forbid_to_ask_the_network(settings: Settings) -> None:
    settings.RESOLVE = False
    with pytest.raises(NotHeld) as refusal:
        resolve(WISH, HOME, 5)
    assert not isinstance(refusal.value, StillWanted)
    assert not Wanted.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_who_does_not_wait_is_told_at_once_and_the_wish_is_noted() -> None:
    began = time.monotonic()
    with pytest.raises(StillWanted):
        resolve(WISH, HOME, 0)
    assert time.monotonic() - began < 30
    assert wish_status(HASH).searching


# From here on several threads take part, each with a database connection of its own.


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """The threads that linger do not keep the database open after these tests."""
    yield
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not any(thread.name.startswith("waiting") for thread in threading.enumerate()):
            return
        time.sleep(0.05)


def resolver(deliver: bytes | None) -> None:
    """Takes one wish as soon as there is one, and delivers this torrent, or nothing."""
    ear: Listener = listen(NEW_WISHES)
    try:
        deadline = time.monotonic() + 30
        while not (wishes := leases.claim_wishes("one", 1)) and time.monotonic() < deadline:
            ear.receive(1)
        if deliver:
            deposit(deliver)
        leases.record_misses(wishes, "one")
    finally:
        ear.close()
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_all_who_wait_get_the_torrent_as_soon_as_it_comes() -> None:
    def waiter(_: int) -> bytes:
        try:
            return resolve(WISH, HOME, 60).torrent
        finally:
            connection.close()

    with ThreadPoolExecutor(21) as threads:
        began = time.monotonic()
        waiting = [threads.submit(waiter, number) for number in range(20)]
        threads.submit(resolver, TORRENT)
        assert {future.result() for future in waiting} == {TORRENT}
    assert time.monotonic() - began < 30


@pytest.mark.django_db(transaction=True)
def test_who_waits_hears_of_a_miss_before_the_time_is_over() -> None:
    thread = threading.Thread(target=resolver, args=[None])
    thread.start()
    began = time.monotonic()
    with pytest.raises(StillWanted) as refusal:
        resolve(WISH, HOME, 60)
    assert time.monotonic() - began < 40
    assert 10 < refusal.value.retry_after <= 60
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_in_time_where_nobody_resolves() -> None:
    began = time.monotonic()
    with pytest.raises(StillWanted):
        resolve(WISH, HOME, 0.5)
    assert 0.5 <= time.monotonic() - began < 30


def all_missed() -> None:
    """The network is asked for all that is wanted, in vain: nobody waits any longer."""
    leases.record_misses(leases.claim_wishes("one", 100), "one")


@pytest.mark.django_db(transaction=True)
def test_over_the_bound_nobody_waits(settings: Settings) -> None:
    settings.THREADS = 4  # so that three may wait

    def waiter(number: int) -> None:
        try:
            with pytest.raises(StillWanted):
                resolve(dead(20)[number], f"198.51.100.{number}", 60)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(waiter, number) for number in range(20)]
        assert len(list(islice(as_completed(asked, timeout=45), 17))) == 17
        time.sleep(0.5)  # in which no other comes back
        assert sum(not one.done() for one in asked) == 3
        all_missed()
        for one in asked:
            one.result()


@pytest.mark.django_db(transaction=True)
def test_one_address_cannot_take_all_seats(settings: Settings) -> None:
    settings.THREADS = 16  # so that twelve may wait

    def waiter(number: int, asker: str) -> str:
        try:
            resolve(dead(20)[number], asker, 60)
        except (StillWanted, TooManyWishes) as refusal:
            assert refusal.retry_after > 0
            return type(refusal).__name__
        finally:
            connection.close()
        return "held"

    with ThreadPoolExecutor(20) as threads:
        greedy = [threads.submit(waiter, number, f"2001:db8:5:2::{number}") for number in range(10)]
        refused = [one.result() for one in islice(as_completed(greedy, timeout=45), 6)]
        assert refused == ["TooManyWishes"] * 6
        other = threads.submit(waiter, 11, "2001:db8:5:3::1")
        while Wanted.objects.count() < 5:
            assert not other.done()
            time.sleep(0.05)
        all_missed()
        assert other.result() == "StillWanted"
        assert Counter(one.result() for one in greedy) == {"StillWanted": 4, "TooManyWishes": 6}


@pytest.mark.django_db(transaction=True)
def test_a_lost_hint_costs_a_second_and_no_more() -> None:
    """The wish is met without a ring, as by a process that is killed in between."""

    def silently() -> None:
        while not Wanted.objects.exists():
            time.sleep(0.05)
        time.sleep(0.5)
        Wanted.objects.all().delete()
        connection.close()

    thread = threading.Thread(target=silently)
    thread.start()
    began = time.monotonic()
    with pytest.raises(StillWanted):
        resolve(WISH, HOME, 60)
    assert time.monotonic() - began < 30
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_ring_is_heard_at_once_by_every_ear_of_that_bell() -> None:
    ears = [listen(NEW_WISHES), listen(NEW_WISHES)]
    other = listen(SETTLED_WISHES)
    notify_on_commit(NEW_WISHES, ["1", "2", "3"])
    began = time.monotonic()
    assert [ear.receive(20) for ear in ears] == [{"1", "2", "3"}] * 2
    assert time.monotonic() - began < 10
    assert other.receive(0.1) == set()
    for ear in (*ears, other):
        ear.close()


@pytest.mark.django_db(transaction=True)
def test_an_ear_that_was_killed_disturbs_nobody() -> None:
    script = (
        "import django, os; django.setup(); from archive.db.notify import listen, NEW_WISHES; listen(NEW_WISHES);"
        "print('listening', flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == -9
    ear = listen(NEW_WISHES)
    notify_on_commit(NEW_WISHES, ["7"])
    assert ear.receive(20) == {"7"}
    ear.close()


@pytest.mark.django_db(transaction=True)
def test_few_work_at_once_though_many_wait_and_those_hold_no_connection() -> None:
    working, most, waiting = 0, 0, threading.Barrier(3 * AT_ONCE, timeout=60)
    lock = threading.Lock()

    def request(_: int) -> bool:
        nonlocal working, most
        with turn():
            with aside():
                waiting.wait()  # all of them are here at once
            with lock:
                working += 1
                most = max(most, working)
            assert not Wanted.objects.exists()
            time.sleep(0.02)
            with lock:
                working -= 1
        held = connection.connection is not None
        waiting.wait()
        connection.close()
        return held

    with ThreadPoolExecutor(3 * AT_ONCE) as threads:
        held = list(threads.map(request, range(3 * AT_ONCE)))
    assert 1 < most <= AT_ONCE
    if is_postgresql():
        assert sum(held) <= AT_ONCE
