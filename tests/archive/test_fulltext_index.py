"""The full-text index follows the rows, and no question to it takes long."""

import pytest
from django.db import connection

from archive.browse import fulltext_query
from archive.browse.search import SearchQuery, search_torrents
from archive.db.driver import choose, is_postgresql
from archive.models import Torrent
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit_many
from archive.torrents.scrub import Verdict, scrub
from tests import make
from tests.search_names import all_pages, names, search_names, store_named

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


BYTES = {"sqlite": "blob", "postgresql": "bytea"}


def test_words_that_take_the_index_too_long_are_searched_row_by_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two common words occur together in the oldest row alone, which takes long in PostgreSQL's index only."""
    words = (
        "CASE WHEN {0} = 1 THEN 'odd even w1' WHEN {0} % 2 = 1 THEN 'odd w' || {0} ELSE 'even w' || {0} END"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO archive_torrent (v1, name, size, files, length, digest, complete, words) "
            f"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 40000) "
            f"SELECT CAST('{'x' * 10}' || (1000000000 + n) AS {choose(**BYTES)}), "
            f"'w' || n, 1, 1, 1, CAST('' AS {choose(**BYTES)}), true, {words.format('n')} FROM t"
        )
    monkeypatch.setattr(fulltext_query, "INDEX_TIMEOUT", 1)
    pages = all_pages(SearchQuery("odd even"), 50)
    assert [name for page in pages for name in names(page)] == ["w1"]
    assert (len(pages) > 1) == is_postgresql()
    assert len(search_names("odd")) == 50


# The index follows the rows


def test_a_torrent_that_is_taken_down_is_not_found_any_more() -> None:
    [torrent] = store_named("hello world")
    assert search_names("hello") == search_names() == ["hello world"]
    take_down(make.infohashes(torrent)[0], "Court order")
    assert search_names("hello") == search_names() == search_names(make.v1_hash(torrent)) == []
    assert indexed_ids("hello") == []


def indexed_ids(word: str) -> list[int]:
    """Row ids that the index has for this word, whether or not there are such rows."""
    return fulltext_query.matching_ids([((word,),)], 1 << 60, 100).ids


def test_torrents_stored_in_a_batch_are_found() -> None:
    deposit_many([make.v1(b"batch %d" % n) for n in range(600)])
    assert len(search_torrents(SearchQuery("batch"), limit=200).hits) == 200
    assert search_names("batch 7") == ["batch 7"]


def test_scrub_repairs_wrong_words() -> None:
    store_named("hello world")
    Torrent.objects.update(words="=other nonsense")
    assert (search_names("hello"), search_names("nonsense")) == ([], ["hello world"])
    assert [finding.verdict for finding in scrub()] == [Verdict.REPAIRED]
    assert (search_names("hello"), search_names("nonsense")) == (["hello world"], [])
    assert indexed_ids("nonsense") == []


def test_scrub_rebuilds_the_words_of_lost_rows() -> None:
    store_named("hello world")
    Torrent.objects.all().delete()
    assert search_names("hello") == []
    assert [finding.verdict for finding in scrub()] == [Verdict.INDEXED]
    assert search_names("hello") == ["hello world"]
