"""Finding a torrent by its infohash or a magnet link."""

import base64

import pytest
from django.test import Client

from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import get_page, page_text

pytestmark = pytest.mark.django_db

SINTEL = make.v1(b"Sintel", files={(b"Sintel.mkv",): 5_000_000_000, (b"Subs", b"de.srt"): 100})
HASH = make.v1_hash(SINTEL)
ABSENT = "AB" * 20


@pytest.mark.parametrize(
    "spelling",
    [
        HASH,
        HASH.lower(),
        f"  {HASH}\n",
        base64.b32encode(bytes.fromhex(HASH)).decode(),
        f"magnet:?xt=urn:btih:{HASH}&dn=Sintel",
        f"https://elsewhere.example/torrent/{HASH}.torrent",
    ],
)
def test_a_torrent_is_found_however_it_is_spelled(client: Client, spelling: str) -> None:
    deposit(SINTEL)
    answer = client.get("/find", {"q": spelling}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/view/{HASH}"
    assert answer.status_code == 200


@pytest.mark.parametrize("nonsense", ["", "hello", "magnet:?dn=x", "A" * 39, '"><script>alert(1)</script>'])
def test_text_that_is_no_infohash_is_shown_again(client: Client, nonsense: str) -> None:
    answer = get_page(client, "/find", data={"q": nonsense})
    assert answer.status_code == 400
    assert answer.page.get_element_by_id("q").get("value") == nonsense
    assert "An infohash is 40 or 64 hex digits" in page_text(
        answer
    ) or "names no BitTorrent infohash" in page_text(answer)


def test_a_torrent_that_is_not_held_is_not_found(client: Client) -> None:
    answer = get_page(client, "/find", data={"q": ABSENT.lower()}, follow=True)
    assert answer.status_code == 404
    assert ABSENT in page_text(answer)
