"""The chart of a torrent's peers on its page, and the table beside it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from archive.census.daily_peers import DailyPeers
from archive.models import PeerDay, Torrent, Watched
from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import page_text, view_torrent
from web.bar_chart import DAYS, HEIGHT, WIDTH, build_peer_chart

TODAY = date(2026, 3, 31)


def test_a_bar_stands_at_its_day_and_the_highest_reaches_the_top() -> None:
    days = [DailyPeers(TODAY - timedelta(days=30), {"BR": 5}), DailyPeers(TODAY, {"BR": 6, "US": 4})]
    drawn = build_peer_chart(days, TODAY)
    assert drawn
    first, last = drawn.bars
    assert first.x == pytest.approx(WIDTH * (DAYS - 31) / DAYS)
    assert (first.height, first.y) == (HEIGHT / 2, HEIGHT / 2)
    assert (last.height, last.y) == (HEIGHT, 0)
    assert last.x + last.width <= WIDTH
    assert (drawn.most, drawn.last.total) == (10, 10)


def test_many_countries_are_summed_up() -> None:
    countries = {f"{a}{b}": 1 for a in "AB" for b in "CDEFGH"} | {"ZZ": 9}
    drawn = build_peer_chart([DailyPeers(TODAY, countries)], TODAY)
    assert drawn
    assert drawn.countries[0] == ("ZZ", 9)
    assert sum(peers for _, peers in drawn.countries) + drawn.others == 21


def test_days_without_a_peer_have_a_bar_too() -> None:
    drawn = build_peer_chart([DailyPeers(TODAY, {})], TODAY)
    assert drawn
    assert (drawn.most, drawn.bars[0].height) == (0, 1)


@pytest.mark.django_db
def test_a_page_shows_its_peers_once_they_were_counted(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.COUNTRY_DB = tmp_path / "country.mmdb"
    torrent = make.v1()
    deposit(torrent)
    assert "Peers" not in page_text(view_torrent(client, torrent))
    row = Torrent.objects.get()
    today = timezone.now().date()
    PeerDay.objects.create(torrent=row, day=today, countries={"BR": 1200, "ZZ": 3})
    Watched.objects.create(torrent=row, due=timezone.now(), looked_at=timezone.now())
    shown = page_text(view_torrent(client, torrent))
    for words in ("1 203 on", "BR1 200", "unknown3", "the highest bar is 1 203."):
        assert words in shown
    (tmp_path / "country.credit").write_text("IP Geolocation by DB-IP https://db-ip.com")
    assert (
        '<a href="https://db-ip.com">IP Geolocation by DB-IP</a>'
        in view_torrent(client, torrent).content.decode()
    )


@pytest.mark.django_db
def test_a_cached_page_is_stale_after_a_count(client: Client) -> None:
    torrent = make.v1()
    deposit(torrent)
    page = f"/view/{make.v1_hash(torrent)}"
    etag = client.get(page)["ETag"]
    assert client.get(page, headers={"If-None-Match": etag}).status_code == 304
    Watched.objects.create(torrent=Torrent.objects.get(), due=timezone.now(), looked_at=timezone.now())
    assert client.get(page, headers={"If-None-Match": etag}).status_code == 200
