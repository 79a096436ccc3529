"""The old caches' HTTP POST: Torrage 0.4's body and headers, thetorrent.org's headers, and real clients.

Header and body texts are Torrage's (github torrage/Torrage, 1437239, autoupload.php); names of the X-Thetorrent
headers are those of thetorrent.org's own PHP sample.
"""

import gzip
import lzma
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from torrentool.utils import upload_to_cache_server

from archive.store import get_storage
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from tests import make
from tests.missing_table import missing_table
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep

CLIENTS = ROOT / "tests" / "clients"
URLS = ["/autoupload.php", "/upload.php", "/upload"]


def post_torrent(client: Client, torrent: bytes, url: str = "/autoupload.php") -> HttpResponse:
    answer: Any = client.post(url, {"torrent": SimpleUploadedFile("my.torrent", torrent)})
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.django_db
@pytest.mark.parametrize("url", URLS)
def test_a_success_has_the_headers_of_both_caches(client: Client, url: str) -> None:
    torrent = make.v1()
    for _ in range(2):
        answer = post_torrent(client, torrent, url)
        assert answer.status_code == 200
        assert answer["X-Thetorrent-Result"] == "stored"
        assert answer["X-Thetorrent-Hash"] == answer["X-Torrage-Infohash"] == make.v1_hash(torrent)
        assert "X-Torrage-Error-Msg" not in answer
        assert answer.content == make.v1_hash(torrent).encode()  # no newline: torrentool makes a URL of it
        assert answer["Content-Length"] == "40"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("torrent", "torrage", "body"),
    [
        (b"", "File empty.", b"Error 11: File empty.\n"),
        (
            b"<html>",
            "Broken torrent file, please recreate it and try again.",
            b"Error 12: Broken torrent file, please recreate it and try again.\n",
        ),
        (
            make.v1()[:-9],
            "Broken torrent file, please recreate it and try again.",
            b"Error 12: Broken torrent file, please recreate it and try again.\n",
        ),
    ],
)
def test_a_refusal_has_torrages_own_words(client: Client, torrent: bytes, torrage: str, body: bytes) -> None:
    answer = post_torrent(client, torrent)
    assert (answer.status_code, answer.content) == (200, body)
    assert answer["X-Torrage-Error-Msg"] == torrage
    assert answer["X-Thetorrent-Result"] == "failed"
    assert len(answer["X-Thetorrent-Error"]) > 10
    assert "X-Thetorrent-Hash" not in answer


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("packed", "kind"),
    [
        (lzma.compress(make.v1()), "an xz archive"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "a ZIP archive"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),  # RAR 5.0 archive format
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),  # 7-Zip's 7zFormat.txt
        (b"\x28\xb5\x2f\xfd\x24\x00", "a zstd archive"),  # RFC 8878
    ],
)
def test_the_refusal_names_an_unsupported_compression(client: Client, packed: bytes, kind: str) -> None:
    """In our header; Torrage's own text does not change."""
    answer = post_torrent(client, packed)
    assert answer.content.startswith(b"Error 12: Broken torrent file")
    assert answer["X-Thetorrent-Error"] == f"This is {kind}, not a torrent; gzip and bzip2 are unpacked."


@pytest.mark.django_db
def test_refusals_that_torrage_did_not_know_have_new_numbers(client: Client, settings: Settings) -> None:
    blocked = make.v1(b"blocked")
    take_down(make.infohashes(blocked)[0], "Ünwanted\nby many ☂.")
    settings.MAX_TORRENT_BYTES = 1000
    assert post_torrent(client, make.v1(size=10**7)).content.startswith(b"Error 15: The ")
    assert post_torrent(client, make.v1(private=1)).content.startswith(b"Error 16: This torrent is private")
    answer = post_torrent(client, blocked)
    assert answer.content == "Error 17: Deleted torrent: Ünwanted by many ☂.\n".encode()
    assert answer["X-Torrage-Error-Msg"] == "Deleted torrent: Ünwanted by many ?."


@pytest.mark.django_db
def test_the_refusal_names_the_missing_field(client: Client) -> None:
    forms = [
        client.post("/autoupload.php", {"file": SimpleUploadedFile("my.torrent", make.v1())}),
        client.post("/autoupload.php", {"torrent": "text, not a file"}),
        client.post("/autoupload.php", {}),
        client.post("/autoupload.php", b"torrent=abc", content_type="application/x-www-form-urlencoded"),
        client.post("/autoupload.php", make.v1(), content_type="application/x-bittorrent"),
        client.post("/autoupload.php", b"--x\r\nbroken", content_type="multipart/form-data; boundary=x"),
        client.post("/autoupload.php", b"--x\r\n", content_type="multipart/form-data"),
        client.post(
            "/autoupload.php", b"a=" + b"b" * 3_000_000, content_type="application/x-www-form-urlencoded"
        ),
    ]
    for answer in forms:
        assert answer.status_code == 200
        assert answer.content == b"Error 10: File not found.\n"
        assert answer["X-Thetorrent-Result"] == "failed"


def test_get_of_an_upload_url_explains_how_to_post(client: Client) -> None:
    answer = client.get("/upload.php")
    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, "POST", "text/plain")


@pytest.mark.django_db
def test_a_missing_storage_is_torrages_error_14(client: Client, settings: Settings) -> None:
    settings.STORAGE_URL = "file:///dev/full/torrents"
    get_storage.cache_clear()
    answer = post_torrent(client, make.v1())
    assert answer.content == b"Error 14: Something didn't work, please try again later!\n"
    assert answer["X-Thetorrent-Error"].startswith("The storage cannot be used")


