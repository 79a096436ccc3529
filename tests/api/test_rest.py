"""REST under /api/v1/: what each route answers. test_openapi compares that with the description."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from archive.access import api_keys
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from metainfo.infohash import parse_infohash
from tests import make

pytestmark = pytest.mark.django_db

API = "/api/v1"
TORRENTS = f"{API}/torrents"
BITTORRENT = "application/x-bittorrent"
V1, V2, HYBRID = make.v1(b"first"), make.v2(b"second"), make.hybrid(b"third")


def post_torrent(client: Client, torrent: bytes, **headers: str) -> Any:
    return client.post(TORRENTS, torrent, content_type=BITTORRENT, headers=headers, CONTENT_TYPE=BITTORRENT)


def post_form(client: Client, *torrents: bytes, **headers: str) -> Any:
    files = [SimpleUploadedFile(f"{n}.torrent", torrent) for n, torrent in enumerate(torrents)]
    return client.post(TORRENTS, {"torrent": files}, headers=headers)


def get(client: Client, path: str, **query: Any) -> Any:
    answer = client.get(path if path.startswith("http") else f"{API}/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def read_problem(answer: Any, status: int, word: str) -> dict[str, Any]:
    """The problem details (RFC 9457), whose media type and status are checked."""
    fields: dict[str, Any] = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (fields["status"], fields["type"].rpartition("#")[2]) == (status, word)
    assert fields["title"] and len(fields["detail"]) > 10
    return fields


# Reading -------------------------------------------------------------------------------------------


def test_a_torrent_is_described_under_any_spelling_of_its_infohash(client: Client) -> None:
    torrent = make.hybrid(b"a name", b"x" * 40_000, private=0)
    deposit(torrent)
    v1, v2 = make.v1_hash(torrent), make.v2_hash(torrent)
    fields = get(client, f"torrents/{v1}")
    assert (fields["infohash"], fields["v1"], fields["v2"]) == (v1, v1, v2)
    assert (fields["name"], fields["size"], fields["files"], fields["pieces"]) == ("a name", 40_000, 1, 2)
    assert fields["trackers"] == [make.TRACKER.decode()]
    assert fields["magnet"].startswith(f"magnet:?xt=urn:btih:{v1.lower()}&xt=urn:btmh:1220{v2.lower()}")
    for spelling in (v1.lower(), v2, v2[:40].lower()):
        assert get(client, f"torrents/{spelling}") == fields


def test_files_come_in_pages(client: Client) -> None:
    sizes: dict[tuple[bytes, ...], int] = {(b"folder", b"%03d" % n): n for n in range(1, 252)}
    torrent = make.v1(files=sizes)
    deposit(torrent)
    answer = get(client, f"torrents/{make.v1_hash(torrent)}/files", limit=100)
    found, pages = answer["results"], 1
    while answer["next"]:
        answer = get(client, answer["next"])
        found, pages = found + answer["results"], pages + 1
    assert pages == 3
    assert found == [{"path": ["folder", f"{n:03}"], "size": n} for n in range(1, 252)]


def test_a_download_has_the_exact_bytes(client: Client) -> None:
    deposit(V2)
    url = f"{TORRENTS}/{make.v2_hash(V2)[:40]}/download"
    answer = client.get(url, headers={"Accept": BITTORRENT})
    assert (answer.content, answer["Content-Type"]) == (V2, BITTORRENT)
    assert client.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    read_problem(client.get(f"{TORRENTS}/{'0A' * 20}/download"), 404, "not-held")


@pytest.mark.parametrize(
    "text",
    [
        make.v1_hash(HYBRID),
        f"magnet:?xt=urn:btih:{make.v1_hash(HYBRID)}&dn=x",
        f"magnet:?xt=urn:btih:{'0a' * 20}&xt=urn:btmh:1220{make.v2_hash(HYBRID)}",
        f"https://elsewhere.example/torrent/{make.v1_hash(HYBRID)}.torrent",
        f" {make.v2_hash(HYBRID)[:40].lower()}\n",
    ],
)
def test_a_lookup_finds_the_torrent_that_a_text_means(client: Client, text: str) -> None:
    deposit(HYBRID)
    assert get(client, "lookup", q=text)["infohash"] == make.v1_hash(HYBRID)


def test_a_lookup_of_a_blocked_missing_or_malformed_infohash_is_a_problem(client: Client) -> None:
    take_down(parse_infohash("0B" * 20), "Because.")
    read_problem(client.get(f"{API}/lookup", {"q": "0A" * 20}), 404, "not-held")
    read_problem(client.get(f"{API}/lookup", {"q": "0B" * 20}), 451, "taken-down")
    read_problem(client.get(f"{API}/lookup", {"q": "hello"}), 400, "not-an-infohash")
    read_problem(client.get(f"{API}/lookup"), 400, "wrong-parameter")


# Lists ---------------------------------------------------------------------------------------------


def test_pages_of_the_newest_stay_stable_while_torrents_are_added(client: Client) -> None:
    torrents = [make.v1(b"%d" % n) for n in range(5)]
    for torrent in torrents:
        deposit(torrent)
    first: Any = client.get(TORRENTS, {"limit": 2})
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    deposit(make.v1(b"later"))
    second = get(client, first.json()["next"])
    third = get(client, second["next"])
    names = [one["name"] for page in (first.json(), second, third) for one in page["results"]]
    assert names == ["4", "3", "2", "1", "0"]
    assert third["next"] is None


def test_a_key_in_the_query_does_not_go_into_links(client: Client) -> None:
    deposit(V1)
    deposit(V2)
    text = api_keys.issue_key("Anna")[1]
    fields = client.get(f"{TORRENTS}?limit=1&apikey={text}").content.decode()
    assert "limit=1" in fields and text not in fields


def test_a_page_of_the_newest_reads_no_torrent_and_makes_few_queries(client: Client, objects: Any) -> None:
    for n in range(30):
        deposit(make.v1(b"%d" % n))
    for path in list(objects.rglob("*.torrent")):
        path.unlink()
    with CaptureQueriesContext(connection) as queries:
        assert len(get(client, "torrents")["results"]) == 30
    assert len(queries) == 3, "the newest numbers, their rows, what the census saw of them"


def test_with_listing_off_a_torrent_is_still_found_by_its_infohash(
    client: Client, settings: Settings
) -> None:
    settings.LISTING = False
    deposit(V1)
    read_problem(client.get(TORRENTS), 403, "not-listed")
    assert get(client, f"torrents/{make.v1_hash(V1)}")["name"] == "first"


@pytest.mark.parametrize(
    "wrong",
    [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"limit": "-1"}, {"limit": "²"}, {"limit": ""}]
    + [{"cursor": "-1"}, {"cursor": "x"}, {"cursor": "9" * 5000}],
)
def test_the_problem_names_a_wrong_parameter(client: Client, wrong: dict[str, str]) -> None:
    [name] = wrong
    for path in ("torrents", "takedowns", f"torrents/{'0A' * 20}/files"):
        wrong = {"limit": "2001"} if wrong == {"limit": "201"} and path.endswith("files") else wrong
        fields = read_problem(client.get(f"{API}/{path}", wrong), 400, "wrong-parameter")
        assert f"`{name}`" in fields["detail"]


def test_a_page_has_two_thousand_files(client: Client) -> None:
    """Each page reads the torrent anew, and some torrents have hundreds of thousands of files."""
    many = deposit(make.v1(b"many", files={(b"%d" % n,): 1 for n in range(2_001)})).infohash
    fields = get(client, f"torrents/{many}/files", limit=2_000)
    assert len(fields["results"]) == 2_000
    assert [one["path"] for one in get(client, fields["next"])["results"]] == [["2000"]]


def test_takedowns_are_listed_with_reason_and_day(client: Client) -> None:
    for n in range(3):
        take_down(bytes([n]) * 20, f"reason {n}")
    take_down(b"\x0d" * 20, "secret", listed=False)
    first = get(client, "takedowns", limit=2)
    assert [one["reason"] for one in first["results"]] == ["reason 2", "reason 1"]
    assert first["results"][0]["infohashes"] == ["02" * 20]
    second = get(client, first["next"])
    assert [one["reason"] for one in second["results"]] == ["reason 0"]
    assert second["next"] is None


# Many at once --------------------------------------------------------------------------------------


def test_check_accepts_commas_repeated_parameters_and_post(client: Client) -> None:
    deposit(HYBRID)
    v1, v2 = make.v1_hash(HYBRID), make.v2_hash(HYBRID).lower()
    expected = {"held": {v1: v1, v2: v1}, "invalid": ["nonsense"]}
    asked = [v1, v2, "0A" * 20, "nonsense"]
    assert get(client, "check", hash=",".join(asked)) == expected
    assert get(client, "check", hash=asked) == expected
    answer = client.post(f"{API}/check", asked, content_type="application/json")
    assert answer.json() == expected


def test_check_accepts_twenty_thousand_infohashes_and_no_more(client: Client) -> None:
    asked = [f"{n:064x}" for n in range(20_001)]
    answer = client.post(f"{API}/check", asked[:-1], content_type="application/json")
    assert answer.json() == {"held": {}, "invalid": []}
    too_many = client.post(f"{API}/check", asked, content_type="application/json")
    read_problem(too_many, 400, "parse-error")
    read_problem(client.get(f"{API}/check", {"hash": asked[:101]}), 400, "wrong-parameter")
    read_problem(client.get(f"{API}/check"), 400, "wrong-parameter")


def test_without_the_network_resolve_says_which_torrents_are_held(client: Client, settings: Settings) -> None:
    settings.RESOLVE = False
    deposit(V1)
    take_down(b"\xcd" * 20, "Court order")
    wishes = [make.v1_hash(V1), "ab" * 20, "nonsense", "cd" * 20]
    answer = client.post(f"{API}/resolve", wishes, content_type="application/json")
    assert answer.status_code == 202
    held, missing, wrong, taken = answer.json()
    assert (held["state"], held["infohash"]) == ("held", make.v1_hash(V1))
    assert held["torrent"].endswith(f"/torrent/{make.v1_hash(V1)}.torrent")
    assert (missing["state"], wrong["state"], taken["state"]) == ("given up", "refused", "given up")
    assert "does not ask the BitTorrent network" in missing["reason"]
    assert "Court order" in taken["reason"]
    read_problem(client.get(missing["url"]), 404, "not-held")  # nothing was noted


# Keys ----------------------------------------------------------------------------------------------


def test_a_key_can_read_its_own_state(client: Client) -> None:
    key, text = api_keys.issue_key("Anna", client="home")
    fields = client.get(f"{API}/key", headers={"authorization": f"Bearer {text}"}).json()
    assert (fields["prefix"], fields["name"], fields["client"], fields["state"]) == (
        key.prefix,
        "Anna",
        "home",
        "active",
    )
    read_problem(client.get(f"{API}/key"), 401, "no-key")


def test_a_wrong_key_is_a_problem_even_where_no_key_is_needed(client: Client) -> None:
    refused = client.get(f"{API}/stats", headers={"x-api-key": "hk_00000000_" + "a" * 32})
    read_problem(refused, 401, "unknown-key")
