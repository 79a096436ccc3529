"""Blocklists: of infohashes, and of digests of infohashes."""

import hashlib
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import StringIO
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from archive.errors import NotHeld, TakenDown
from archive.models import Block, Torrent
from archive.takedowns.public_notices import list_notices
from archive.takedowns.takedown import lift_takedown
from archive.torrents.deposit import deposit
from archive.torrents.retrieve import retrieve
from tests import make
from tests.servers import free_port, run_process, wait_until
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.http_server import http_server
from tests.servers.nginx import is_answering

pytestmark = pytest.mark.django_db(transaction=True)


def run_blocklist(*words: str) -> str:
    call_command("blocklist", *words, stdout=(out := StringIO()), stderr=out)
    return out.getvalue()


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "list.txt"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_first_line_of_a_list_with_a_byte_order_mark_is_blocked(listed: Path, encoding: str) -> None:
    """Judge: Notepad, which writes the mark. One that is passed over leaves its torrent stored."""
    held = make.v1(b"held")
    deposit(held)
    link = f"magnet:?xt=urn:btih:{'5A' * 20}&dn=Song #1, a; b"
    listed.write_bytes(f"{make.v1_hash(held)}\r\n{link}\r\n".encode(encoding))
    assert "2 newly blocked, 0 blocked before, 1 deleted, 0 lines" in run_blocklist(str(listed))


def test_listed_torrents_are_deleted_and_refused(listed: Path) -> None:
    held, unknown, other = make.v1(b"held"), make.v1(b"unknown"), make.v1(b"other")
    deposit(held)
    deposit(other)
    listed.write_text(
        f"# a list\n{make.v1_hash(held)}, from a notice\n\n{make.v1_hash(unknown).lower()} ; x\n"
    )
    assert "2 newly blocked, 0 blocked before, 1 deleted, 0 lines that are no hash" in run_blocklist(
        str(listed)
    )
    for torrent in (held, unknown):
        with pytest.raises(TakenDown, match="On a list of torrents that this server does not keep"):
            deposit(torrent)
        with pytest.raises(TakenDown):
            retrieve(make.infohashes(torrent)[0])
    assert retrieve(make.infohashes(other)[0]).torrent == other


def test_a_stored_torrent_is_blocked_by_all_its_infohashes(listed: Path) -> None:
    hybrid = make.hybrid()
    deposit(hybrid)
    listed.write_text(make.v2_hash(hybrid))
    run_blocklist(str(listed))
    with pytest.raises(TakenDown):
        retrieve(make.infohashes(hybrid)[0])


@pytest.mark.parametrize("digest", [hashlib.sha1, hashlib.sha256])
@pytest.mark.parametrize(("version", "bytes_"), [(0, 20), (1, 32), (1, 20)])
def test_a_list_of_digests_blocks_torrents_without_naming_them(
    listed: Path, digest: "type", version: int, bytes_: int
) -> None:
    held, later = make.hybrid(b"held"), make.hybrid(b"later")
    deposit(held)
    digests = [digest(make.infohashes(torrent)[version][:bytes_]).hexdigest() for torrent in (held, later)]
    listed.write_text("\n".join(digests))
    assert "2 newly blocked, 0 blocked before, 1 deleted" in run_blocklist(f"hashed:{listed}")
    for torrent in (held, later):
        with pytest.raises(TakenDown):
            deposit(torrent)
    with pytest.raises(TakenDown):
        retrieve(make.infohashes(held)[0])
    with pytest.raises(NotHeld):  # a digest is not an infohash
        retrieve(hashlib.sha1(b"anything").digest())


def test_a_block_by_digest_is_lifted_by_the_infohash(listed: Path) -> None:
    """A torrent that was stored is blocked by its infohashes as well."""
    held, unknown = make.v1(b"held"), make.v1(b"unknown")
    deposit(held)
    hashes = [make.infohashes(torrent)[0] for torrent in (held, unknown)]
    listed.write_text("\n".join(hashlib.sha256(one).hexdigest() for one in hashes))
    run_blocklist(f"hashed:{listed}")
    for infohash, torrent in zip(hashes, (held, unknown), strict=True):
        lift_takedown(infohash)
        assert deposit(torrent).new


