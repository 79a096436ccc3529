"""Early copies: requests that wait get a torrent before it is stored, whole and not blocked."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from archive.early_copies import (
    EarlyCopy,
    delete_abandoned_copies,
    delete_early_copies,
    has_early_copy,
    read_early_copy,
    write_early_copy,
)
from archive.errors import NotHeld, TakenDown
from archive.models import Torrent, Wanted
from archive.queue.settlement_notifications import listen_for_settlements, notify_found, receive_settlements
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit_many
from archive.torrents.deposit_candidate import parse_candidate
from archive.torrents.early_delivery import deliver_early
from archive.torrents.retrieve import retrieve, retrieve_early
from metainfo.infohash import infohash_to_hex
from tests import make
from tests.wishes import ADDRESS, HASH, TORRENT, WISH, close_waiters, resolve_and_wait

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

HYBRID = make.hybrid(b"both", b"b" * 50_000)
V1, V2 = make.infohashes(HYBRID)
COPY = EarlyCopy(HYBRID, V1, V2)


@pytest.fixture(autouse=True)
def resolve_is_on_and_no_copy_is_left(settings: Settings) -> Iterator[None]:
    settings.RESOLVE = True
    yield
    delete_early_copies([HASH, V1])
    close_waiters()


def copy_file(settings: Settings, infohash: bytes) -> Path:
    return Path(settings.DATA_DIR) / "early" / infohash_to_hex(infohash)


def test_a_waiting_request_gets_a_torrent_that_is_not_stored_yet() -> None:
    def deliver_when_enqueued() -> None:
        while not Wanted.objects.exists():
            time.sleep(0.02)
        deliver_early({HASH: parse_candidate(TORRENT)})
        connection.close()

    thread = threading.Thread(target=deliver_when_enqueued)
    thread.start()
    assert resolve_and_wait(WISH, ADDRESS, 60).torrent == TORRENT
    thread.join()
    assert not Torrent.objects.exists()
    with pytest.raises(NotHeld):
        retrieve(HASH)
    assert resolve_and_wait(WISH, ADDRESS, 0).torrent == TORRENT, "nor does the next request wait"


def test_bytes_of_an_early_copy_are_those_that_are_stored() -> None:
    candidate = parse_candidate(HYBRID)
    deliver_early({V1 + V2: candidate})
    early = retrieve_early(V1)
    deposit_many([candidate])
    assert early
    assert (early.torrent, early.infohash) == (retrieve(V2).torrent, retrieve(V2).infohash)


@pytest.mark.parametrize("blocked", [V1, V2], ids=["v1", "v2"])
def test_what_is_blocked_is_not_delivered(settings: Settings, blocked: bytes) -> None:
    take_down(blocked, "No.")
    deliver_early({V1: parse_candidate(HYBRID)})
    assert not copy_file(settings, V1).exists()


@pytest.mark.parametrize("blocked", [V1, V2], ids=["v1", "v2"])
def test_an_early_copy_is_not_served_after_a_takedown_by_either_infohash(blocked: bytes) -> None:
    write_early_copy(V1, COPY)
    take_down(blocked, "No.")
    write_early_copy(V1, COPY)  # as by a resolver that asked for takedowns just before
    with pytest.raises(TakenDown, match="No"):
        retrieve_early(V1)


def test_a_takedown_deletes_the_early_copy() -> None:
    write_early_copy(V1, COPY)
    take_down(V1, "No.")
    assert not has_early_copy(V1)


def remove_end(data: bytes) -> bytes:
    return data[:-1]


def zero_end(data: bytes) -> bytes:
    return data[:-4096] + bytes(4096)


def remove_all(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [remove_end, zero_end, remove_all])
def test_an_early_copy_that_a_power_cut_has_spoilt_is_none(
    settings: Settings, spoil: Callable[[bytes], bytes]
) -> None:
    write_early_copy(V1, COPY)
    assert read_early_copy(V1) == COPY
    file = copy_file(settings, V1)
    file.write_bytes(spoil(file.read_bytes()))
    assert read_early_copy(V1) is None
    assert retrieve_early(V1) is None


def test_a_machine_without_the_early_copy_waits_on() -> None:
    listener = listen_for_settlements()
    try:
        write_early_copy(V1, COPY)
        notify_found({HASH: infohash_to_hex(HASH), V1: infohash_to_hex(V1)})
        deadline = time.monotonic() + 60
        while not (settled := receive_settlements(listener)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert settled == {V1: infohash_to_hex(V1)}
    finally:
        listener.close()


def test_only_copies_of_resolvers_that_died_are_deleted_as_abandoned(settings: Settings) -> None:
    write_early_copy(V1, COPY)
    delete_abandoned_copies()
    assert has_early_copy(V1)
    os.utime(copy_file(settings, V1), (0, 0))
    delete_abandoned_copies()
    assert not has_early_copy(V1)
    delete_early_copies([V1])  # no error where there is none


def test_no_other_user_can_read_an_early_copy(settings: Settings) -> None:
    write_early_copy(V1, COPY)
    assert copy_file(settings, V1).stat().st_mode & 0o077 == 0
