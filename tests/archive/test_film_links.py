"""What is said of torrents, and who is believed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.browse.search import Query, search
from archive.errors import NotAnImdbId, Unavailable
from archive.films.film_links import Match, film, films, tell, torrents, undo
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.archive.test_deposit import away
from tests.archive.test_imdb_titles import load

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

MATRIX, AMELIE = "tt0133093", "tt0211915"
HASH = b"\xab" * 20


def said() -> str | None:
    one = film([HASH])
    return one.imdb if one else None


def test_the_first_who_says_something_is_believed() -> None:
    tell(HASH, MATRIX, "First", "key a")
    tell(HASH, AMELIE, "Second", "key b")
    assert film([HASH]) == Match(MATRIX, "First", None, told=True, sure=True)


def test_the_operator_is_believed_in_any_case() -> None:
    tell(HASH, MATRIX, "First", "key a")
    tell(HASH, AMELIE, "", "admin", final=True)
    assert said() == AMELIE
    undo(HASH)
    tell(HASH, AMELIE, "", "admin", final=True)
    assert said() == AMELIE


def test_what_was_undone_may_be_said_otherwise_but_not_again() -> None:
    tell(HASH, MATRIX, "", "key a")
    undo(HASH)
    assert said() is None
    tell(HASH, MATRIX, "", "key b")
    assert said() is None
    tell(HASH, AMELIE, "", "key b")
    assert said() == AMELIE


def test_title_and_year_come_from_the_list_where_nobody_says_them() -> None:
    load()
    tell(HASH, AMELIE, "", "key a")
    assert film([HASH]) == Match(AMELIE, "Amélie", 2001, told=True, sure=True)


def test_a_title_holds_nothing_that_acts_and_is_not_seen() -> None:
    tell(HASH, MATRIX, "The\u202e\x1b Matrix\0\ud800", "key a")
    told = film([HASH])
    assert told and told.title == "The   Matrix ?"


@pytest.mark.parametrize("imdb", ["", "0133093", "tt12", "tt9999999999", "TT0133093", "tt01330933\n"])
def test_what_is_no_id_is_refused(imdb: str) -> None:
    with pytest.raises(NotAnImdbId):
        tell(HASH, imdb, "", "key a")
    with pytest.raises(NotAnImdbId):
        torrents(imdb)


def test_a_film_has_its_torrents_the_newest_first_and_each_once() -> None:
    load()
    several = [make.v1(b"first"), make.hybrid(b"second"), make.v1(b"gone"), make.v1(b"not it")]
    for torrent in several:
        deposit(torrent)
        for name in make.infohashes(torrent):
            tell(name, MATRIX, "", "key a")
    tell(HASH, MATRIX, "", "key a")  # not held
    take_down(make.infohashes(several[2])[0], "Court order")
    undo(make.infohashes(several[3])[0])
    title, entries = torrents(MATRIX)
    assert (title, [one.name for one in entries]) == ("The Matrix", ["second", "first"])


def test_films_of_many_torrents_are_found_at_once() -> None:
    for n in range(20):
        deposit(torrent := make.hybrid(b"film %d" % n))
        if n % 2:
            tell(make.infohashes(torrent)[1], MATRIX, "", "key a")
    entries = search(Query()).hits
    with CaptureQueriesContext(connection) as queries:
        found = films(entries)
    assert len(queries) == 1
    assert [number in found for number in (one.number for one in entries)] == [True, False] * 10


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_told() -> None:
    with away("archive_film"):
        for question in (lambda: tell(HASH, MATRIX, "", "x"), lambda: film([HASH]), lambda: torrents(MATRIX)):
            with pytest.raises(Unavailable):
                question()
