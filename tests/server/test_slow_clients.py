"""Clients that send slowly, stop in the middle, or do not read what they asked for, at the bare server."""

import ctypes
import os
import resource
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from server.acknowledged_bytes import Connection
from server.slow_readers import limit_slow_readers
from tests import make
from tests.client_operations import poll_until
from tests.servers.hashkeep import Hashkeep, hashkeep

SMALL = make.v1(b"small", 20_000_000)
LARGE = make.v1(b"large", 4_000_000_000)
MEGABYTES = bytes(6_000_000)  # more than the kernel takes in advance
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
STALLED = UPLOAD + b"Content-Length: 1000000\r\n\r\n--x\r\n"
SOON = 40  # seconds, on a machine that is busy with other tests; who stalls is borne for two minutes
PIDFD_GETFD = 438  # its number as a system call
MANY = 1_000  # more than there are threads


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
    for process in server.processes("-m", "hashkeep.granian_server"):
        pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def goes_on(server: Hashkeep, name: bytes, torrents: Sequence[bytes] = (*[SMALL] * 10, LARGE)) -> None:
    """Downloads, an upload and a page, each before those who stall are sent away."""
    for torrent in torrents:
        answer = requests.get(f"{server.url}/{make.v1_hash(torrent)}.torrent", timeout=SOON)
        assert (answer.status_code, answer.content) == (200, torrent)
    new = make.v1(name)
    stored = requests.post(f"{server.url}/upload", files={"torrent": new}, timeout=SOON)
    assert stored.text == make.v1_hash(new)
    assert requests.get(server.url, timeout=SOON).ok


def test_1000_uploads_that_stop_in_the_middle_keep_nobody_waiting(stocked: Hashkeep) -> None:
    before = memory(stocked)
    with connections(stocked, MANY, STALLED):
        goes_on(stocked, b"beside stalled uploads")
        assert memory(stocked) - before < 100_000_000
    goes_on(stocked, b"after stalled uploads")


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


def test_1000_readers_that_stop_keep_nobody_waiting(stocked: Hashkeep) -> None:
    asked = f"GET /{make.v1_hash(LARGE)}.torrent HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with connections(stocked, MANY, asked, room=4096):
        goes_on(stocked, b"beside readers that stop")


def test_headers_that_never_end_keep_nobody_waiting(stocked: Hashkeep) -> None:
    with connections(stocked, 1000, b"GET / HTTP/1.1\r\nHost: lo"):
        goes_on(stocked, b"beside endless headers")


def test_the_kernel_ends_a_connection_whose_client_does_not_read() -> None:
    """With a time limit of seconds; connections inherit it from the socket that accepts them."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        limit_slow_readers(listener.getsockname()[1], milliseconds=2_000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            began = time.monotonic()
            with pytest.raises(TimeoutError):  # ETIMEDOUT
                while True:
                    server.sendall(MEGABYTES)
            assert time.monotonic() - began < SOON


def test_a_client_that_reads_slowly_is_left_alone() -> None:
    """Its window is closed most of the time, and opens before the limit."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        limit_slow_readers(listener.getsockname()[1], milliseconds=3_000)
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with server, client, ThreadPoolExecutor(1) as sender:
            sending = sender.submit(server.sendall, 5 * MEGABYTES)
            read, began = 0, time.monotonic()
            while read < 5 * len(MEGABYTES):
                read += len(client.recv(100_000 if time.monotonic() - began < 9 else 1_000_000))
                time.sleep(0.1 if time.monotonic() - began < 9 else 0)
            sending.result(timeout=SOON)


def test_other_sockets_of_the_process_have_no_such_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        limit_slow_readers(listener.getsockname()[1])
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000
        assert other.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
        with socket.create_connection(listener.getsockname()) as client:
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0


def test_the_server_sets_these_limits(stocked: Hashkeep) -> None:
    """Read from the server's own socket: pidfd_getfd(2) duplicates it into this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    limits = []
    for pid in stocked.processes("-m", "hashkeep.granian_server"):
        pidfd = os.pidfd_open(pid)
        for link in Path(f"/proc/{pid}/fd").iterdir():
            if link.readlink().name.startswith("socket:"):
                with socket.socket(fileno=libc.syscall(PIDFD_GETFD, pidfd, int(link.name), 0)) as one:
                    if one.family == socket.AF_INET and one.getsockopt(
                        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                    ):
                        options = (socket.TCP_USER_TIMEOUT, socket.TCP_NOTSENT_LOWAT)
                        limits.append([one.getsockopt(socket.IPPROTO_TCP, option) for option in options])
        os.close(pidfd)
    assert limits == [[120_000, 131_072]] * len(os.sched_getaffinity(0)), "each process listens by itself"


def test_what_a_client_has_received_is_known_until_it_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, peer = listener.accept()
        with server:
            server.sendall(b"before")
            assert client.recv(100) == b"before"
            local = "{}:{}".format(*listener.getsockname())
            poll_until(lambda: Connection(local, "{}:{}".format(*peer)).acknowledged() == 0)
            connection = Connection(local, "{}:{}".format(*peer))
            server.sendall(b"x" * 1000)
            poll_until(lambda: connection.acknowledged() == 1000)
            client.close()
            with suppress(OSError):
                server.sendall(b"x")
            server.close()
            poll_until(lambda: connection.acknowledged() is None)
    assert Connection("[::1]:1", "[::1]:2").acknowledged() is None
