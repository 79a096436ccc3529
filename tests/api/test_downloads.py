"""Downloads over HTTP, from the default server and from the shipped nginx in front of it."""

import base64
import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests import make
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from tests.servers.nginx import nginx

V1 = make.v1(b"v1 \xff", 20_000_000, outer={b"comment": b"exactly these bytes"})
HYBRID = make.hybrid(b"hybrid", b"h" * 100_000)
V2 = make.v2(b"v2", b"2" * 100_000)
BARE = make.v2(b"bare", b"3" * 100_000, layers=False)
LONG = make.v1(b"many", files={(b"folder", b"%05d.txt" % n): 1 for n in range(500)})
LARGE = make.v1(b"large", 800_000_000)  # of more than 256 KB, which are not kept in memory
TAKEN = make.v1(b"taken down")
ABSENT = "F" * 40


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    with hashkeep(tmp_path_factory.mktemp("stocked"), BEHIND_PROXY="on", ALLOWED_HOSTS="*") as running:
        for torrent in (V1, HYBRID, V2, BARE, LONG, LARGE, TAKEN):
            requests.post(f"{running.url}/upload", files={"torrent": torrent}, timeout=60).raise_for_status()
        running.manage("take_down", make.v1_hash(TAKEN), "--reason", "Asked for by its author.")
        yield running


@pytest.fixture(params=["granian", "nginx"], scope="module")
def origin(request: pytest.FixtureRequest, archive: Hashkeep) -> Iterator[str]:
    if request.param == "granian":
        yield archive.url
        return
    # The configuration that comes with Hashkeep, with the operator's lines filled in.
    conf = (ROOT / "deploy" / "nginx.conf").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{archive.port}")
    with nginx(conf.replace("/srv/hashkeep/torrents", str(archive.torrents))) as url:
        yield url


def get(url: str, method: str = "GET", **headers: str) -> requests.Response:
    """GET without the headers that requests adds by itself."""
    with requests.Session() as session:
        session.headers.clear()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Accept-Encoding": "identity"} | names
        return session.request(method, url, headers=sent, timeout=60, allow_redirects=False)


def path_spellings(torrent: bytes) -> Iterator[str]:
    v1, v2 = make.infohashes(torrent)
    for infohash in [v1] * (torrent is not V2) + [v2, v2[:20]] * (torrent is not V1):
        yield infohash.hex()
        yield infohash.hex().upper()
        yield infohash.hex().title()
        if len(infohash) == 20:
            yield base64.b32encode(infohash).decode()
            yield base64.b32encode(infohash).decode().lower()


@pytest.mark.parametrize("torrent", [V1, HYBRID, V2], ids=["v1", "hybrid", "v2"])
@pytest.mark.parametrize(
    "shape",
    [
        "/{}.torrent",
        "/{}.TORRENT",
        "/torrent/{}.torrent",
        "/torrent/{}",
        "/torrents/{}",
        "/{}",
        "/torrent/{}.torrent?title=x&y",
    ],
)
def test_every_url_shape_and_spelling_gives_the_exact_bytes(origin: str, torrent: bytes, shape: str) -> None:
    for spelling in path_spellings(torrent):
        answer = get(origin + shape.format(spelling))
        assert (answer.status_code, answer.content) == (200, torrent), spelling


@pytest.mark.parametrize(
    "shape",
    [
        # flexget/components/sites/sites/torrent_cache.py, with HASH.upper()
        "/{}.torrent",
        "/torrent/{}.torrent",
        # LimeTorrents' links in Prowlarr and Jackett
        "/torrent/{}.torrent?title=[limetorrents.info]a.b.c",
        # btcache.me
        "/torrent/{}",
    ],
)
def test_a_download_has_all_its_headers_and_a_bare_content_type(
    archive: Hashkeep, origin: str, shape: str
) -> None:
    infohash = make.v1_hash(V1)
    for method in ("GET", "HEAD"):
        answer = get(origin + shape.format(infohash), method)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/x-bittorrent"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{infohash}.torrent"'
        assert answer.headers["Content-Length"] == str(len(V1))
        # nginx cannot see whether a torrent still lacks its piece layers, so it calls no response immutable.
        lasting = "public, max-age=31536000, immutable" if origin == archive.url else "public, max-age=3600"
        assert answer.headers["Cache-Control"] == lasting
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert not answer.headers["ETag"].startswith("W/")
        assert answer.content == (V1 if method == "GET" else b"")


