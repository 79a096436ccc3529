"""Clients that are down, slow, restarted or no clients at all: one clear error each, in time, without a password."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients import (
    Client,
    ClientAddress,
    ClientError,
    Garbled,
    NoAnswer,
    RejectedTorrent,
    RejectedTracker,
    TorrentToAdd,
    UnknownTorrent,
    Unreachable,
    WrongPassword,
    open_client,
)
from tests import make
from tests.client_operations import client_address, poll_until
from tests.servers import free_port
from tests.servers.misbehaving_server import (
    Behaviour,
    answer_after_session,
    answer_with,
    answer_without_end,
    answer_without_http,
    break_off_body,
    close_without_answer,
    drip_body,
    drip_headers,
    misbehaving_server,
    never_answer,
    redirect_elsewhere,
    reveal_secret,
)
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import Qbittorrent, qbittorrent
from tests.servers.transmission import Transmission, transmission

PASSWORD = "Pa55/word, spoken"
KINDS = ("qbittorrent", "transmission")
# Seconds: a timeout that shall pass, and one that must not even on a busy machine. Servers misbehave for a minute.
SHORT, LONG = 1.0, 20.0
V1 = make.v1()
SOURCE = TorrentToAdd(V1, make.infohashes(V1)[:1])

CALLS: dict[str, Callable[[Client], object]] = {
    "version": lambda client: client.version(),
    "torrents": lambda client: client.torrents(),
    "add": lambda client: client.add(SOURCE),
    "remove": lambda client: client.remove(bytes(20)),
    "add_tracker": lambda client: client.add_tracker(bytes(20), "http://127.0.0.1/announce"),
}
NONSENSE = {
    "a page": b"<html><title>It works!</title></html>",
    "null": b"null",
    "a number": b"1",
    "a list of numbers": b"[1, 2]",
    "a list of empty objects": b"[{}]",
    "an object": b'{"result": "success"}',
    "empty arguments": b'{"result": "success", "arguments": {}}',
    "strange arguments": b'{"result": "success", "arguments": {"torrents": [{}], "version": 4}}',
    "no text": bytes(range(128, 256)),
    "nothing": b"",
    "deep": b"[" * 100_000,
}


def client_at(kind: str, port: int, password: str = PASSWORD) -> ClientAddress:
    path = "/" if kind == "qbittorrent" else "/transmission/rpc"
    return ClientAddress(kind, False, "127.0.0.1", port, path, "someone", password)


def raised_error(kind: str, port: int, call: str, timeout: float = LONG) -> ClientError:
    client = open_client(client_at(kind, port), timeout)
    began = time.monotonic()
    try:
        with pytest.raises(ClientError) as raised:
            CALLS[call](client)
    finally:
        client.close()
    assert time.monotonic() - began < timeout + LONG
    return raised.value


@pytest.fixture(autouse=True)
def no_password_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No password is logged by any test, at any level."""
    caplog.set_level(logging.DEBUG)
    yield
    for secret in (PASSWORD, "Pa55", "word, spoken"):
        assert secret not in caplog.text


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_is_down_is_unreachable(kind: str, call: str) -> None:
    error = raised_error(kind, free_port(), call)
    assert type(error) is Unreachable
    assert str(error).endswith("cannot be reached.")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        (never_answer, NoAnswer),
        (drip_headers, NoAnswer),
        (drip_body, NoAnswer),
        (answer_without_end, ClientError),
        (close_without_answer, Unreachable),
        (answer_without_http, Unreachable),
        (redirect_elsewhere, Garbled),
        (break_off_body, Garbled),
        (answer_with(b"oh", b"500 Internal Server Error"), Garbled),
        (answer_with(b"oh", b"404 Not Found"), ClientError),
        (answer_with(b"oh", b"401 Unauthorized"), WrongPassword),
        (answer_with(b"oh", b"403 Forbidden"), WrongPassword),
    ],
)
def test_every_misbehaviour_is_reported_in_time(
    kind: str, manner: Behaviour, expected: type[ClientError]
) -> None:
    with misbehaving_server(manner) as port:
        for call in ("version", "add"):
            timeout = SHORT if expected is NoAnswer else LONG
            assert isinstance(raised_error(kind, port, call, timeout), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_hangs_does_not_delay_the_others(kind: str) -> None:
    with misbehaving_server(never_answer) as slow, misbehaving_server(answer_with(b"oh")) as quick:
        raised_error(kind, slow, "torrents", SHORT)
        assert isinstance(raised_error(kind, quick, "torrents"), Garbled)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_past_its_deadline_soon_closes_its_connection(kind: str) -> None:
    with misbehaving_server(drip_body) as port:
        before = threading.active_count()
        raised_error(kind, port, "torrents", SHORT)
        poll_until(lambda: threading.active_count() <= before)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", NONSENSE.values(), ids=list(NONSENSE))
@pytest.mark.parametrize("kind", KINDS)
def test_a_nonsensical_response_is_an_error(kind: str, body: bytes, call: str) -> None:
    with misbehaving_server(answer_with(body)) as port:
        error = raised_error(kind, port, call)
    assert isinstance(error, Garbled | UnknownTorrent)
    assert f":{port}" in str(error)


@pytest.mark.parametrize("call", [call for call in CALLS if call != "version"])
@pytest.mark.parametrize("body", NONSENSE.values(), ids=list(NONSENSE))
def test_a_nonsensical_response_after_a_good_one_is_an_error(body: bytes, call: str) -> None:
    with misbehaving_server(answer_after_session(body)) as port:
        error = raised_error("transmission", port, call)
    assert isinstance(error, Garbled)
    assert f":{port}" in str(error)


def test_a_password_in_the_clients_message_is_not_shown() -> None:
    with misbehaving_server(reveal_secret(PASSWORD)) as port:
        error = raised_error("transmission", port, "add")
    assert type(error) is RejectedTorrent
    assert str(error).endswith("does not take this torrent: [31mwho says … may not.")
    assert "Pa55" not in f"{error!r}{error.__cause__!r}"


def test_the_repr_of_an_object_with_a_password_does_not_show_it() -> None:
    for kind in KINDS:
        where = client_at(kind, 1)
        client = open_client(where)
        assert "Pa55" not in f"{where!r} {where} {client!r} {client}"
        client.close()


@pytest.fixture(scope="module")
def daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Qbittorrent | Transmission]]:
    folder = tmp_path_factory.mktemp("daemons")
    with (
        network_namespace(),
        qbittorrent(folder / "4.5", "4.5") as old,
        qbittorrent(folder / "5.3", "5.3") as new,
        transmission(folder / "3.00", "3.00") as old_transmission,
        transmission(folder / "4.1", "4.1") as new_transmission,
    ):
        yield [old, new, old_transmission, new_transmission]


