"""What is said of torrents, and who is believed."""

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
from tests.archive.test_deposit import away
from tests.archive.test_imdb_titles import load

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

MATRIX, AMELIE = "tt0133093", "tt0211915"
HASH = b"\xab" * 20


def said() -> str | None:
    one = find_film([HASH])
    return one.imdb if one else None


def test_the_first_who_says_something_is_believed() -> None:
    set_imdb_id(HASH, MATRIX, "First", "key a")
    set_imdb_id(HASH, AMELIE, "Second", "key b")
    assert find_film([HASH]) == FilmLink(MATRIX, "First", None, told=True, sure=True)


def test_the_operator_is_believed_in_any_case() -> None:
    set_imdb_id(HASH, MATRIX, "First", "key a")
    set_imdb_id(HASH, AMELIE, "", "admin", final=True)
    assert said() == AMELIE
    undo_link(HASH)
    set_imdb_id(HASH, AMELIE, "", "admin", final=True)
    assert said() == AMELIE


def test_what_was_undone_may_be_said_otherwise_but_not_again() -> None:
    set_imdb_id(HASH, MATRIX, "", "key a")
    undo_link(HASH)
    assert said() is None
    set_imdb_id(HASH, MATRIX, "", "key b")
    assert said() is None
    set_imdb_id(HASH, AMELIE, "", "key b")
    assert said() == AMELIE


def test_title_and_year_come_from_the_list_where_nobody_says_them() -> None:
    load()
    set_imdb_id(HASH, AMELIE, "", "key a")
    assert find_film([HASH]) == FilmLink(AMELIE, "Amélie", 2001, told=True, sure=True)


def test_a_title_holds_nothing_that_acts_and_is_not_seen() -> None:
    set_imdb_id(HASH, MATRIX, "The\u202e\x1b Matrix\0\ud800", "key a")
    told = find_film([HASH])
    assert told and told.title == "The   Matrix ?"


@pytest.mark.parametrize("imdb", ["", "0133093", "tt12", "tt9999999999", "TT0133093", "tt01330933\n"])
def test_what_is_no_id_is_refused(imdb: str) -> None:
    with pytest.raises(NotAnImdbId):
        set_imdb_id(HASH, imdb, "", "key a")
    with pytest.raises(NotAnImdbId):
        list_torrents_of_film(imdb)


def test_a_film_has_its_torrents_the_newest_first_and_each_once() -> None:
    load()
    several = [make.v1(b"first"), make.hybrid(b"second"), make.v1(b"gone"), make.v1(b"not it")]
    for torrent in several:
        deposit(torrent)
        for name in make.infohashes(torrent):
            set_imdb_id(name, MATRIX, "", "key a")
    set_imdb_id(HASH, MATRIX, "", "key a")  # not held
    take_down(make.infohashes(several[2])[0], "Court order")
    undo_link(make.infohashes(several[3])[0])
    title, entries = list_torrents_of_film(MATRIX)
    assert (title, [one.name for one in entries]) == ("The Matrix", ["second", "first"])


def test_films_of_many_torrents_are_found_at_once() -> None:
    for n in range(20):
        deposit(torrent := make.hybrid(b"film %d" % n))
        if n % 2:
            set_imdb_id(make.infohashes(torrent)[1], MATRIX, "", "key a")
    entries = search_torrents(SearchQuery()).hits
    with CaptureQueriesContext(connection) as queries:
        found = find_films(entries)
    assert len(queries) == 1
    assert [number in found for number in (one.number for one in entries)] == [True, False] * 10


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_told() -> None:
    with away("archive_film"):
        for question in (
            lambda: set_imdb_id(HASH, MATRIX, "", "x"),
            lambda: find_film([HASH]),
            lambda: list_torrents_of_film(MATRIX),
        ):
            with pytest.raises(Unavailable):
                question()