@pytest.mark.django_db(transaction=True)
def test_a_missing_database_is_torrages_error_14(client: Client) -> None:
    with missing_table("archive_torrent"):
        answer = post_torrent(client, make.v1())
    assert answer.content.startswith(b"Error 14: ")
    assert count_torrents() == 0
    assert connection.is_usable()


# Over HTTP, with real clients ----------------------------------------------------------------


def save_torrent(folder: Path, torrent: bytes) -> Path:
    path = folder / "my.torrent"
    path.write_bytes(torrent)
    return path


def run_curl(*args: str | Path) -> str:
    done = subprocess.run(["curl", "-sS", *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("chunked", [False, True])
def test_curl_prints_the_infohash(server: Hashkeep, tmp_path: Path, chunked: bool) -> None:
    torrent = make.v1(b"curl %d" % chunked, 3_000_000)
    header = ["-H", "Transfer-Encoding: chunked"] if chunked else []
    path = save_torrent(tmp_path, torrent)
    assert run_curl(*header, "-F", f"torrent=@{path}", f"{server.url}/autoupload.php") == make.v1_hash(
        torrent
    )


def test_an_upload_is_accepted_under_any_host_name(server: Hashkeep, tmp_path: Path) -> None:
    torrent = make.v1(b"an old name")
    form = ["-H", "Host: torrage.com", "-F", f"torrent=@{save_torrent(tmp_path, torrent)}"]
    assert run_curl(*form, f"{server.url}/autoupload.php") == make.v1_hash(torrent)


def test_a_form_is_spooled_only_up_to_its_limit(server: Hashkeep, tmp_path: Path) -> None:
    before = server.log.read_text()
    path = save_torrent(tmp_path, b"d4:info" + bytes(60_000_000))
    answer = run_curl("-F", f"torrent=@{path}", "-F", f"torrent=@{path}", f"{server.url}/store")
    assert answer.count("more than the 10,000,000 bytes") == 2
    assert server.log.read_text() == before


def test_curl_may_send_it_gzipped(server: Hashkeep, tmp_path: Path) -> None:
    torrent = make.v1(b"gzip")
    path = save_torrent(tmp_path, gzip.compress(torrent))
    assert run_curl("-F", f"torrent=@{path}", f"{server.url}/upload") == make.v1_hash(torrent)


@pytest.mark.parametrize("size", [11_000_000, 60_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_that_is_far_too_large_is_refused_before_it_ends(
    server: Hashkeep, tmp_path: Path, size: int, chunked: bool
) -> None:
    path = save_torrent(tmp_path, b"d4:info" + bytes(size))
    header = ["-H", "Transfer-Encoding: chunked"] if chunked else []
    answer = run_curl(*header, "-F", f"torrent=@{path}", f"{server.url}/autoupload.php")
    assert answer.startswith("Error 15: The file has more than the 10,000,000 bytes")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    """A Hashkeep that is also an HTTP proxy for any host, for clients whose code has the URL of a cache."""
    with hashkeep(tmp_path_factory.mktemp("proxy"), ALLOWED_HOSTS="*") as running:
        yield running


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # torrentool leaves its file open
def test_torrentools_uploader_builds_a_clean_url(
    proxy: Hashkeep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyPI torrentool pastes the body into a URL. The cache's host is a constant in it, so it uses the proxy."""
    torrent = make.v1(b"torrentool")
    monkeypatch.setenv("http_proxy", proxy.url)
    link = upload_to_cache_server(str(save_torrent(tmp_path, torrent)))
    assert link == f"http://torrage.info/torrent.php?h={make.v1_hash(torrent)}"


def test_thetorrents_php_sample_reads_the_headers(server: Hashkeep, tmp_path: Path) -> None:
    """With pecl_http's two functions written in plain PHP, since no distribution has that extension any more."""
    torrent = make.v1(b"pecl_http")
    save_torrent(tmp_path, torrent)
    assert run_php_sample(server, tmp_path) == make.v1_hash(torrent)
    save_torrent(tmp_path, b"<html>")
    assert run_php_sample(server, tmp_path).startswith("This is a web page")


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_a_php_script_reads_that_its_file_is_far_too_large(tmp_path: Path, server_name: str) -> None:
    """PHP sends everything before it reads the answer, and sees only a broken pipe if the server stops reading."""
    save_torrent(tmp_path, b"d4:info" + bytes(30_000_000))
    (tmp_path / "data").mkdir()
    with hashkeep(tmp_path / "data", server=server_name) as running:
        assert run_php_sample(running, tmp_path).startswith("The file has more than the 10,000,000 bytes")


def run_php_sample(server: Hashkeep, folder: Path) -> str:
    command = ["php", str(CLIENTS / "post_torrent.php"), f"{server.url}/autoupload.php"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gunicorn_keeps_the_letter_case_that_raw_readers_compare(tmp_path: Path) -> None:
    path = save_torrent(tmp_path, make.v1(b"gunicorn"))
    (tmp_path / "data").mkdir()
    with hashkeep(tmp_path / "data", server="gunicorn") as running:
        raw = run_curl("-i", "-F", f"torrent=@{path}", f"{running.url}/autoupload.php")
    assert f"\nX-Torrage-Infohash: {make.v1_hash(make.v1(b'gunicorn'))}\n" in raw.replace("\r", "")
    assert "\nX-Thetorrent-Result: stored\n" in raw.replace("\r", "")
