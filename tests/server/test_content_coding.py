"""Bodies with a content coding, at every route that reads one. PHP's SoapServer unpacks gzip and deflate itself."""

import base64
import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import requests

from server.body.content_coding import decode_chunks
from server.request_body import spool_body
from tests import make
from tests.servers.hashkeep import Hashkeep

LONG = 60.0
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><storeTorrent><torrent>{}</torrent>'
    "</storeTorrent></e:Body></e:Envelope>"
)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


Pack = Callable[[bytes], bytes]
CODINGS: dict[str, tuple[str, Pack]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "upper case": ("GZIP", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "two members": ("gzip", lambda data: gzip.compress(data[:99]) + gzip.compress(data[99:])),
    "two codings": ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "identity": ("identity", bytes),
}


def form_of(torrent: bytes) -> tuple[str, bytes]:
    prepared = requests.Request("POST", "http://a/", files={"torrent": ("a.torrent", torrent)}).prepare()
    assert isinstance(prepared.body, bytes)
    return prepared.headers["Content-Type"], prepared.body


def soap_of(torrent: bytes) -> tuple[str, bytes]:
    return "text/xml", ENVELOPE.format(base64.b64encode(torrent).decode()).encode()


def torrent_of(torrent: bytes) -> tuple[str, bytes]:
    return "application/x-bittorrent", torrent


ROUTES = {
    "/soap": soap_of,
    "/api/index.php": soap_of,
    "/upload": form_of,
    "/store": form_of,
    "/api/v1/torrents": form_of,
    "/api/v1/torrents?": torrent_of,
}


def post(server: Hashkeep, path: str, kind: str, coding: str, body: Any) -> requests.Response:
    headers = {"Content-Type": kind, "Content-Encoding": coding}
    return requests.post(server.url + path, body, headers=headers, timeout=LONG)


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("size", [50_000, 80_000_000])
def test_every_route_takes_every_coding(server: Hashkeep, path: str, name: str, size: int) -> None:
    """The larger torrent lies in a temporary file."""
    coding, pack = CODINGS[name]
    torrent = make.v1(f"{path} {name}".encode(), size)
    kind, body = ROUTES[path](torrent)
    assert make.v1_hash(torrent) in post(server, path, kind, coding, pack(body)).text


def test_a_chunked_body_is_unpacked(server: Hashkeep) -> None:
    torrent = make.v1(b"chunked")
    kind, body = soap_of(torrent)
    packed = gzip.compress(body)
    chunks = (packed[at : at + 10] for at in range(0, len(packed), 10))
    assert make.v1_hash(torrent) in post(server, "/soap", kind, "gzip", chunks).text


def test_json_is_unpacked(server: Hashkeep) -> None:
    body = gzip.compress(b'{"infohashes": ["' + b"A" * 40 + b'"]}')
    plain = requests.post(f"{server.url}/api/v1/check", json={"infohashes": ["A" * 40]}, timeout=LONG)
    packed = post(server, "/api/v1/check", "application/json", "gzip", body)
    assert (packed.status_code, packed.text) == (plain.status_code, plain.text)


def test_a_torrent_that_is_itself_packed_is_unpacked_twice(server: Hashkeep) -> None:
    torrent = make.v1(b"packed twice")
    body = gzip.compress(gzip.compress(torrent))
    answer = post(server, "/api/v1/torrents", "application/x-bittorrent", "gzip", body)
    assert answer.json()["infohash"] == make.v1_hash(torrent)


UNKNOWN = ["br", "zstd", "compress", "gzip, br", "nonsense", "gzip, gzip, gzip, gzip"]
REFUSALS = {
    "/soap": ("text/xml", b":Fault>"),
    "/upload": ("text/plain", b"Error 10"),
    "/api/v1/torrents": ("application/problem+json", b'"status": 415'),
    "/api/v1/check": ("application/problem+json", b"unsupported-media-type"),
    "/v1/api/torrents/createtorrent": ("application/json", b'"success":false'),
    "/torrent/add": ("application/json", b'"error": "INVALID_REQUEST"'),
    "/store": ("text/html", b"Content-Encoding"),
}


@pytest.mark.parametrize("coding", UNKNOWN)
@pytest.mark.parametrize("path", REFUSALS)
def test_an_unknown_coding_is_415_in_the_words_of_the_dialect(
    server: Hashkeep, path: str, coding: str
) -> None:
    """RFC 9110, 15.5.16: Accept-Encoding says what there could be."""
    answer = post(server, path, "application/octet-stream", coding, b"x" * 100)
    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "gzip, x-gzip, deflate"
    kind, words = REFUSALS[path]
    assert answer.headers["Content-Type"].startswith(kind)
    assert words in answer.content


def test_a_coding_without_a_body_is_no_matter(server: Hashkeep) -> None:
    assert requests.get(server.url, headers={"Content-Encoding": "br"}, timeout=LONG).status_code == 200


@pytest.mark.parametrize("path", ROUTES)
def test_a_bomb_is_too_large_and_takes_no_more_than_the_limit(server: Hashkeep, path: str) -> None:
    kind, body = ROUTES[path](b"d" + bytes(40_000_000))
    bomb = gzip.compress(body)
    assert len(bomb) < 300_000
    answer = post(server, path, kind, "gzip", bomb)
    assert any(words in answer.text.lower() for words in ("too large", "more than the 10,000,000 bytes"))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_no_more_than_the_limit_is_unpacked_at_any_step(layers: int) -> None:
    bomb = bytes(100_000_000)
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    assert sum(map(len, decode_chunks([bomb], ["gzip"] * layers, 1_000_000))) < 1_200_000


@pytest.mark.parametrize("cut", [1, 2, 10, 100])
def test_a_body_that_breaks_off_is_read_as_far_as_it_goes(cut: int) -> None:
    data = make.random_bytes(10_000, b"x")
    read = b"".join(decode_chunks([gzip.compress(data)[:-cut]], ["gzip"], 100_000))
    assert data.startswith(read)
    assert len(read) > 9_000


def test_what_only_claims_to_be_gzip_is_left_as_it_is() -> None:
    assert b"".join(decode_chunks([b"pl", b"ain"], ["gzip"], 100)) == b"plain"
    assert b"".join(decode_chunks([], ["gzip"], 100)) == b""


@pytest.mark.parametrize("size", [1, 3, 1_000])
@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate", "two members", "two codings"])
def test_a_body_is_unpacked_however_it_is_cut(name: str, size: int) -> None:
    coding, pack = CODINGS[name]
    data = make.random_bytes(5_000, b"y") + bytes(200_000)
    packed = pack(data)
    chunks = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert b"".join(decode_chunks(chunks, coding.split(", "), 1_000_000)) == data


def test_a_wsgi_server_has_it_unpacked_too() -> None:
    packed = gzip.compress(b"plain" * 1_000)
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(packed)}
    environ |= {"CONTENT_LENGTH": str(len(packed)), "HTTP_CONTENT_ENCODING": "gzip"}
    with spool_body(environ, 100_000) as body:
        assert body.read() == b"plain" * 1_000
    assert environ["CONTENT_LENGTH"] == "5000"
    assert "HTTP_CONTENT_ENCODING" not in environ
