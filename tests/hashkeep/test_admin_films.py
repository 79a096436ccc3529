"""The admin of films and titles, driven by Django's test client with real forms."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from archive.films.film_links import find_film, set_imdb_id, undo_link
from archive.models import Film
from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import get_html
from tests.imdb_titles import count_matched, load_titles

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

FILMS, TITLES = "/admin/archive/film/", "/admin/archive/title/"
MATRIX, AMELIE = "tt0133093", "tt0211915"
TORRENT = make.hybrid(b"The.Matrix.1999.1080p.mkv")
NAMES = make.infohashes(TORRENT)


@pytest.fixture
def matched_film() -> Film:
    """A match made by match_films; beside it one that a key's holder set."""
    load_titles()
    deposit(TORRENT)
    assert count_matched() == 1
    set_imdb_id(b"\xab" * 20, AMELIE, "", "key hk_12345678")
    return Film.objects.get(confidence="high")


def listed_infohashes(client: Client, **query: str) -> list[str]:
    return re.findall(r'class="hash">(\w+)<', get_html(client, FILMS, **query))


def test_matches_are_listed_with_their_source_and_confidence(
    admin_client: Client, matched_film: Film
) -> None:
    shown = get_html(admin_client, FILMS)
    for fact in (
        MATRIX,
        "The Matrix",
        "1999",
        "by title and year",
        "titles of IMDb",
        "hk_12345678",
        "told by",
    ):
        assert fact in shown
    assert listed_infohashes(admin_client) == ["AB" * 20, make.v1_hash(TORRENT)]
    assert 'value="undo"' in shown
    assert listed_infohashes(admin_client, confidence__exact="high") == [make.v1_hash(TORRENT)]


@pytest.mark.parametrize(
    "text", [make.v1_hash(TORRENT).lower(), make.v2_hash(TORRENT), MATRIX, "matrix, the", "The Mat"]
)
def test_a_match_is_found_by_infohash_number_and_title(
    admin_client: Client, matched_film: Film, text: str
) -> None:
    assert listed_infohashes(admin_client, q=text) == [make.v1_hash(TORRENT)]
    assert listed_infohashes(admin_client, q="nonsense") == listed_infohashes(admin_client, q="!") == []


def test_a_match_is_undone_for_good(admin_client: Client, matched_film: Film) -> None:
    done = admin_client.post(FILMS, {"action": "undo", "_selected_action": [matched_film.pk]}, follow=True)
    assert "is not tt0133093 The Matrix any more." in done.content.decode()
    assert find_film(NAMES) is None
    assert count_matched() == 0 and find_film(NAMES) is None
    assert LogEntry.objects.get().object_id == str(matched_film.pk)


def test_what_the_operator_enters_is_not_overwritten(admin_client: Client, matched_film: Film) -> None:
    form = {"infohash": make.v2_hash(TORRENT), "imdb_id": AMELIE, "title": ""}
    admin_client.post(f"{FILMS}add/", form)
    one = find_film(NAMES)
    assert one and (one.imdb_id, one.title, one.by_person) == (AMELIE, "Amélie", True)
    assert Film.objects.count() == 2, "the match itself was changed"
    assert Film.objects.get(pk=matched_film.pk).source == "operator admin"
    assert LogEntry.objects.get().object_id == str(matched_film.pk)
    assert count_matched() == 0


def test_a_match_can_be_corrected(admin_client: Client, matched_film: Film) -> None:
    url = f"{FILMS}{matched_film.pk}/change/"
    assert make.v1_hash(TORRENT) in get_html(admin_client, url)
    undo_link(NAMES[0])
    form = {"infohash": "ignored", "imdb_id": MATRIX, "title": "Matrix"}
    admin_client.post(url, form)
    one = find_film(NAMES)
    assert one and (one.imdb_id, one.title, one.by_person) == (MATRIX, "Matrix", True)


def test_a_deleted_match_may_be_found_again(admin_client: Client, matched_film: Film) -> None:
    undo_link(NAMES[0])
    admin_client.post(f"{FILMS}{matched_film.pk}/delete/", {"post": "yes"})
    assert count_matched() == 1


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"infohash": "nonsense", "imdb_id": MATRIX}, "An infohash is"),
        ({"infohash": "0A" * 20, "imdb_id": "0133093"}, "An IMDb id is tt"),
        ({"infohash": "0A" * 20}, "This field is required"),
    ],
)
def test_an_invalid_form_is_shown_again_and_changes_nothing(
    admin_client: Client, form: dict[str, str], complaint: str
) -> None:
    answer = admin_client.post(f"{FILMS}add/", {"title": "", **form})
    assert complaint in answer.content.decode()
    assert not Film.objects.exists()


def test_staff_with_read_permission_changes_nothing(client: Client, matched_film: Film) -> None:
    user = User.objects.create_user("onlooker", password="secret", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_film"))
    client.force_login(user)
    assert 'value="undo"' not in get_html(client, FILMS)
    assert client.post(f"{FILMS}add/", {"infohash": "0A" * 20, "imdb_id": MATRIX}).status_code == 403
    assert client.post(f"{FILMS}{matched_film.pk}/delete/", {"post": "yes"}).status_code == 403


def test_titles_can_be_searched_and_not_changed(admin_client: Client) -> None:
    load_titles()
    assert "Le fabuleux" not in get_html(admin_client, TITLES, q="blade run")
    assert get_html(admin_client, TITLES, q="blade run").count("Blade Runner") >= 2
    assert AMELIE in get_html(admin_client, TITLES, q="le fabuleux destin")
    assert "The Matrix" in get_html(admin_client, TITLES, q=MATRIX)
    assert "the matrix" in get_html(admin_client, f"{TITLES}133093/change/")
    assert admin_client.post(f"{TITLES}133093/change/", {"title": "x"}).status_code == 403
