"""Spellings of infohashes, with BEP 9's and libtorrent's own words for what they mean."""

import base64

import libtorrent
import pytest

from metainfo import infohash
from metainfo.errors import NotAnInfohash

V1 = bytes.fromhex("c12fe1c06bba254a9dc9f519b335aa7c1367a88a")
V2 = bytes.fromhex("caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e")  # BEP 52's own example


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        (V1.hex(), V1),
        (V1.hex().upper(), V1),
        (V1.hex()[:20] + V1.hex()[20:].upper(), V1),
        (base64.b32encode(V1).decode(), V1),
        (base64.b32encode(V1).decode().lower(), V1),
        (V2.hex(), V2),
    ],
)
def test_every_notation_of_an_infohash_means_the_same_bytes(spelling: str, meant: bytes) -> None:
    assert infohash.parse_infohash(spelling) == meant


@pytest.mark.parametrize(
    "spelling",
    ["", "c12fe1", V1.hex() + "0", V1.hex()[:-1] + "g", V1.hex() + "\n", " " + V1.hex(), "1" * 32, "٣" * 40],
)
def test_text_that_is_no_infohash_is_refused(spelling: str) -> None:
    with pytest.raises(NotAnInfohash):
        infohash.parse_infohash(spelling)


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        (f"  {V1.hex()}\n", V1),
        (f"magnet:?xt=urn:btih:{V1.hex()}", V1),
        (f"MAGNET:?dn=x&XT=a&xt=urn:BTIH:{V1.hex().upper()}&tr=udp://t", V1),
        (f"magnet:?xt=urn:btih:{base64.b32encode(V1).decode()}", V1),
        (f"magnet:?xt=urn:btmh:1220{V2.hex()}&dn=bittorrent-v2-test", V2),
        (f"magnet:?xt.1=urn:btmh:1220{V2.hex()}&xt.2=urn:btih:{V1.hex()}", V1),
        (f"https://itorrents.org/torrent/{V1.hex().upper()}.torrent?title=x", V1),
        (f"http://127.0.0.1:8000/view/{V2.hex()}/", V2),
    ],
)
def test_an_infohash_is_found_in_pasted_text(pasted: str, meant: bytes) -> None:
    assert infohash.find_infohash(pasted) == meant


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "magnet:?dn=x",
        "magnet:",
        "magnet:?xt=urn:sha1:abc",
        "magnet:?xt=urn:btmh:1220ff",
        "http://[::1",
        "Sintel",
    ],
)
def test_text_without_an_infohash_raises_NotAnInfohash(pasted: str) -> None:
    with pytest.raises(NotAnInfohash):
        infohash.find_infohash(pasted)


def test_libtorrent_reads_the_same_from_a_hybrid_magnet() -> None:
    magnet = f"magnet:?xt=urn:btih:{V1.hex()}&xt=urn:btmh:1220{V2.hex()}"
    theirs = libtorrent.parse_magnet_uri(magnet).info_hashes
    assert infohash.find_infohash(magnet) == theirs.v1.to_bytes()
    assert infohash.truncate_infohash(V2) == theirs.v2.to_bytes()[:20]
