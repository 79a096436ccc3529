"""What the command `resolve` prints if the network need not be searched; test_hash2torrent.py has the other cases."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from archive.queue import resolver_leases
from archive.queue.enqueue import enqueue_wishes
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from metainfo.infohash import infohash_to_hex
from metainfo.magnet import Magnet
from tests import make

pytestmark = pytest.mark.django_db

ABSENT = b"\x5a" * 20


@pytest.fixture(autouse=True)
def network_allowed(settings: Settings) -> None:
    settings.RESOLVE = True


def run(*wishes: str) -> tuple[list[str], str]:
    """The lines that it writes, and the error that it ends with."""
    out = io.StringIO()
    try:
        call_command("resolve", *wishes, stdout=out, stderr=out)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return out.getvalue().splitlines(), ""


def test_a_held_torrent_is_a_success() -> None:
    receipt = deposit(make.v1(b"held"))
    assert run(receipt.infohash) == (["           1 held", "           0 not found"], "")


def test_a_torrent_that_is_taken_down_is_named_and_does_not_stay_in_the_queue() -> None:
    take_down(ABSENT, "Court order")
    lines, error = run(infohash_to_hex(ABSENT))
    assert f"{infohash_to_hex(ABSENT)} Taken down: Court order" in lines
    assert "           1 taken down, and not searched for" in lines
    assert error == "Not held: 1 of 1."


def test_a_torrent_that_was_missed_just_now_is_not_searched_for_again() -> None:
    enqueue_wishes([Magnet(ABSENT)], "")
    resolver_leases.record_misses(resolver_leases.claim_wishes("one", 1), "one")
    lines, error = run(infohash_to_hex(ABSENT))
    assert (
        f"{infohash_to_hex(ABSENT)} not found some minutes ago, and not searched for again so soon; ask in 1 min"
        in lines
    )
    assert error == "Not held: 1 of 1. What was not found stays in the queue."


def test_a_torrent_that_the_archive_refuses_is_named_with_the_reason() -> None:
    enqueue_wishes([Magnet(ABSENT)], "")
    [wish] = resolver_leases.claim_wishes("one", 1)
    resolver_leases.give_up_wish(wish, "one", "This torrent is private.")
    assert f"{infohash_to_hex(ABSENT)} This torrent is private." in run(infohash_to_hex(ABSENT))[0]


def test_a_text_without_infohash_is_an_error() -> None:
    lines, error = run("nonsense")
    assert "           1 no infohash and no magnet link" in lines
    assert error == "Not held: 1 of 1."


def test_a_list_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    infohash = deposit(make.v1(b"held")).infohash
    listed = tmp_path / "list.txt"
    listed.write_bytes(f"\ufeff{infohash}\r\nmagnet:?xt=urn:btih:{infohash}&dn=Song #1\r\n".encode())
    assert run(str(listed)) == (["           2 held", "           0 not found"], "")


def test_what_is_not_used_of_a_link_is_named() -> None:
    infohash = deposit(make.v1(b"held")).infohash
    lines, _ = run(f"magnet:?xt=urn:btih:{infohash}&tr=wss://a.example/&x.pe=10.0.0.1:1")
    assert "wss://a.example/: this tracker or peer of a link is not used." in lines
    assert "10.0.0.1:1: this tracker or peer of a link is not used." in lines
