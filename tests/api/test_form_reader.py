"""Forms as odd scripts write them, at every route that takes one. The judge is PHP, by its own $_FILES."""

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from django.test import Client

from server.body.form import find_boundary
from server.body.multipart_parser import MultipartParser
from server.header_filter import filter_headers
from tests import make
from tests.servers.php import serve_php

TORRENT = make.v1(b"a form's torrent", 50_000)
HASH = make.v1_hash(TORRENT)
SCRIPT = "<?php if (isset($_FILES['torrent'])) readfile($_FILES['torrent']['tmp_name']);"

Form = tuple[str, bytes]  # Content-Type and body


def form(
    boundary: str = "BB",
    *,
    parameter: str | None = None,
    disposition: bytes = b'form-data; name="torrent"; filename="a.torrent"',
    headers: bytes = b"",
    end: bytes = b"\r\n",
    before_delimiter: bytes | None = None,
    torrent: bytes = TORRENT,
) -> Form:
    delimiter = b"--" + boundary.encode()
    head = b"Content-Disposition: " + disposition + end + headers + end
    last = (end if before_delimiter is None else before_delimiter) + delimiter + b"--" + end
    return f"multipart/form-data; boundary={parameter or boundary}", delimiter + end + head + torrent + last


NINE_HEADERS = b"".join(b"X-%d: y\r\n" % number for number in range(9))
FORMS = {
    "equals signs in the boundary": form("----=_Part_0_814.167"),
    "a boundary with a space": form("a b"),
    "a boundary with a colon and a slash": form("a:/b?c"),
    "a boundary in quotes": form("a,b;c", parameter='"a,b;c"'),
    "a boundary before a comma": form("BB", parameter="BB, x"),
    "a boundary before another parameter": form("B=B", parameter="B=B; charset=utf-8"),
    "no semicolon": ("multipart/form-data boundary=BB", form()[1]),
    "upper case": ("Multipart/Form-Data; BOUNDARY=BB", form()[1]),
    "a lying Content-Length": form(headers=b"Content-Length: 7\r\n"),
    "a Content-Length of words": form(headers=b"Content-Length: much\r\n"),
    "nine headers": form(headers=NINE_HEADERS),
    "a hundred headers": form(headers=NINE_HEADERS * 11),
    "a header line of 4,900 bytes": form(headers=b"X: " + b"y" * 4_900 + b"\r\n"),
    "a long file name": form(disposition=b'form-data; name="torrent"; filename="' + b"a" * 3_000 + b'"'),
    "TAB between parameters": form(disposition=b'form-data;\tname="torrent";\tfilename="a"'),
    "no space between parameters": form(disposition=b'form-data;name="torrent";filename="a"'),
    "no quotes": form(disposition=b"form-data; name=torrent; filename=a.torrent"),
    "parameters in upper case": form(disposition=b'form-data; NAME="torrent"; FILENAME="a"'),
    "a folded header": form(disposition=b'form-data;\r\n name="torrent";\r\n\tfilename="a"'),
    "bare LF": form(end=b"\n"),
    "bare LF, a torrent with CRLF": form(end=b"\n", torrent=make.v1(b"a\r\nb", 5)),
    "CRLF, but bare LF before the delimiter": form(before_delimiter=b"\n"),
    "bare LF, but CRLF before the delimiter": form(end=b"\n", before_delimiter=b"\r\n"),
    "a name in GBK": form(disposition='form-data; name="torrent"; filename="电影.torrent"'.encode("gbk")),
    "a name in Latin-1": form(disposition=b'form-data; name="torrent"; filename="caf\xe9"'),
    "a header that is no UTF-8": form(headers=b"X-\xff: \xd6\xd0\r\n"),
    "a line without a colon": form(headers=b"nonsense\r\n"),
    "a torrent that holds the delimiter of another": form(torrent=make.v1(b"\r\n--BC\r\n", 5)),
    "a type with parameters": form(headers=b'Content-Type: a/b; charset="x\xff"\r\n'),
    "attachment instead of form-data": form(disposition=b'attachment; name="torrent"; filename="a"'),
    "a name with a folder": form(disposition=b'form-data; name="torrent"; filename="C:\\x\\a.torrent"'),
    "a preamble": (form()[0], b"preamble\r\n" + form()[1]),
    "an epilogue": (form()[0], form()[1] + b"epilogue\r\n--BB\r\n"),
}


@pytest.fixture(scope="module")
def php(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_php(tmp_path_factory.mktemp("php"), SCRIPT) as url:
        yield url


def by_upload(client: Client, content_type: str, body: bytes) -> str:
    return str(client.post("/upload", body, content_type=content_type).content.decode())


def by_rest(client: Client, content_type: str, body: bytes) -> str:
    [result] = client.post("/api/v1/torrents", body, content_type=content_type).json()["results"]
    return str(result["receipt"]["infohash"])


def by_page(client: Client, content_type: str, body: bytes) -> str:
    found = re.search("[0-9A-F]{40}", client.post("/store", body, content_type=content_type).content.decode())
    return found[0] if found else ""


ROUTES = [by_upload, by_rest, by_page]


@pytest.mark.django_db
@pytest.mark.parametrize("name", FORMS)
def test_every_route_reads_the_file_that_php_reads(client: Client, php: str, name: str) -> None:
    content_type, body = FORMS[name]
    torrent = requests.post(php, body, headers={"Content-Type": content_type}, timeout=60).content
    environ = {"CONTENT_TYPE": content_type}
    filter_headers(environ)  # as the server does before any view
    assert torrent.startswith(b"d8:announce"), "PHP finds the file"
    for route in ROUTES:
        assert route(client, environ["CONTENT_TYPE"], body) == make.v1_hash(torrent)


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES)
def test_a_header_line_of_60000_bytes_is_read(client: Client, route: Callable[..., str]) -> None:
    """More than PHP's 5 KB, so that no limit of any client is met."""
    assert route(client, *form(headers=b"X: " + b"y" * 60_000 + b"\r\n")) == HASH


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_form_is_read_however_it_is_cut(size: int) -> None:
    for name, (content_type, body) in FORMS.items():
        parser = MultipartParser((find_boundary(content_type) or "").encode())
        events = [e for at in range(0, len(body), size) for e in parser.feed(body[at : at + size])]
        data = b"".join(e for e in events if isinstance(e, bytes)) + parser.close()
        assert data.startswith(b"d8:announce") and data.endswith(b"ee"), name
        assert data in body
