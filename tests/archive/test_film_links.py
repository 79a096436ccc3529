"""Links between torrents and films: who is believed of those who say something, and how links are read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.browse.search import SearchQuery, search_torrents
from archive.errors import NotAnImdbId, Unavailable
from archive.films.film_links import (
    FilmLink,
    find_film,
    find_films,
    list_torrents_of_film,
    set_imdb_id,
    undo_link,
)
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.imdb_titles import load_titles
from tests.missing_table import missing_table

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

MATRIX, AMELIE = "tt0133093", "tt0211915"
HASH = b"\xab" * 20


def linked_film() -> str | None:
    link = find_film([HASH])
    return link.imdb_id if link else None


def test_the_first_person_who_says_something_is_believed() -> None:
    set_imdb_id(HASH, MATRIX, "First", "key a")
    set_imdb_id(HASH, AMELIE, "Second", "key b")
    assert find_film([HASH]) == FilmLink(MATRIX, "First", None, by_person=True, sure=True)


def test_what_the_operator_says_replaces_everything() -> None:
    set_imdb_id(HASH, MATRIX, "First", "key a")
    set_imdb_id(HASH, AMELIE, "", "admin", final=True)
    assert linked_film() == AMELIE
    undo_link(HASH)
    set_imdb_id(HASH, AMELIE, "", "admin", final=True)
    assert linked_film() == AMELIE


def test_after_an_undo_another_film_may_be_said_but_not_the_same() -> None:
    set_imdb_id(HASH, MATRIX, "", "key a")
    undo_link(HASH)
    assert linked_film() is None
    set_imdb_id(HASH, MATRIX, "", "key b")
    assert linked_film() is None
    set_imdb_id(HASH, AMELIE, "", "key b")
    assert linked_film() == AMELIE


def test_title_and_year_come_from_the_list_of_titles_where_they_are_left_out() -> None:
    load_titles()
    set_imdb_id(HASH, AMELIE, "", "key a")
    assert find_film([HASH]) == FilmLink(AMELIE, "Amélie", 2001, by_person=True, sure=True)


def test_unprintable_characters_of_a_title_become_spaces() -> None:
    set_imdb_id(HASH, MATRIX, "The\u202e\x1b Matrix\0\ud800", "key a")
    link = find_film([HASH])
    assert link and link.title == "The   Matrix ?"


@pytest.mark.parametrize("imdb", ["", "0133093", "tt12", "tt9999999999", "TT0133093", "tt01330933\n"])
def test_text_that_is_no_imdb_id_is_refused(imdb: str) -> None:
    with pytest.raises(NotAnImdbId):
        set_imdb_id(HASH, imdb, "", "key a")
    with pytest.raises(NotAnImdbId):
        list_torrents_of_film(imdb)


def test_the_torrents_of_a_film_are_listed_newest_first_and_each_once() -> None:
    load_titles()
    torrents = [make.v1(b"first"), make.hybrid(b"second"), make.v1(b"gone"), make.v1(b"not it")]
    for torrent in torrents:
        deposit(torrent)
        for infohash in make.infohashes(torrent):
            set_imdb_id(infohash, MATRIX, "", "key a")
    set_imdb_id(HASH, MATRIX, "", "key a")  # not held
    take_down(make.infohashes(torrents[2])[0], "Court order")
    undo_link(make.infohashes(torrents[3])[0])
    title, entries = list_torrents_of_film(MATRIX)
    assert (title, [entry.name for entry in entries]) == ("The Matrix", ["second", "first"])


def test_the_films_of_many_torrents_are_found_in_one_query() -> None:
    for n in range(20):
        deposit(torrent := make.hybrid(b"film %d" % n))
        if n % 2:
            set_imdb_id(make.infohashes(torrent)[1], MATRIX, "", "key a")
    entries = search_torrents(SearchQuery()).hits
    with CaptureQueriesContext(connection) as queries:
        found = find_films(entries)
    assert len(queries) == 1
    assert [entry.number in found for entry in entries] == [True, False] * 10


@pytest.mark.django_db(transaction=True)
def test_an_outage_of_the_database_raises_unavailable() -> None:
    with missing_table("archive_film"):
        for call in (
            lambda: set_imdb_id(HASH, MATRIX, "", "x"),
            lambda: find_film([HASH]),
            lambda: list_torrents_of_film(MATRIX),
        ):
            with pytest.raises(Unavailable):
                call()
