"""The Torrent API, against the examples of its document (tests/wire/torrent-api.json), field by field."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from archive.access import api_keys
from archive.census.schedule import enrol_new_torrents
from archive.films.film_links import set_imdb_id
from archive.models import PeerDay, Torrent, Wanted, Watched
from archive.queue.wish_status import wish_status
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from metainfo.magnet import parse_magnet
from tests import make
from tests.archive.test_imdb_titles import load_titles
from tests.archive.test_match_titles import count_matched
from tests.missing_table import missing_table

pytestmark = pytest.mark.django_db

EXAMPLES = json.loads((Path(__file__).parent.parent / "wire" / "torrent-api.json").read_text())


@pytest.fixture
def key() -> str:
    return api_keys.issue_key("a researcher")[1]


def store_torrent(
    name: str, size: int, at: str = "2017-07-08T16:34:30.359+00:00", *, alive: bool = True
) -> str:
    """Store a torrent like the document's; its infohash (lower case) differs, since its bytes are not to be had."""
    torrent = make.v1(name.encode(), size, piece_length=2**24)
    deposit(torrent)
    enrol_new_torrents()
    infohash = make.v1_hash(torrent).lower()
    row = Torrent.objects.get(v1=bytes.fromhex(infohash))
    Torrent.objects.filter(pk=row.pk).update(stored_at=datetime.fromisoformat(at))
    Watched.objects.filter(pk=row.pk).update(looked_at=timezone.now(), misses=0 if alive else 2)
    return infohash


def get(client: Client, path: str, **parameters: str) -> Any:
    answer = client.get(path, parameters)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/json"
    return answer.json()


def shape_of(value: Any) -> Any:
    """The shape of an answer: names and types, in their order."""
    if isinstance(value, dict):
        return [(name, shape_of(one)) for name, one in value.items()]
    return [shape_of(value[0])] if isinstance(value, list) else type(value).__name__


# The examples


def test_the_list_of_a_film_is_as_in_the_document(client: Client, key: str) -> None:
    example = EXAMPLES["list"]
    hashes: list[str] = []
    for one in reversed(example["torrents"]):
        infohash = store_torrent(one["name"], one["size"], one["dateAdded"].replace("+0000", "+00:00"))
        set_imdb_id(bytes.fromhex(infohash), example["imdb"], example["title"], "test")
        hashes.insert(0, infohash)
    for one, infohash in zip(example["torrents"], hashes, strict=True):
        one["infohash"] = infohash
    answer = get(client, f"/torrent/list/imdb/{example['imdb']}", key=key)
    assert answer == example
    assert shape_of(answer) == shape_of(example)


@pytest.mark.parametrize("which", [0, 1])
def test_the_information_of_a_torrent_is_as_in_the_document(client: Client, key: str, which: int) -> None:
    example = EXAMPLES["info"][which]
    added = example["dateAdded"].replace("+0000", "+00:00")
    infohash = store_torrent(example["torrentName"], example["size"], added)
    if "imdbId" in example:
        set_imdb_id(bytes.fromhex(infohash), example["imdbId"], example["title"], "test")
    answer = get(client, f"/torrent/info/{infohash}", key=key)
    assert answer == example | {"infohash": infohash}
    assert shape_of(answer) == shape_of(example)


def test_the_peers_of_a_day_are_as_in_the_document(client: Client, key: str) -> None:
    example = EXAMPLES["peers"]
    infohash = store_torrent("watched", 5)
    record_peers(
        infohash, example["day"], {one["code"]: one["peers"] for one in reversed(example["countries"])}
    )
    record_peers(infohash, "2017-10-01", {"FR": 1})
    answer = get(client, f"/torrent/peers/{infohash}", key=key)
    assert answer == example | {"infohash": infohash}
    assert shape_of(answer) == shape_of(example)


def record_peers(infohash: str, day: str, countries: dict[str, int]) -> None:
    row = Torrent.objects.get(v1=bytes.fromhex(infohash))
    PeerDay.objects.create(torrent=row, day=date.fromisoformat(day), countries=countries)


