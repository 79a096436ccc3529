"""Takedowns: the torrent is refused on every way in and out, by each of its infohashes, until that is lifted."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from archive.errors import NotHeld, TakenDown, Unavailable
from archive.store import get_storage
from archive.takedowns.find_blocked import find_blocked
from archive.takedowns.public_notices import TakedownNotice, list_notices
from archive.takedowns.takedown import TakedownOutcome, finish_takedowns, lift_takedown, take_down
from archive.torrents.count import count_torrents
from archive.torrents.deposit import deposit, deposit_many
from archive.torrents.retrieve import retrieve
from metainfo.infohash import parse_infohash
from tests import make

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

V1, V2, HYBRID = make.v1(b"one"), make.v2(b"two"), make.hybrid(b"three")
REASON = "Court order 12/2026"


def all_infohashes(torrent: bytes) -> dict[str, bytes]:
    """Every infohash that means a hybrid (BEP 52: the protocols use the first 20 bytes of v2)."""
    v1, v2 = make.infohashes(torrent)
    return {"v1": v1, "v2": v2, "truncated v2": v2[:20]}


def stored_files(objects: Path) -> list[Path]:
    return [path for path in objects.rglob("*.torrent*") if path.is_file()]


def run(*args: str, **options: object) -> str:
    out = io.StringIO()
    call_command("take_down", *args, stdout=out, stderr=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("asked", ["v1", "v2", "truncated v2"])
@pytest.mark.parametrize("named", ["v1", "v2", "truncated v2"])
def test_a_stored_hybrid_is_taken_down_under_all_its_infohashes(
    objects: Path, named: str, asked: str
) -> None:
    deposit(HYBRID)
    take_down(all_infohashes(HYBRID)[named], REASON)
    with pytest.raises(TakenDown, match=REASON):
        retrieve(all_infohashes(HYBRID)[asked])
    with pytest.raises(TakenDown, match=REASON):
        deposit(HYBRID)
    assert stored_files(objects) == []
    assert count_torrents() == 0


@pytest.mark.parametrize("named", ["v1", "v2", "truncated v2"])
def test_a_torrent_that_was_never_held_can_be_blocked(objects: Path, named: str) -> None:
    take_down(all_infohashes(HYBRID)[named], REASON)
    with pytest.raises(TakenDown, match=REASON):
        deposit(HYBRID)
    with pytest.raises(TakenDown, match=REASON):
        retrieve(all_infohashes(HYBRID)[named])
    assert stored_files(objects) == []


@pytest.mark.parametrize("torrent", [V1, V2], ids=["v1", "v2"])
def test_torrents_of_one_version_are_taken_down_too(objects: Path, torrent: bytes) -> None:
    infohash = parse_infohash(deposit(torrent).infohash)
    take_down(infohash, REASON)
    with pytest.raises(TakenDown):
        retrieve(infohash)
    with pytest.raises(TakenDown):
        retrieve(infohash[:20])
    assert stored_files(objects) == [] and count_torrents() == 0


def test_one_blocked_torrent_in_a_batch_does_not_affect_the_others() -> None:
    take_down(all_infohashes(HYBRID)["v2"], REASON)
    first, second, third = deposit_many([V1, HYBRID, V2])
    assert isinstance(second, TakenDown) and not isinstance(first, TakenDown | type(None))
    assert count_torrents() == 2


def test_a_lifted_torrent_may_be_uploaded_again() -> None:
    deposit(HYBRID)
    take_down(all_infohashes(HYBRID)["v1"], REASON)
    lift_takedown(all_infohashes(HYBRID)["v2"])
    with pytest.raises(NotHeld):
        retrieve(all_infohashes(HYBRID)["v1"])
    assert deposit(HYBRID).new
    assert retrieve(all_infohashes(HYBRID)["v2"]).torrent == HYBRID


def test_what_is_not_blocked_cannot_be_lifted() -> None:
    with pytest.raises(NotHeld):
        lift_takedown(bytes(20))


def test_a_reason_becomes_one_line() -> None:
    take_down(all_infohashes(V1)["v1"], " Court order\n12/2026,\tas\r\nserved ")
    assert [notice.reason for notice in list_notices()] == ["Court order 12/2026, as served"]


def test_a_second_takedown_replaces_the_reason() -> None:
    take_down(all_infohashes(HYBRID)["v1"], "first")
    take_down(all_infohashes(HYBRID)["v1"], "second")
    assert find_blocked([all_infohashes(HYBRID)["v1"]]) == {all_infohashes(HYBRID)["v1"]: "second"}
    assert [notice.reason for notice in list_notices()] == ["second"]


def test_the_public_list_has_the_newest_first_and_nothing_unlisted() -> None:
    take_down(b"\x0a" * 20, "first")
    take_down(b"\x0b" * 20, "secret", listed=False)
    deposit(HYBRID)
    take_down(all_infohashes(HYBRID)["v1"], "second")
    hashes = sorted(all_infohashes(HYBRID)[version].hex().upper() for version in ("v1", "v2"))
    shown = list(list_notices())
    assert [notice.reason for notice in shown] == ["second", "first"]
    assert shown[0] == TakedownNotice(shown[0].number, tuple(hashes), "second", shown[0].taken_at)
    assert shown[1].infohashes == ("0A" * 20,)


def test_an_object_without_a_row_is_blocked_under_all_its_infohashes(objects: Path) -> None:
    """A crash after the object was written, and before its row, leaves this."""
    v1, v2 = make.infohashes(HYBRID)
    get_storage().put(f"{make.v1_hash(HYBRID)}.torrent", HYBRID)
    assert take_down(v1, REASON) == TakedownOutcome.TAKEN_DOWN
    assert stored_files(objects) == []
    assert set(find_blocked([v1, v2])) == {v1, v2}


def test_each_outcome_of_a_takedown_is_named() -> None:
    deposit(V1)
    assert [take_down(all_infohashes(V1)["v1"], reason) for reason in ("first", "second")] == [
        TakedownOutcome.TAKEN_DOWN,
        TakedownOutcome.KNOWN,
    ]
    assert take_down(b"\x0a" * 20, "third") == TakedownOutcome.BLOCKED
    assert "0A" * 20 + " was blocked before; the new reason stands." in run("0A" * 20, reason="fourth")
    assert find_blocked([b"\x0a" * 20]) == {b"\x0a" * 20: "fourth"}


# The command ---------------------------------------------------------------------------------------


def test_the_command_reads_any_spelling(tmp_path: Path) -> None:
    hashes = [all_infohashes(make.hybrid(b"%d" % n))["v1"].hex() for n in range(5)]
    magnet = f"magnet:?dn=x&xt=urn:btih:{hashes[2]}"
    (tmp_path / "list").write_text(
        f"# from the court\n\n  {hashes[3]}  # the third\nhttps://x.example/{hashes[4]}.torrent\n"
    )
    output = run(hashes[0], hashes[1].upper(), magnet, file=str(tmp_path / "list"), reason=REASON)
    assert output.splitlines() == [f"{h.upper()} is blocked; it was not held." for h in hashes]
    assert find_blocked(map(bytes.fromhex, hashes)) == {bytes.fromhex(h): REASON for h in hashes}


def test_the_command_deletes_what_is_stored(objects: Path) -> None:
    infohash = deposit(HYBRID).infohash
    assert run(infohash, reason=REASON) == f"{infohash} is taken down.\n"
    assert stored_files(objects) == []


def test_the_command_names_a_wrong_hash_and_blocks_the_others() -> None:
    out = io.StringIO()
    with pytest.raises(CommandError, match="^Not blocked: 1, for the reasons above. Blocked: 1.$"):
        call_command("take_down", "nonsense", "0A" * 20, reason=REASON, stdout=out, stderr=out)
    assert "nonsense: An infohash is" in out.getvalue()
    assert find_blocked([b"\x0a" * 20])


def test_the_command_keeps_an_unlisted_takedown_off_the_public_page() -> None:
    run("0A" * 20, reason=REASON, unlisted=True)
    assert list(list_notices()) == []
    assert find_blocked([b"\x0a" * 20])


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_the_command_wants_a_reason(reason: str | None) -> None:
    with pytest.raises(CommandError, match="--reason"):
        run("0A" * 20, reason=reason)
    assert not find_blocked([b"\x0a" * 20])


def test_the_command_wants_at_least_one_hash() -> None:
    with pytest.raises(CommandError, match="HASH"):
        run(reason=REASON)


def test_the_command_names_a_list_that_cannot_be_read() -> None:
    with pytest.raises(CommandError, match="/nowhere/list"):
        run(file="/nowhere/list", reason=REASON)


def test_the_command_lifts_and_names_what_was_not_blocked() -> None:
    run("0A" * 20, reason=REASON)
    assert run("0a" * 20, lift=True) == f"{'0A' * 20} may come in again.\n"
    assert not find_blocked([b"\x0a" * 20])
    out = io.StringIO()
    with pytest.raises(CommandError, match="^Not lifted: 1, for the reasons above. Lifted: 0.$"):
        call_command("take_down", "0A" * 20, lift=True, stdout=out, stderr=out)
    assert out.getvalue() == f"{'0A' * 20}: This infohash is not blocked.\n"


def test_if_the_storage_fails_the_command_says_so_and_the_block_stands(objects: Path) -> None:
    infohash = deposit(V1).infohash
    [path] = stored_files(objects)
    path.unlink()
    path.mkdir()
    with pytest.raises(CommandError, match="again"):
        run(infohash, reason=REASON)
    assert find_blocked([parse_infohash(infohash)])


def test_an_interrupted_takedown_is_finished_later(objects: Path) -> None:
    deposit(HYBRID)
    [path] = stored_files(objects)
    torrent = path.read_bytes()
    path.unlink()
    path.mkdir()
    with pytest.raises(Unavailable):
        take_down(make.infohashes(HYBRID)[1], REASON)
    with pytest.raises(Unavailable):
        finish_takedowns()
    path.rmdir()
    path.write_bytes(torrent)
    assert finish_takedowns() == 1
    assert (stored_files(objects), count_torrents(), finish_takedowns()) == ([], 0, 0)


def test_a_repeated_takedown_knows_all_infohashes_of_the_first_attempt() -> None:
    """When the storage failed, the row is deleted, and with it the link from v2 to the key of the object."""
    torrent = make.hybrid()
    v1, v2 = make.infohashes(torrent)
    deposit(torrent)
    take_down(v2, "First.")
    get_storage().put(f"{make.v1_hash(torrent)}.torrent", torrent)
    take_down(v2, "Again.")
    assert list(get_storage().keys()) == []
