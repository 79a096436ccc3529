"""Clients that send slowly, stop in the middle, or do not read what they asked for, at the bare server."""

import resource
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from server.idle_timeout import Patience
from tests import make
from tests.client_operations import until
from tests.servers.hashkeep import Hashkeep, hashkeep

SMALL = make.v1(b"small", 20_000_000)
LARGE = make.v1(b"large", 4_000_000_000)
MEGABYTES = bytes(6_000_000)  # more than the kernel takes in advance
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
STALLED = UPLOAD + b"Content-Length: 1000000\r\n\r\n--x\r\n"
SOON = 40  # seconds, on a machine that is busy with other tests; who stalls is borne for two minutes
MANY = 450  # more than the 16 turns and the threads that work
HEARD = 500  # at once, by a process
TOO_MANY = HEARD + 100


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with hashkeep(tmp_path_factory.mktemp("stocked")) as running:
        for torrent in (SMALL, LARGE):
            requests.post(f"{running.url}/upload", files={"torrent": torrent}, timeout=60).raise_for_status()
        yield running


@contextmanager
def connections(server: Hashkeep, number: int, first: bytes, room: int = 0) -> Iterator[list[socket.socket]]:
    """That many, each of which has sent this; `room` bytes for what comes back."""
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            one = stack.enter_context(socket.socket())
            if room:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            one.settimeout(60)
            one.connect(("127.0.0.1", server.port))
            one.sendall(first)
            opened.append(one)
        yield opened


def memory(server: Hashkeep) -> int:
    """Of all its processes, in bytes."""
    pages = 0
    for process in server.processes("-m", "hashkeep.dispatcher"):
        pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def answered(connections: list[socket.socket]) -> int:
    """How many have something to read."""
    those = select.poll()
    for one in connections:
        those.register(one, select.POLLIN)
    return len(those.poll(0))


def goes_on(server: Hashkeep, name: bytes, torrents: Sequence[bytes] = (*[SMALL] * 10, LARGE)) -> None:
    """Downloads, an upload and a page, each before those who stall are sent away."""
    for torrent in torrents:
        answer = requests.get(f"{server.url}/{make.v1_hash(torrent)}.torrent", timeout=SOON)
        assert (answer.status_code, answer.content) == (200, torrent)
    new = make.v1(name)
    stored = requests.post(f"{server.url}/upload", files={"torrent": new}, timeout=SOON)
    assert stored.text == make.v1_hash(new)
    assert requests.get(server.url, timeout=SOON).ok


def test_450_uploads_that_stop_in_the_middle_keep_nobody_waiting(stocked: Hashkeep) -> None:
    before = memory(stocked)
    with connections(stocked, MANY, STALLED):
        goes_on(stocked, b"beside stalled uploads")
        assert memory(stocked) - before < 100_000_000
    goes_on(stocked, b"after stalled uploads")


def test_more_than_it_can_hear_are_refused_at_once_and_keep_nobody_from_downloading(tmp_path: Path) -> None:
    """Whoever wants to upload has to wait for them, for two minutes at most (server/idle_timeout.py)."""
    running = Hashkeep(tmp_path)
    running.migrate()
    running.start("--workers", "1")
    try:
        requests.post(f"{running.url}/upload", files={"torrent": SMALL}, timeout=60).raise_for_status()
        with connections(running, TOO_MANY, STALLED) as opened:
            until(lambda: answered(opened) == TOO_MANY - HEARD)  # all the others are heard
            for _ in range(20):  # more than there are threads besides those that listen
                refused = requests.post(f"{running.url}/upload", files={"torrent": MEGABYTES}, timeout=SOON)
                assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
                assert "Please try again" in refused.text
            for _ in range(20):
                answer = requests.get(f"{running.url}/{make.v1_hash(SMALL)}.torrent", timeout=SOON)
                assert (answer.status_code, answer.content) == (200, SMALL)
            assert requests.get(running.url, timeout=SOON).ok
        goes_on(running, b"after very many", torrents=[SMALL])
    finally:
        running.kill()