# Parameters


def test_the_answer_can_be_of_one_day_one_country_or_short(client: Client, key: str) -> None:
    infohash = store_torrent("watched", 5)
    record_peers(infohash, "2017-10-07", {"BR": 2, "US": 3})
    record_peers(infohash, "2017-10-08", {"BR": 4})
    path = f"/torrent/peers/{infohash}"
    assert get(client, path, key=key, day="2017-10-07", countryCode="us") == {
        "day": "2017-10-07",
        "infohash": infohash,
        "totalPeers": 3,
        "countries": [{"code": "US", "peers": 3}],
    }
    assert get(client, path, key=key, short="true") == {
        "day": "2017-10-08",
        "infohash": infohash,
        "totalPeers": 4,
    }
    assert get(client, path, key=key, day="2017-10-09")["totalPeers"] == 0
    assert get(client, path, key=key, countryCode="DE")["countries"] == []


def test_a_torrent_that_was_never_counted_has_no_peers_yet(client: Client, key: str) -> None:
    answer = get(client, f"/torrent/peers/{store_torrent('new', 5)}", key=key)
    assert (answer["totalPeers"], answer["countries"]) == (0, [])


def test_an_infohash_is_accepted_in_any_spelling_and_answered_in_lower_case(client: Client, key: str) -> None:
    torrent = make.hybrid(b"both")
    deposit(torrent)
    v2 = make.v2_hash(torrent)
    assert get(client, f"/torrent/info/{v2}", key=key)["infohash"] == v2.lower()


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Some.Show.S01E02.720p.mkv", "TV"),
        ("Artist - Album (1999) [FLAC]", "Music"),
        ("A Book.epub", "Books"),
        ("debian-12-amd64.iso", "PC"),
        ("[Group] A Title - 05 [720p].mkv", "Anime"),
        ("An.App.apk", "Mobile"),
        ("A.Film.2001.1080p.mkv", "Movies"),
        ("A Film XXX", "XXX"),
        ("whatever", "Unsorted"),
    ],
)
def test_the_category_is_one_of_the_documents(client: Client, key: str, name: str, category: str) -> None:
    assert get(client, f"/torrent/info/{store_torrent(name, 5)}", key=key)["category"] == category


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("A.Film.2001.1080p.mkv", "A Film"),
        ("Some.Show.S01E02.720p", "Some Show"),
        ("Artist - Album (1999) [FLAC]", "Artist - Album (1999) [FLAC]"),
        ("1080p", "1080p"),
    ],
)
def test_the_title_is_what_the_name_says_where_the_film_is_not_known(
    client: Client, key: str, name: str, title: str
) -> None:
    assert get(client, f"/torrent/info/{store_torrent(name, 5)}", key=key)["title"] == title


def test_a_film_that_was_matched_is_in_its_list(client: Client, key: str) -> None:
    load_titles()
    infohash = store_torrent("Spider-Man.Homecoming.(2017).BDRip.x264.AFM.mkv", 2970014871)
    assert count_matched() == 1
    answer = get(client, f"/torrent/info/{infohash}", key=key)
    assert (answer["title"], answer["imdbId"]) == ("Spider-Man: Homecoming", "tt2250912")
    answer = get(client, "/torrent/list/imdb/tt2250912", key=key)
    assert (answer["title"], [one["infohash"] for one in answer["torrents"]]) == (
        "Spider-Man: Homecoming",
        [infohash],
    )
    add_torrent(client, key=key, infohash=infohash, imdbId="tt10872600")  # the request is believed
    assert get(client, "/torrent/list/imdb/tt2250912", key=key)["torrents"] == []
    assert get(client, f"/torrent/info/{infohash}", key=key)["imdbId"] == "tt10872600"


def test_a_request_has_the_peers_counted_soon(client: Client, key: str) -> None:
    infohash = store_torrent("asked for", 5)
    Watched.objects.update(due=timezone.now() + timedelta(days=60))
    get(client, f"/torrent/peers/{infohash}", key=key)
    assert Watched.objects.get().due < timezone.now() + timedelta(hours=7)