def test_a_wrong_password_is_reported_as_such(daemons: list[Qbittorrent | Transmission]) -> None:
    for daemon in daemons:
        client = open_client(replace(client_address(daemon), password=PASSWORD))
        for call in (client.version, client.torrents):
            with pytest.raises(WrongPassword, match="does not accept this user and password"):
                call()
        client.close()


def test_a_ban_by_qbittorrent_is_reported(daemons: list[Qbittorrent | Transmission], tmp_path: Path) -> None:
    with network_namespace(), qbittorrent(tmp_path, "5.3") as daemon:
        client = open_client(replace(client_address(daemon), password=PASSWORD))
        words = []
        for _ in range(6):
            with pytest.raises(WrongPassword) as raised:
                client.version()
            words.append(str(raised.value))
        client.close()
    assert "banned" in words[-1]
    assert "banned" not in words[0]


def test_a_torrent_that_the_client_refuses_is_rejected(daemons: list[Qbittorrent | Transmission]) -> None:
    for daemon in daemons:
        client = open_client(client_address(daemon))
        for rubbish in (b"rubbish", b"d4:infod4:name1:aee", "magnet:?xt=urn:btih:rubbish"):
            with pytest.raises(RejectedTorrent, match="does not take this torrent"):
                client.add(TorrentToAdd(rubbish, (bytes(20),)))
        client.close()


def test_a_torrent_that_the_client_lacks_is_unknown(daemons: list[Qbittorrent | Transmission]) -> None:
    for daemon in daemons:
        client = open_client(client_address(daemon))
        for infohash in (bytes(20), bytes(32)):
            for call in (
                client.find,
                client.files,
                client.trackers,
                client.remove,
                client.start,
                client.stop,
            ):
                with pytest.raises(UnknownTorrent, match=infohash.hex()):
                    call(infohash)
            for what in (client.reannounce, client.export):
                with pytest.raises(UnknownTorrent):
                    what(infohash)
        client.close()


@pytest.mark.parametrize(
    "url", ["not a url", "ftp://x/announce", "http://", "http://a/b\nhttp://c/d", "http://[", ""]
)
def test_a_tracker_without_a_valid_url_is_rejected(
    daemons: list[Qbittorrent | Transmission], url: str
) -> None:
    for daemon in daemons:
        client = open_client(client_address(daemon))
        client.add(SOURCE, paused=True)
        with pytest.raises(RejectedTracker):
            client.add_tracker(SOURCE.infohashes[0], url)
        assert [tracker.url for tracker in client.trackers(SOURCE.infohashes[0])] == [make.TRACKER.decode()]
        client.remove(SOURCE.infohashes[0])
        client.close()


@pytest.mark.parametrize("version", ["4.5", "5.3"])
def test_a_restarted_qbittorrent_is_used_again(tmp_path: Path, version: str) -> None:
    with network_namespace():
        with qbittorrent(tmp_path, version) as daemon:
            client = open_client(client_address(daemon))
            client.torrents()
        with pytest.raises(Unreachable):
            client.torrents()
        with qbittorrent(tmp_path, version, web=daemon.web):
            assert client.version().startswith("qBittorrent")
        client.close()


@pytest.mark.parametrize("version", ["3.00", "4.1"])
def test_a_restarted_transmission_is_used_again(tmp_path: Path, version: str) -> None:
    with network_namespace():
        with transmission(tmp_path, version) as daemon:
            client = open_client(client_address(daemon))
            client.torrents()
        with pytest.raises(Unreachable):
            client.torrents()
        with transmission(tmp_path, version, web=daemon.web):
            assert client.version().startswith("Transmission")
        client.close()