def test_chunked_uploads_that_stop_keep_nobody_waiting_either(stocked: Hashkeep) -> None:
    with connections(stocked, 100, UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n--x\r\n\r\n"):
        goes_on(stocked, b"beside chunked uploads")


def test_an_upload_a_byte_at_a_time_arrives(stocked: Hashkeep) -> None:
    torrent = make.v1(b"piecemeal")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="torrent"; filename="a"\r\n\r\n'
        + torrent
        + b"\r\n--x--\r\n"
    )
    with connections(stocked, 1, UPLOAD + b"Content-Length: %d\r\n\r\n" % len(body)) as [one]:
        for byte in body:
            one.sendall(bytes([byte]))
            time.sleep(0.002)
        assert make.v1_hash(torrent).encode() in one.recv(65_536)


def test_slow_readers_of_a_large_torrent_cost_little_and_keep_nobody_waiting(stocked: Hashkeep) -> None:
    """Each would cost 5 MB, if the server held for them what they do not read."""
    before = memory(stocked)
    asked = f"GET /{make.v1_hash(LARGE)}.torrent HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with connections(stocked, 300, asked, room=4096) as readers:
        for one in readers:
            assert one.recv(15) == b"HTTP/1.1 200 OK"
        goes_on(stocked, b"beside slow readers")
        assert memory(stocked) - before < 200_000_000


def test_headers_that_never_end_keep_nobody_waiting(stocked: Hashkeep) -> None:
    with connections(stocked, 1000, b"GET / HTTP/1.1\r\nHost: lo"):
        goes_on(stocked, b"beside endless headers")


@pytest.fixture
def peer() -> Iterator[Callable[[], tuple[socket.socket, socket.socket, Patience]]]:
    """Both ends of a connection to this process, and the patience that watches its port."""
    with ExitStack() as stack:

        def connected() -> tuple[socket.socket, socket.socket, Patience]:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            client = stack.enter_context(socket.create_connection(listener.getsockname()))
            server, _ = listener.accept()
            stack.enter_context(server)
            client.settimeout(60)
            return client, server, Patience(listener.getsockname()[1])

        yield connected


type_of_peer = Callable[[], tuple[socket.socket, socket.socket, Patience]]


def test_a_connection_on_which_nothing_moves_is_ended(peer: type_of_peer) -> None:
    client, server, patience = peer()
    client.sendall(b"x" * 100)
    for _ in range(8):
        patience.look()
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(1)
    patience.look()
    client.settimeout(60)
    assert client.recv(1) == b""
    assert server.recv(200) == b"x" * 100


@pytest.mark.parametrize("way", ["up", "down"])
def test_one_that_moves_is_not(peer: type_of_peer, way: str) -> None:
    client, server, patience = peer()
    one, other = (client, server) if way == "up" else (server, client)
    for _ in range(20):
        one.sendall(b"x" * 300)
        assert other.recv(1000)
        time.sleep(0.05)  # until the kernel has heard that it arrived
        patience.look()
    one.sendall(b"the end")
    assert other.recv(1000) == b"the end"


def test_a_byte_now_and_then_does_not_save_it(peer: type_of_peer) -> None:
    client, server, patience = peer()
    for _ in range(9):
        client.sendall(b"x")
        patience.look()
    assert client.recv(1) == b""


def test_neither_what_listens_nor_what_leads_elsewhere_is_touched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = Patience(listener.getsockname()[1])
        with socket.create_server(("127.0.0.1", 0)) as other:
            client = socket.create_connection(other.getsockname())
            server, _ = other.accept()
            with client, server:
                for _ in range(20):
                    ours.look()
                client.sendall(b"still here")
                assert server.recv(100) == b"still here"
        with socket.create_connection(listener.getsockname()):
            listener.accept()[0].close()
