"""The admin of torrents, takedowns and API keys, driven by Django's test client with real forms."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from archive.errors import TakenDown
from archive.models import Takedown, Torrent, Tracker
from archive.takedowns.find_blocked import find_blocked
from archive.takedowns.public_notices import list_notices
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from archive.torrents.deposit import deposit
from archive.torrents.retrieve import retrieve
from metainfo.infohash import parse_infohash
from tests import make
from tests.html_pages import get_html

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

V1, V2, HYBRID = make.v1(b"first name"), make.v2(b"second name"), make.hybrid(b"third name")
TORRENTS, TAKEDOWNS, TAKE_DOWN = (
    "/admin/archive/torrent/",
    "/admin/archive/takedown/",
    "/admin/archive/takedown/add/",
)
NAMES = [b"first name", b"second name", b"third name"]


@pytest.fixture
def three_torrents() -> None:
    for torrent in (V1, V2, HYBRID):
        deposit(torrent)


def listed_names(client: Client, search: str = "") -> list[str]:
    return re.findall(r"(?:first|second|third) name", get_html(client, TORRENTS, q=search))


def pk(torrent: bytes) -> int:
    return Torrent.objects.get(v1=make.infohashes(torrent)[0]).pk


def test_strangers_see_nothing(client: Client) -> None:
    assert client.get(TORRENTS).status_code == 302
    assert client.post(TAKE_DOWN, {"infohashes": "0A" * 20, "reason": "x"}).status_code == 302
    assert not find_blocked([b"\x0a" * 20])


def test_the_list_shows_hashes_in_hex_and_the_newest_first(
    admin_client: Client, three_torrents: None
) -> None:
    assert listed_names(admin_client) == ["third name", "second name", "first name"]
    shown = get_html(admin_client, TORRENTS)
    assert make.v1_hash(V1) in shown and make.v2_hash(V2) in shown


def test_sizes_and_times_are_formatted_as_on_the_public_pages(admin_client: Client) -> None:
    deposit(make.v1(b"first name", size=100_000))
    Torrent.objects.update(stored_at=datetime(2026, 3, 9, 21, 5, tzinfo=UTC))
    row = get_html(admin_client, TORRENTS)
    assert '<span class="day">9 March 2026,</span> <span class="day">21:05 UTC</span>' in row
    details = get_html(admin_client, f"{TORRENTS}{Torrent.objects.get().pk}/change/")
    assert "9 March 2026, 21:05 UTC" in details
    assert "97.7 KiB" in row and "97.7 KiB" in details


@pytest.mark.parametrize(
    "spelling",
    [
        make.v1_hash(HYBRID),
        make.v1_hash(HYBRID).lower(),
        make.v2_hash(HYBRID),
        make.v2_hash(HYBRID)[:40],
        f"magnet:?xt=urn:btih:{make.v1_hash(HYBRID)}",
    ],
)
def test_search_finds_an_infohash_in_any_spelling(
    admin_client: Client, three_torrents: None, spelling: str
) -> None:
    assert listed_names(admin_client, spelling) == ["third name"]


def test_a_search_for_what_is_no_infohash_finds_nothing_and_says_why(
    admin_client: Client, three_torrents: None
) -> None:
    assert listed_names(admin_client, "first") == []
    assert "An infohash is 40" in get_html(admin_client, TORRENTS, q="first")
    assert listed_names(admin_client, "0A" * 20) == []


def test_no_page_counts_all_rows(admin_client: Client, three_torrents: None) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert "3 torrents" in get_html(admin_client, TORRENTS)
    assert not [q["sql"] for q in queries if "COUNT(" in q["sql"].upper() and "archive_torrent" in q["sql"]]


def test_a_torrent_is_shown_with_every_column_of_its_row(admin_client: Client, three_torrents: None) -> None:
    Tracker.objects.create(torrent_id=pk(HYBRID), url="http://later.example/announce")
    shown = get_html(admin_client, f"{TORRENTS}{pk(HYBRID)}/change/")
    for part in (make.v1_hash(HYBRID), make.v2_hash(HYBRID), make.sha256(HYBRID).hex(), "third name"):
        assert part in shown
    assert "http://later.example/announce" in shown
    assert '<input type="text" name=' not in shown


@pytest.mark.parametrize("url", ["add/", "{pk}/delete/"])
def test_a_torrent_is_neither_added_nor_deleted_in_the_admin(
    admin_client: Client, three_torrents: None, url: str
) -> None:
    assert admin_client.post(TORRENTS + url.format(pk=pk(V1)), {"post": "yes"}).status_code == 403
    assert count_torrents() == 3


def test_a_torrent_cannot_be_changed(admin_client: Client, three_torrents: None) -> None:
    answer = admin_client.post(f"{TORRENTS}{pk(V1)}/change/", {"name": "other"})
    assert answer.status_code == 403
    assert Torrent.objects.get(pk=pk(V1)).name == "first name"


def test_selected_torrents_are_taken_down_once_a_reason_is_given(
    admin_client: Client, objects: Path, three_torrents: None
) -> None:
    chosen = {"action": "take_down", "_selected_action": [pk(V1), pk(HYBRID)]}
    asked = admin_client.post(TORRENTS, chosen, follow=True)
    form = asked.content.decode()
    assert make.v1_hash(V1) in form and make.v1_hash(HYBRID) in form
    assert count_torrents() == 3, "nothing happens before the reason is given"
    hashes = f"{make.v1_hash(HYBRID)}\n{make.v1_hash(V1)}"
    admin_client.post(TAKE_DOWN, {"infohashes": hashes, "reason": "Court order", "listed": "on"})
    assert count_torrents() == 1
    assert len([path for path in objects.rglob("*.torrent") if path.is_file()]) == 1
    with pytest.raises(TakenDown, match="Court order"):
        retrieve(make.infohashes(HYBRID)[1])
    assert {notice.reason for notice in list_notices()} == {"Court order"}
    assert LogEntry.objects.count() == 2


def test_no_more_are_taken_down_than_a_page_lists(admin_client: Client) -> None:
    Torrent.objects.bulk_create(
        Torrent(v1=bytes([n]) * 20, name="", size=0, files=0, length=0, digest=b"") for n in range(101)
    )
    chosen = {"action": "take_down", "_selected_action": [1], "select_across": "1"}
    answer = admin_client.post(TORRENTS, chosen, follow=True)
    assert "no more than 100 at once" in answer.content.decode()


def test_staff_without_the_permission_is_not_offered_a_takedown(client: Client, three_torrents: None) -> None:
    user = User.objects.create_user("onlooker", password="secret", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_torrent"))
    client.force_login(user)
    assert "take_down" not in get_html(client, TORRENTS)
    assert client.get(TAKE_DOWN).status_code == 403
    assert client.post(TAKE_DOWN, {"infohashes": make.v1_hash(V1), "reason": "x"}).status_code == 403
    assert count_torrents() == 3


def test_infohashes_in_any_spelling_are_taken_down(admin_client: Client) -> None:
    v1, v2 = make.infohashes(HYBRID)
    text = f"{'0a' * 20}\r\nmagnet:?xt=urn:btih:{v1.hex()}\r\n\r\n{v2.hex().upper()}\r\n"
    answer = admin_client.post(TAKE_DOWN, {"infohashes": text, "reason": "Secret"}, follow=True)
    assert answer.content.decode().count("is blocked; it was not held.") == 3
    assert set(find_blocked([b"\x0a" * 20, v1, v2])) == {b"\x0a" * 20, v1, v2}
    assert list(list_notices()) == [], "the box was not ticked"


@pytest.mark.parametrize(
    ("infohashes", "reason", "complaint"),
    [
        ("nonsense", "x", "nonsense: An infohash is"),
        ("0A" * 20 + "\nnonsense", "x", "nonsense: An infohash is"),
        ("0A" * 20, "", "This field is required"),
        ("", "x", "This field is required"),
    ],
)
def test_an_invalid_form_is_shown_again_and_changes_nothing(
    admin_client: Client, infohashes: str, reason: str, complaint: str
) -> None:
    answer = admin_client.post(TAKE_DOWN, {"infohashes": infohashes, "reason": reason})
    assert complaint in answer.content.decode()
    assert Takedown.objects.count() == 0


def test_an_unreachable_storage_is_reported_and_the_block_stays(
    admin_client: Client, objects: Path, three_torrents: None
) -> None:
    [path] = objects.rglob(f"{make.v1_hash(V1)}.torrent")
    path.unlink()
    path.mkdir()
    answer = admin_client.post(TAKE_DOWN, {"infohashes": make.v1_hash(V1), "reason": "Court order"})
    assert "storage cannot be used" in answer.content.decode()
    assert find_blocked([make.infohashes(V1)[0]])


def test_takedowns_are_listed_and_searched_by_infohash(admin_client: Client) -> None:
    take_down(b"\x0a" * 20, "first reason")
    take_down(b"\x0b" * 32, "second reason", listed=False)
    both = get_html(admin_client, TAKEDOWNS)
    assert "0A" * 20 in both and "0B" * 32 in both
    one = get_html(admin_client, TAKEDOWNS, q="0b" * 32)
    assert "second reason" in one and "first reason" not in one
    assert "An infohash is 40" in get_html(admin_client, TAKEDOWNS, q="reason")


def test_only_the_reason_and_the_listing_of_a_takedown_can_be_edited(admin_client: Client) -> None:
    take_down(b"\x0a" * 20, "first reason")
    takedown = Takedown.objects.get()
    changed = {"reason": "better reason", "infohashes": "0B" * 20, "taken_at_0": "2000-01-01"}
    admin_client.post(f"{TAKEDOWNS}{takedown.pk}/change/", changed)
    assert find_blocked([b"\x0a" * 20, b"\x0b" * 20]) == {b"\x0a" * 20: "better reason"}
    assert Takedown.objects.get().taken_at.year == datetime.now(UTC).year
    assert list(list_notices()) == [], "the box was not ticked"


def test_a_takedown_is_lifted_after_a_confirmation(admin_client: Client) -> None:
    deposit(HYBRID)
    take_down(make.infohashes(HYBRID)[0], "Court order")
    url = f"{TAKEDOWNS}{Takedown.objects.get().pk}/"
    shown = get_html(admin_client, f"{url}change/")
    assert "Lift…" in shown and ">Delete<" not in shown and "Change takedown" not in shown
    assert "no longer be refused" in get_html(admin_client, f"{url}delete/")
    assert find_blocked(make.infohashes(HYBRID)), "it was only asked"
    lifted = admin_client.post(f"{url}delete/", {"post": "yes"}, follow=True)
    assert "may come in again." in lifted.content.decode()
    assert not find_blocked(make.infohashes(HYBRID))
    assert [entry.is_deletion() for entry in LogEntry.objects.all()] == [True]
    assert deposit(HYBRID).new


def test_several_takedowns_are_lifted_at_once(admin_client: Client) -> None:
    take_down(b"\x0a" * 20, "first")
    take_down(b"\x0b" * 20, "second")
    chosen = {"action": "lift", "_selected_action": [t.pk for t in Takedown.objects.all()]}
    asked = admin_client.post(TAKEDOWNS, chosen).content.decode()
    assert "0A" * 20 in asked and "0B" * 20 in asked
    assert len(find_blocked([b"\x0a" * 20, b"\x0b" * 20])) == 2, "it was only asked"
    admin_client.post(TAKEDOWNS, chosen | {"post": "yes"})
    assert not find_blocked([b"\x0a" * 20, b"\x0b" * 20])


def test_staff_without_the_permission_is_not_offered_to_lift(client: Client) -> None:
    take_down(b"\x0a" * 20, "first")
    user = User.objects.create_user("onlooker", password="secret", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_takedown"))
    client.force_login(user)
    url = f"{TAKEDOWNS}{Takedown.objects.get().pk}/"
    assert "Lift" not in get_html(client, TAKEDOWNS) + get_html(client, f"{url}change/")
    assert client.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    assert find_blocked([b"\x0a" * 20])


def test_a_new_block_and_an_earlier_one_have_different_messages(admin_client: Client) -> None:
    take_down(b"\x0a" * 20, "first")
    again = admin_client.post(TAKE_DOWN, {"infohashes": "0A" * 20, "reason": "second"}, follow=True)
    assert "was blocked before; the new reason stands." in again.content.decode()
    assert find_blocked([b"\x0a" * 20]) == {b"\x0a" * 20: "second"}


def test_the_front_page_of_the_operator_opens(admin_client: Client) -> None:
    assert "Hashkeep" in get_html(admin_client, "/admin/")


def test_a_later_page_of_the_list_opens(admin_client: Client) -> None:
    Torrent.objects.bulk_create(
        Torrent(v1=bytes([n]) * 20, name=f"torrent {n}", size=0, files=0, length=0, digest=b"")
        for n in range(150)
    )
    assert "torrent 7<" in get_html(admin_client, TORRENTS, p="2")
    assert parse_infohash("07" * 20).hex() not in get_html(admin_client, TORRENTS)


@pytest.mark.parametrize(
    "asked", [f"id__in={2**64}", f"size__in={2**64}", "v1__exact=x", "name__regex=(a*)*b"]
)
@pytest.mark.parametrize("table", ["torrent", "takedown", "wanted", "film", "title", "issuedkey"])
def test_a_list_answers_its_own_filters_and_no_other_lookup(
    admin_client: Client, table: str, asked: str
) -> None:
    """Django's own lookups read all rows, or fail at numbers above 64 bits."""
    assert admin_client.get(f"/admin/archive/{table}/?{asked}").status_code == 400
    assert admin_client.get(f"/admin/archive/{table}/").status_code == 200
