"""Torrents of more than 10 MB, where the operator allows them: qBittorrent takes 100 MiB and ten million parts."""

import base64
from collections.abc import Iterator

import pytest
import requests

from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep

LONG = 250.0
FILES: dict[tuple[bytes, ...], int] = {(b"folder", b"file-%06d" % n): 1 for n in range(400_000)}
MANY_FILES = make.v1(b"many files", files=FILES)
MANY_PIECES = make.v1(b"many pieces", 16_384 * 2_200_000)  # 44 MB; libtorrent's limit is 2,097,152 pieces
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><storeTorrent><torrent>{}</torrent>'
    "</storeTorrent></e:Body></e:Envelope>"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    with hashkeep(tmp_path_factory.mktemp("large"), MAX_TORRENT_BYTES="256000000") as running:
        yield running


@pytest.mark.parametrize("torrent", [MANY_FILES, MANY_PIECES], ids=["many files", "many pieces"])
def test_a_large_torrent_is_stored_and_given_by_every_route(archive: Hashkeep, torrent: bytes) -> None:
    infohash = make.v1_hash(torrent)
    rest = requests.post(
        f"{archive.url}/api/v1/torrents",
        torrent,
        headers={"Content-Type": "application/x-bittorrent"},
        timeout=LONG,
    )
    assert (rest.status_code, rest.json()["infohash"]) == (201, infohash)
    form = requests.post(f"{archive.url}/upload", files={"torrent": ("a.torrent", torrent)}, timeout=LONG)
    assert form.text == infohash
    call = requests.post(
        f"{archive.url}/soap", ENVELOPE.format(base64.b64encode(torrent).decode()), timeout=LONG
    )
    assert infohash in call.text
    assert requests.get(f"{archive.url}/{infohash}.torrent", timeout=LONG).content == torrent


def test_one_byte_more_than_the_largest_is_too_large(archive: Hashkeep) -> None:
    answer = requests.post(
        f"{archive.url}/api/v1/torrents",
        b"d" + bytes(256_000_000),
        headers={"Content-Type": "application/x-bittorrent"},
        timeout=LONG,
    )
    assert answer.status_code == 413
