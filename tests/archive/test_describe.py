"""What is said of a stored torrent on its page."""

import pytest

from archive.browse.describe import describe_torrent
from archive.errors import NotHeld
from archive.models import Torrent
from archive.torrents.deposit import deposit
from tests import make

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_description_has_what_a_page_shows() -> None:
    first = make.hybrid(b"both", b"b" * 50_000)
    v1, v2 = make.infohashes(first)
    later = first.replace(make.TRACKER, make.TRACKER.replace(b"tracker", b"another"))
    deposit(first), deposit(later)
    shown = describe_torrent(v2)
    assert (shown.infohash, shown.v1, shown.v2) == (v1.hex().upper(), v1.hex().upper(), v2.hex().upper())
    assert (shown.metainfo.name, shown.metainfo.size, shown.metainfo.file_count) == ("both", 50_000, 1)
    assert shown.trackers == ("http://tracker.example/announce", "http://another.example/announce")
    assert [(file.path, file.size) for file in shown.files()] == [(("both",), 50_000)]
    assert (shown.length, shown.stored_at) == (len(first), Torrent.objects.get().stored_at)
    with pytest.raises(NotHeld):
        describe_torrent(bytes(20))
