"""The admin of wishes and the census, driven by Django's test client with real forms."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive.models import Torrent, Wanted, Watched
from archive.queue.enqueue import enqueue_wishes
from archive.queue.resolver_leases import claim_wishes
from archive.queue.wish_status import wish_statuses
from archive.torrents.deposit import deposit
from metainfo.magnet import parse_magnet
from tests import make
from tests.html_pages import get_html
from tests.peer_counts import record_peers

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

WISHES, CENSUS = "/admin/archive/wanted/", "/admin/archive/watched/"
V1, V2 = "0A" * 20, "0B" * 32
HYBRID, OTHER = make.hybrid(b"first name"), make.v1(b"second name")


def listed_infohashes(client: Client, **query: str) -> list[str]:
    return re.findall(r'class="hash">(\w+)<', get_html(client, WISHES, **query))


def wish(spelling: str) -> Wanted:
    enqueue_wishes([parse_magnet(spelling)], "")
    return Wanted.objects.order_by("-pk")[0]


# Wishes


@pytest.mark.parametrize("spelling", [V2, V2.lower(), V2[:40], f"magnet:?xt=urn:btmh:1220{V2}"])
def test_a_wish_is_found_by_any_spelling_of_its_infohash(admin_client: Client, spelling: str) -> None:
    wish(V1), wish(V2)
    assert listed_infohashes(admin_client, q=spelling) == [V2]
    assert "An infohash is 40" in get_html(admin_client, WISHES, q="nonsense")


def test_wishes_are_filtered_by_state(admin_client: Client) -> None:
    due, searched, resting, given_up = (wish(f"{n}" * 40) for n in (1, 2, 3, 4))
    later = timezone.now() + timedelta(hours=1)
    Wanted.objects.filter(pk=searched.pk).update(leased_by="resolver", leased_until=later)
    Wanted.objects.filter(pk=resting.pk).update(next_try=later, attempts=2)
    Wanted.objects.filter(pk=given_up.pk).update(next_try=later, given_up="A private torrent.")
    for state, row in (("due", due), ("searching", searched), ("resting", resting), ("given-up", given_up)):
        assert listed_infohashes(admin_client, state=state) == [str(row)]
    everything = get_html(admin_client, WISHES)
    assert "given up: A private torrent." in everything and "4 wishes" in everything
    assert f"{WISHES}add/" not in everything


def test_a_wish_that_was_given_up_is_tried_again(admin_client: Client) -> None:
    row = wish(V1)
    admin_client.post(WISHES, {"action": "give_up", "_selected_action": [row.pk]})
    [standing] = wish_statuses([parse_magnet(V1)])
    assert (standing.state, standing.reason) == ("given up", "Given up by the operator of this archive.")
    assert claim_wishes("resolver", 10) == []
    done = admin_client.post(WISHES, {"action": "try_now", "_selected_action": [row.pk]}, follow=True)
    assert "1 of 1 will be searched for" in done.content.decode()
    [standing] = wish_statuses([parse_magnet(V1)])
    assert (standing.state, standing.searching) == ("pending", True)
    assert [one.v1 for one in claim_wishes("resolver", 10)] == [bytes.fromhex(V1)]
    assert LogEntry.objects.count() == 2


def test_every_field_of_a_wish_is_shown_and_none_can_be_edited(admin_client: Client) -> None:
    row = wish(f"magnet:?xt=urn:btih:{V1}&tr=http://tracker.example/announce")
    shown = get_html(admin_client, f"{WISHES}{row.pk}/change/")
    assert V1 in shown and "http://tracker.example/announce" in shown
    assert not re.findall(r'<(?:input type="text"|textarea|select)', shown)
    assert admin_client.post(f"{WISHES}{row.pk}/change/", {"attempts": 9}).status_code == 403
    assert admin_client.post(f"{WISHES}{row.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("url", [WISHES, CENSUS])
def test_staff_with_read_permission_cannot_use_actions(client: Client, url: str) -> None:
    deposit(OTHER)
    record_peers(OTHER)
    wish(V1)
    user = User.objects.create_user("onlooker", password="secret", is_staff=True)
    for codename in ("view_wanted", "view_watched"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(user)
    assert "<select" not in get_html(client, url)
    before = [*Wanted.objects.values(), *Watched.objects.values()]
    for action in ("try_now", "give_up", "look"):
        client.post(url, {"action": action, "_selected_action": [1]})
    assert [*Wanted.objects.values(), *Watched.objects.values()] == before


# The census


@pytest.fixture
def stored_counts() -> None:
    for torrent in (HYBRID, OTHER):
        deposit(torrent)
    record_peers(HYBRID, "51.1.1.1", "51.1.1.2", seeders=7, leechers=4, completed=9)
    record_peers(OTHER)


@pytest.mark.parametrize("number", [0, 1])
def test_the_census_is_searched_by_infohash(admin_client: Client, stored_counts: None, number: int) -> None:
    spelling = make.infohashes(HYBRID)[number].hex()
    shown = get_html(admin_client, CENSUS, q=spelling)
    assert "first name" in shown and "second name" not in shown
    assert "first name" in get_html(admin_client, CENSUS, q=spelling[:40])
    assert 'class="field-seeder_count">7<' in shown


@pytest.mark.parametrize("wrong", [f"{2**63}/change/", f"{2**63}/history/"])
def test_an_id_that_no_row_has_is_not_found(admin_client: Client, wrong: str) -> None:
    assert admin_client.get(CENSUS + wrong).status_code == 302


def test_the_census_of_a_torrent_shows_its_peers_by_day(admin_client: Client, stored_counts: None) -> None:
    number = Torrent.objects.get(name="first name").pk
    shown = get_html(admin_client, f"{CENSUS}{number}/change/")
    assert f"{timezone.now():%-d %B %Y}: 2 (BR 2)" in shown
    assert not re.findall(r'<(?:input type="text"|textarea|select)', shown)


def test_the_operator_can_have_a_torrent_counted_now(admin_client: Client, stored_counts: None) -> None:
    row = Watched.objects.get(torrent__name="second name")
    assert row.due > timezone.now() + timedelta(days=1)
    done = admin_client.post(CENSUS, {"action": "look", "_selected_action": [row.pk]}, follow=True)
    assert "1 will be looked at" in done.content.decode()
    row.refresh_from_db()
    assert row.due <= timezone.now()
    assert "second name" in get_html(admin_client, CENSUS, due="now")
    assert "second name" in get_html(admin_client, CENSUS, asked="lately")
    assert "first name" not in get_html(admin_client, CENSUS, due="now") + get_html(
        admin_client, CENSUS, asked="lately"
    )


# Very many


def test_no_list_counts_or_goes_further_than_its_last_page(admin_client: Client) -> None:
    now = timezone.now()
    Wanted.objects.bulk_create(
        Wanted(names=n.to_bytes(20, "big"), v1=n.to_bytes(20, "big"), asked_at=now, next_try=now)
        for n in range(10_050)
    )
    with CaptureQueriesContext(connection) as queries:
        shown = get_html(admin_client, WISHES)
    assert "more than 10,000 wishes" in shown
    assert max(map(int, re.findall(r"\?p=(\d+)", shown))) == 100
    assert all("LIMIT 10001" in q["sql"] for q in queries if "COUNT(*)" in q["sql"])
    assert get_html(admin_client, WISHES, p="100").count('class="hash"') == 100


def test_an_action_takes_no_more_rows_than_a_page(admin_client: Client) -> None:
    now = timezone.now()
    Wanted.objects.bulk_create(
        Wanted(names=bytes([n]) * 20, v1=bytes([n]) * 20, asked_at=now, next_try=now) for n in range(101)
    )
    everything = {"action": "give_up", "_selected_action": [1], "select_across": "1"}
    answer = admin_client.post(WISHES, everything, follow=True)
    assert "no more than 100 at once" in answer.content.decode()
    assert not Wanted.objects.exclude(given_up="").exists()