def test_a_list_may_be_applied_again_and_grow(listed: Path) -> None:
    first, second = make.v1_hash(make.v1(b"1")), make.v1_hash(make.v1(b"2"))
    listed.write_text(f"{first}\n{first}\n")
    assert "1 newly blocked, 1 blocked before" in run_blocklist(str(listed))
    listed.write_text(f"{first}\n{second}\nnothing of the kind\n")
    assert "1 newly blocked, 1 blocked before, 0 deleted, 1 lines that are no hash" in run_blocklist(
        str(listed)
    )


def test_each_infohash_of_a_list_can_be_lifted_alone(listed: Path) -> None:
    first, second = make.v1(b"1"), make.v1(b"2")
    listed.write_text(f"{make.v1_hash(first)}\n{make.v1_hash(second)}\n")
    run_blocklist(str(listed))
    lift_takedown(make.infohashes(first)[0])
    deposit(first)
    with pytest.raises(TakenDown):
        deposit(second)


def test_a_list_is_shown_to_the_public_only_on_request(listed: Path) -> None:
    listed.write_text(make.v1_hash(make.v1(b"hidden")))
    run_blocklist(str(listed))
    assert list(list_notices()) == []
    listed.write_text(make.v1_hash(make.v1(b"shown")))
    run_blocklist(str(listed), "--listed", "--reason", "Court order 12/2026")
    assert [(one.infohashes, one.reason) for one in list_notices()] == [
        ((make.v1_hash(make.v1(b"shown")),), "Court order 12/2026")
    ]


def test_a_list_of_digests_is_never_shown(listed: Path) -> None:
    listed.write_text("0A" * 20)
    with pytest.raises(CommandError, match="is never shown"):
        run_blocklist(f"hashed:{listed}", "--listed")
    assert not Block.objects.exists()


def test_a_list_that_cannot_be_read_is_named_and_the_others_are_applied(listed: Path) -> None:
    listed.write_text(make.v1_hash(make.v1()))
    with pytest.raises(CommandError, match="1 of 2 lists could not be taken"):
        run_blocklist(f"http://127.0.0.1:{free_port()}/list", str(listed))
    with pytest.raises(TakenDown):
        deposit(make.v1())


def test_a_list_that_breaks_off_is_applied_so_far_and_the_next_list_too(
    listed: Path,
) -> None:
    """It breaks off in the middle of a chunk, after the first batch of lines."""
    torrent, other = make.v1(b"first"), make.v1(b"second")
    deposit(torrent)
    listed.write_text(make.v1_hash(other))
    lines = [
        hashlib.sha1(make.infohashes(torrent)[0]).hexdigest(),
        *(f"{number:040x}" for number in range(700)),
    ]
    text = "".join(f"{line}\n" for line in lines).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n1000\r\nhalf" % (len(text), text))
            self.close_connection = True

    with (
        http_server(("127.0.0.1", free_port()), Handler) as url,
        pytest.raises(CommandError, match="1 of 2 lists could not be taken"),
    ):
        run_blocklist(f"hashed:{url}/list", str(listed))
    assert not Torrent.objects.exists()
    for each in (torrent, other):
        with pytest.raises(TakenDown):
            deposit(each)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    folder, port = tmp_path / "web", free_port()
    folder.mkdir()
    server = [
        sys.executable,
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder),
        str(port),
    ]
    with run_process(server, log := tmp_path / "web.log") as process:
        wait_until(lambda: is_answering(f"http://127.0.0.1:{port}/"), process, log)
        yield f"http://127.0.0.1:{port}/"


def test_serve_applies_the_lists_of_its_settings(web: str, tmp_path: Path) -> None:
    torrent = make.v1()
    (tmp_path / "web" / "list.txt").write_text(make.v1_hash(torrent))
    data = tmp_path / "data"
    data.mkdir()
    with hashkeep(data, BLOCKLISTS=f"{web}list.txt") as archive:
        assert upload_until_refused(archive, torrent) == "failed"


def upload_until_refused(archive: Hashkeep, torrent: bytes) -> str:
    for _ in range(600):
        answer = requests.post(f"{archive.url}/upload", files={"torrent": torrent}, timeout=60)
        if answer.headers["X-Thetorrent-Result"] == "failed":
            break
    return answer.headers["X-Thetorrent-Result"]