# Add


def add_torrent(client: Client, **form: str) -> Any:
    answer = client.post("/torrent/add", form)
    assert answer.status_code == 200
    return answer.json()


def test_adding_a_torrent_that_is_not_held_makes_a_wish(client: Client, key: str, settings: Settings) -> None:
    settings.RESOLVE = True
    assert add_torrent(client, key=key, infohash="ab" * 20) == {}
    assert wish_status(b"\xab" * 20).state == "pending"
    assert parse_magnet("ab" * 20).infohash == bytes(Wanted.objects.get().v1 or b"")


def test_adding_a_held_torrent_has_its_peers_counted_soon(client: Client, key: str) -> None:
    infohash = store_torrent("held", 5)
    assert add_torrent(client, key=key, infohash=infohash, imdbId="tt2250912", title="A Film") == {}
    assert Watched.objects.get().asked_at
    assert get(client, f"/torrent/info/{infohash}", key=key)["imdbId"] == "tt2250912"
    add_torrent(client, key=key, infohash=infohash, imdbId="tt0000001")  # a second request changes nothing
    assert get(client, f"/torrent/info/{infohash}", key=key)["imdbId"] == "tt2250912"


def test_adding_a_torrent_without_a_network_is_an_error(client: Client, key: str, settings: Settings) -> None:
    settings.RESOLVE = False
    assert add_torrent(client, key=key, infohash="ab" * 20)["error"] == "INFOHASH_NOT_FOUND"


def test_an_add_without_an_infohash_is_an_error(client: Client, key: str) -> None:
    answer = add_torrent(client, key=key, hash="ab" * 20)
    assert answer["error"] == "INVALID_INFOHASH"
    assert "`infohash`" in answer["message"]


def test_the_key_of_an_add_may_be_in_the_query_and_the_form_urlencoded(
    client: Client, key: str, settings: Settings
) -> None:
    settings.RESOLVE = True
    kind = "application/x-www-form-urlencoded"
    answer = client.post(f"/torrent/add?key={key}", f"infohash={'cd' * 20}", content_type=kind)
    assert (answer.status_code, answer.content) == (200, b"{}")


def test_unknown_parameters_are_ignored(client: Client, key: str) -> None:
    infohash = store_torrent("held", 5)
    assert add_torrent(client, key=key, infohash=infohash, host="x", imdb="nonsense", days="7") == {}
    assert get(client, f"/torrent/info/{infohash}", key=key, lang="en", days="x")["torrentName"] == "held"


# Errors

INFO = f"/torrent/info/{'ab' * 20}"


def read_error(client: Client, path: str, code: str, **parameters: str) -> str:
    answer = get(client, path, **parameters)
    assert list(answer) == ["error", "message"]
    assert answer["error"] == code
    return str(answer["message"])


@pytest.mark.parametrize("parameters", [{}, {"key": "nonsense"}, {"key": "hk_00000000_x"}])
def test_an_unknown_key_is_an_error(client: Client, parameters: dict[str, str]) -> None:
    read_error(client, INFO, "API_KEY_UNKNOWN", **parameters)


def test_a_key_may_be_in_the_headers_too(client: Client, key: str) -> None:
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}):
        assert client.get(INFO, headers=headers).json()["error"] == "INFOHASH_NOT_FOUND"
    read_error(client, INFO, "INFOHASH_NOT_FOUND", apikey=key)


def test_a_suspended_key_is_an_error(client: Client, key: str) -> None:
    api_keys.suspend_key(key)
    read_error(client, INFO, "API_KEY_SUSPENDED", key=key)


def test_with_listing_off_the_list_of_a_film_is_an_error(
    client: Client, key: str, settings: Settings
) -> None:
    settings.LISTING = False
    read_error(client, "/torrent/list/imdb/tt2250912", "ACCESS_FORBIDDEN", key=key)


def test_too_many_requests_in_a_minute_are_an_error(client: Client, key: str, settings: Settings) -> None:
    settings.RATE_KEY = 1
    cache.clear()
    answer = [
        client.get(INFO, {"key": key}).json()["error"] for _ in range(4)
    ]  # even if a minute ends meanwhile
    assert "TOO_MANY_REQUESTS" in answer


