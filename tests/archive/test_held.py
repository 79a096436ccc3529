"""Which of many infohashes are held."""

import pytest

from archive.errors import Unavailable
from archive.models import Torrent
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from archive.torrents.held import find_held
from metainfo.infohash import parse_infohash
from tests import make
from tests.missing_table import missing_table

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

V1, V2, HYBRID = make.v1(b"one"), make.v2(b"two"), make.hybrid(b"three")


@pytest.fixture(autouse=True)
def three() -> None:
    for torrent in (V1, V2, HYBRID):
        deposit(torrent)


def test_each_infohash_of_a_torrent_is_held_and_leads_to_the_one_it_is_stored_under() -> None:
    v1, v2 = make.infohashes(HYBRID)
    of_v1, of_v2 = make.infohashes(V1)[0], make.infohashes(V2)[1]
    asked = [v1, v2, v2[:20], of_v1, of_v2, of_v2[:20]]
    assert find_held(asked) == {v1: v1, v2: v1, v2[:20]: v1, of_v1: of_v1, of_v2: of_v2, of_v2[:20]: of_v2}


def test_infohashes_that_are_not_held_are_left_out() -> None:
    v1, v2 = make.infohashes(V1)
    of_v2 = make.infohashes(V2)
    assert find_held([v2, v2[:20], of_v2[0], b"\0" * 20, b"\xff" * 20, b"\0" * 32, v1[:19] + b"\0"]) == {}
    assert find_held([]) == {}


def test_a_v1_infohash_takes_precedence_over_a_truncated_v2_one() -> None:
    twin = make.infohashes(V2)[1][:20]
    Torrent.objects.create(v1=twin, name="", size=0, files=0, length=0, digest=b"")
    assert find_held([twin]) == {twin: twin}


def test_a_torrent_that_is_taken_down_is_not_held() -> None:
    v1, v2 = make.infohashes(HYBRID)
    take_down(v1, "Because.")
    assert find_held([v1, v2, v2[:20]]) == {}


def test_twenty_thousand_infohashes_may_be_asked_at_once() -> None:
    some = [n.to_bytes(20, "big") for n in range(1, 20_001)]
    rows = [Torrent(v1=one, name="", size=0, files=0, length=0, digest=b"") for one in some[::2]]
    Torrent.objects.bulk_create(rows)
    assert set(find_held(some)) == set(some[::2])


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_is_unavailable() -> None:
    with missing_table("archive_torrent"), pytest.raises(Unavailable):
        find_held([parse_infohash("0A" * 20)])