def test_hashkeep_and_nginx_send_the_same_etag(archive: Hashkeep, origin: str) -> None:
    path = f"/torrent/{make.v1_hash(V1)}.torrent"
    assert get(origin + path).headers["ETag"] == get(archive.url + path).headers["ETag"]
    assert get(origin + path.lower()).headers["ETag"] == get(archive.url + path).headers["ETag"]


def test_a_client_that_has_the_torrent_gets_304_and_no_body(origin: str) -> None:
    url = f"{origin}/torrent/{make.v1_hash(V1)}.torrent"
    etag = get(url).headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = get(url, If_None_Match=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
    assert get(url, If_None_Match='"other"').status_code == 200


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=0.5", "x-gzip", "GZIP"])
def test_a_response_is_gzipped_if_the_client_accepts_it_and_it_shrinks(
    archive: Hashkeep, accepted: str
) -> None:
    url = f"{archive.url}/torrent/{make.v1_hash(LONG)}.torrent"
    answer = requests.get(url, headers={"Accept-Encoding": accepted}, stream=True, timeout=60)
    raw = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Length"] == str(len(raw))
    assert len(raw) < len(LONG) / 2
    assert gzip.decompress(raw) == LONG
    plain = get(url)
    assert plain.headers["ETag"] != answer.headers["ETag"]
    assert get(url, Accept_Encoding=accepted, If_None_Match=answer.headers["ETag"]).status_code == 304


@pytest.mark.parametrize(
    ("torrent", "accepted"),
    [(LONG, ""), (LONG, "identity"), (LONG, "gzip;q=0"), (LONG, "br"), (V1, "gzip"), (BARE, "gzip")],
)
def test_other_responses_are_not_gzipped(archive: Hashkeep, torrent: bytes, accepted: str) -> None:
    infohash = make.v2_hash(torrent) if torrent is BARE else make.v1_hash(torrent)
    answer = get(f"{archive.url}/torrent/{infohash}.torrent", Accept_Encoding=accepted)
    assert "Content-Encoding" not in answer.headers
    assert answer.content == torrent


def test_a_torrent_that_may_still_gain_its_piece_layers_is_not_immutable(archive: Hashkeep) -> None:
    answer = get(f"{archive.url}/{make.v2_hash(BARE)}.torrent")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize(
    "path",
    [
        "/{}.torrent",
        "/torrent/{}.torrent",
        "/torrent/{}",
        "/torrents/{}",
        "/{}",
        "/torrent/{}.torrent?title=x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_miss_is_404_in_plain_text(origin: str, path: str, method: str) -> None:
    answer = get(origin + path.format(ABSENT), method)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"<" not in answer.content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/torrents/nonsense", 400),  # Hash2Torrent's answer
        ("/torrent/nonsense.torrent", 404),
        ("/nonsense.torrent", 404),
        ("/nonsense.TORRENT", 404),
        ("/torrents/", 400),
        ("/torrent/", 404),
        ("/torrent/" + "F" * 41, 404),
        ("/torrent/..%2f..%2fetc%2fpasswd", 404),
        ("/torrent/%ff%fe.torrent", 404),
        ("/torrent/%0a", 404),
        ("/torrents/%0a", 400),
    ],
)
def test_a_path_without_an_infohash_is_refused(archive: Hashkeep, path: str, status: int) -> None:
    answer = get(archive.url + path)
    assert (answer.status_code, answer.text) == (status, "Invalid info hash\n")


@pytest.mark.parametrize("path", ["/{}.torrent", "/torrent/{}", "/torrents/{}", "/{}"])
def test_a_takedown_is_451_and_names_the_page_that_explains(origin: str, path: str) -> None:
    answer = get(origin + path.format(make.v1_hash(TAKEN)))
    assert answer.status_code == 451
    assert answer.headers["Link"] == f'<{origin}/takedowns>; rel="blocked-by"'  # RFC 7725
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Asked for by its author." in answer.text


@pytest.mark.parametrize("path", ["/torrent/{}.torrent", "/torrents/{}"])
def test_the_host_header_does_not_change_the_answer(archive: Hashkeep, path: str) -> None:
    for infohash, status in ((make.v1_hash(V1), 200), ("9" * 40, 404)):
        answer = get(archive.url + path.format(infohash), Host="somewhere.else.example")
        assert answer.status_code == status
        assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("ending", [".%0A", ".a%0Ab"])
@pytest.mark.parametrize("path", ["/torrent/{}", "/torrents/{}"])
def test_text_after_an_infohash_is_ignored_even_a_new_line(archive: Hashkeep, path: str, ending: str) -> None:
    for infohash, status in ((make.v1_hash(V1), 200), ("9" * 40, 404), (make.v1_hash(TAKEN), 451)):
        assert get(archive.url + path.format(infohash) + ending).status_code == status


def test_a_takedown_is_451_under_any_host_name(archive: Hashkeep) -> None:
    answer = get(f"{archive.url}/{make.v1_hash(TAKEN)}", Host="no name at all")
    assert (answer.status_code, answer.headers["Link"]) == (451, '</takedowns>; rel="blocked-by"')


def test_too_many_parameters_are_refused_in_plain_text(archive: Hashkeep) -> None:
    answer = get(f"{archive.url}/{'9' * 40}?{'a&' * 1100}")
    assert (answer.status_code, answer.text) == (400, "Too many parameters\n")


@pytest.mark.parametrize("path", ["/{}.torrent", "/torrent/{}", "/torrents/{}", "/{}", "/health_check"])
@pytest.mark.parametrize("method", ["DELETE", "POST", "OPTIONS"])
def test_other_methods_are_refused_in_plain_text(archive: Hashkeep, path: str, method: str) -> None:
    answer = get(archive.url + path.format(make.v1_hash(V1)), method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == f"This address is for GET and HEAD, not for {method}.\n"


def test_npm_magnet_to_torrent_accepts_a_download(archive: Hashkeep) -> None:
    """It sends HEAD, and accepts a link only if the Content-Type is exactly application/x-bittorrent."""
    script = ROOT / "tests" / "clients" / "magnet_to_torrent.js"
    magnet = f"magnet:?xt=urn:btih:{make.v1_hash(V1)}"
    done = subprocess.run(["node", script, archive.url, magnet], capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{archive.url}/torrent/{make.v1_hash(V1)}.torrent\n", done.stderr


def test_downloads_go_on_while_the_database_is_down(tmp_path: Path) -> None:
    with hashkeep(tmp_path) as running:
        requests.post(f"{running.url}/upload", files={"torrent": V1}, timeout=60).raise_for_status()
        for path in tmp_path.glob("hashkeep.sqlite3*"):
            path.write_bytes(b"no database" * 1000)
        assert get(f"{running.url}/torrent/{make.v1_hash(V1)}.torrent").content == V1
        missing = get(f"{running.url}/torrent/{ABSENT}.torrent")
        assert (missing.status_code, missing.headers["Retry-After"]) == (503, "30")


# Ranges. nginx over the same folder is the judge: it sends these itself.


@pytest.mark.parametrize("torrent", [V1, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("Bytes=5-99999999", 5, None)],
)
def test_a_range_of_a_torrent_is_206(
    origin: str, torrent: bytes, asked: str, start: int, stop: int | None
) -> None:
    part = torrent[start:stop]
    for _ in range(2):  # the second time, a small torrent lies in memory
        get(f"{origin}/{make.v1_hash(torrent)}.torrent")
        answer = get(f"{origin}/{make.v1_hash(torrent)}.torrent", Range=asked)
        assert (answer.status_code, answer.content) == (206, part)
        first = len(torrent) + start if start < 0 else start
        shown = f"bytes {first}-{first + len(part) - 1}/{len(torrent)}"
        assert answer.headers["Content-Range"] == shown
        assert answer.headers["Content-Length"] == str(len(part))


@pytest.mark.parametrize("torrent", [V1, LARGE], ids=["small", "large"])
def test_a_range_beyond_the_end_is_416(origin: str, torrent: bytes) -> None:
    answer = get(f"{origin}/{make.v1_hash(torrent)}.torrent", Range=f"bytes={len(torrent)}-")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(torrent)}"


@pytest.mark.parametrize("torrent", [V1, LARGE], ids=["small", "large"])
def test_a_range_counts_only_if_the_torrent_is_still_the_same(origin: str, torrent: bytes) -> None:
    """If-Range (RFC 9110, 13.1.5) compares strongly."""
    url = f"{origin}/{make.v1_hash(torrent)}.torrent"
    etag = get(url).headers["ETag"]
    assert get(url, Range="bytes=3-", If_Range=etag).status_code == 206
    for other in ('"another"', "W/" + etag, "Thu, 01 Jan 1970 00:00:00 GMT"):
        answer = get(url, Range="bytes=3-", If_Range=other)
        assert (answer.status_code, answer.content) == (200, torrent)


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=a-b", "lines=1-2", "bytes"])
def test_what_is_no_range_gives_the_whole(archive: Hashkeep, asked: str) -> None:
    """RFC 9110, 14.2: an invalid Range, or one of unknown units, may be ignored."""
    answer = get(f"{archive.url}/{make.v1_hash(V1)}.torrent", Range=asked)
    assert (answer.status_code, answer.content) == (200, V1)


def test_a_gzipped_torrent_comes_whole(origin: str) -> None:
    """nginx gives no part of what it gzips."""
    answer = get(f"{origin}/{make.v1_hash(LONG)}.torrent", Range="bytes=3-", Accept_Encoding="gzip")
    if answer.headers.get("Content-Encoding") == "gzip":
        assert (answer.status_code, answer.content) == (200, LONG)
    else:
        assert (answer.status_code, answer.content) == (206, LONG[3:])


@pytest.mark.parametrize("path", ["/torrent/{}.torrent", "/api/v1/torrents/{}/download", "/torrents/{}"])
def test_every_route_that_gives_torrents_has_ranges(archive: Hashkeep, path: str) -> None:
    for infohash in (make.v1_hash(V1), base64.b32encode(bytes.fromhex(make.v1_hash(V1))).decode()):
        answer = get(archive.url + path.format(infohash), Range="bytes=-3")
        assert (answer.status_code, answer.content) == (206, V1[-3:])


@pytest.mark.parametrize("torrent", [V1, LARGE], ids=["small", "large"])
def test_curl_resumes_a_download(origin: str, torrent: bytes, tmp_path: Path) -> None:
    """It ends with 33 where a server has no ranges."""
    (tmp_path / "a.torrent").write_bytes(torrent[:1_000])
    url = f"{origin}/{make.v1_hash(torrent)}.torrent"
    subprocess.run(["curl", "-sSf", "-C", "-", "-o", "a.torrent", url], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "a.torrent").read_bytes() == torrent


# Slashes. nginx merges them, and PHP takes a path after the name of a script.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "shape",
    [
        "//torrent/{}.torrent",
        "/torrent//{}.torrent",
        "///torrent///{}.torrent",
        "//{}.torrent",
        "/{}.torrent/",
        "/torrent/{}/",
        "/torrent/{}.torrent//",
        "//torrents//{}/",
        "/{}/",
    ],
)
def test_slashes_too_many_make_no_difference(origin: str, shape: str, method: str) -> None:
    answer = get(origin + shape.format(make.v1_hash(V1)), method)
    assert (answer.status_code, answer.content) == (200, V1 if method == "GET" else b"")


@pytest.mark.parametrize(
    "path", ["//upload", "/upload/", "//upload.php/", "/autoupload.php//", "//autoupload.php"]
)
def test_uploads_may_have_slashes_too_many(origin: str, path: str) -> None:
    assert requests.post(origin + path, files={"torrent": V1}, timeout=60).text == make.v1_hash(V1)


@pytest.mark.parametrize(
    "path", ["//soap", "/soap/", "/api//index.php/", "//torcache.wsdl", "/api/torrage.wsdl/"]
)
def test_soap_may_have_slashes_too_many(origin: str, path: str) -> None:
    assert b"Fault" in requests.post(origin + path, b"no SOAP", timeout=60).content
    assert b"definitions" in requests.get(origin + path, timeout=60).content