@pytest.mark.parametrize("imdb", ["2250912", "tt12", "tt" + "1" * 30, "ttABCDEFG", "tt١٢٣٤٥٦٧"])
def test_a_wrong_imdb_id_is_an_error(client: Client, key: str, imdb: str) -> None:
    read_error(client, f"/torrent/list/imdb/{imdb}", "INVALID_IMDB", key=key)


def test_a_wrong_infohash_is_an_error(client: Client, key: str) -> None:
    read_error(client, "/torrent/info/nonsense", "INVALID_INFOHASH", key=key)
    read_error(client, "/torrent/peers/nonsense", "INVALID_INFOHASH", key=key)
    assert add_torrent(client, key=key, infohash="")["error"] == "INVALID_INFOHASH"


def test_an_unknown_torrent_is_an_error(client: Client, key: str) -> None:
    read_error(client, INFO, "INFOHASH_NOT_FOUND", key=key)
    read_error(client, INFO.replace("info", "peers"), "INFOHASH_NOT_FOUND", key=key)


def test_a_torrent_that_is_taken_down_is_neither_found_nor_fetched(client: Client, key: str) -> None:
    take_down(b"\xab" * 20, "Court order")
    assert "Court order" in read_error(client, INFO, "INFOHASH_NOT_FOUND", key=key)
    assert add_torrent(client, key=key, infohash="ab" * 20)["error"] == "INFOHASH_NOT_FOUND"
    assert not Wanted.objects.exists()


@pytest.mark.parametrize("day", ["yesterday", "2017-13-01", "08.10.2017"])
def test_a_wrong_day_is_an_error(client: Client, key: str, day: str) -> None:
    read_error(client, f"/torrent/peers/{store_torrent('x', 5)}", "INVALID_DAY", key=key, day=day)


def test_a_malformed_form_is_an_error(client: Client, key: str) -> None:
    answer = client.post(f"/torrent/add?key={key}", b"{", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (200, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b"[]",
        b'"x"',
        b"x" * 70_000,
        b'{"key": "KEY", "infohash": "'
        + b"ab" * 20
        + b'", "imdbId": "tt1234567", "title": "a\\u0000\\ud800"}',
    ],
)
def test_a_body_of_any_kind_is_answered_in_this_dialect(client: Client, key: str, body: bytes) -> None:
    body = body.replace(b"KEY", key.encode())
    answer = client.post("/torrent/add", body, content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (200, ["error", "message"])


def test_another_method_or_accept_header_is_answered_in_this_dialect(client: Client, key: str) -> None:
    assert client.put(INFO).json()["error"] == "INVALID_REQUEST"
    assert client.get("/torrent/add").json()["error"] == "INVALID_REQUEST"
    answer = client.get(INFO, {"key": key}, headers={"Accept": "text/html"})
    assert answer.json()["error"] == "INFOHASH_NOT_FOUND"
    many = "&".join(["a=1"] * 2_000)
    assert client.get(f"{INFO}?key={key}&{many}").json()["error"] == "INVALID_REQUEST"


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_server_is_a_500(client: Client, key: str) -> None:
    with missing_table("archive_torrent"):
        answer = client.get(INFO, {"key": key})
    assert (answer.status_code, answer.json()["error"]) == (500, "INTERNAL_ERROR")


def test_the_caches_urls_below_torrent_still_work(client: Client) -> None:
    torrent = make.v1()
    deposit(torrent)
    assert client.get(f"/torrent/{make.v1_hash(torrent)}.torrent").content == torrent
    assert client.get(f"/torrent/{make.v1_hash(torrent)}").content == torrent


def test_times_are_in_utc_with_milliseconds(client: Client, key: str) -> None:
    infohash = store_torrent("x", 5, "2026-01-01T01:02:03.004999+01:00")
    assert get(client, f"/torrent/info/{infohash}", key=key)["dateAdded"] == "2026-01-01T00:02:03.004+0000"
