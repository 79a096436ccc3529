"""The Torrent API, against the examples of its document (tests/wire/torrent-api.json), field by field."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from archive.census.schedule import enrol_new_torrents
from archive.films.film_links import set_imdb_id
from archive.models import PeerDay, Torrent, Wanted, Watched
from archive.queue.wish_status import wish_status
from archive.torrents.deposit import deposit
from metainfo.magnet import parse_magnet
from tests import make
from tests.imdb_titles import count_matched, load_titles

pytestmark = pytest.mark.django_db

EXAMPLES = json.loads((Path(__file__).parent.parent / "wire" / "torrent-api.json").read_text())


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
