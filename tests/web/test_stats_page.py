"""The statistics page, and the same numbers by REST."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from archive.census.daily_totals import add_to_totals
from archive.models import CensusDay, CountryDay, StoredDay
from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import get_page, page_text, page_weight

pytestmark = pytest.mark.django_db


def today() -> date:
    return datetime.now(UTC).date()


def yesterday() -> date:
    return today() - timedelta(days=1)


def set_stored_days(numbers: dict[date, int]) -> None:
    """Sets how many torrents were stored on each day."""
    StoredDay.objects.bulk_create(
        StoredDay(day=day, shard=9, stored=number) for day, number in numbers.items()
    )


def stats_text(client: Client, path: str = "/stats") -> str:
    return page_text(get_page(client, path))


def table_rows(client: Client, kind: str = "") -> list[str]:
    """The text of each row of the tables of this class."""
    lines = get_page(client, "/stats").page.xpath(
        f"//table[contains(@class, '{kind}')]/tbody/tr" if kind else "//tbody/tr"
    )
    cells = ([cell.text_content().replace("\u202f", "").strip() for cell in line] for line in lines)
    return [" ".join(filter(None, line)) for line in cells]


def format_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def get_days(client: Client, days: int) -> Any:
    return client.get(f"/api/v1/stats/days?days={days}").json()


def test_an_empty_archive_has_a_statistics_page(client: Client) -> None:
    assert "0 torrents" in stats_text(client)


def test_no_counted_peers_and_no_census_have_different_messages(client: Client, settings: Settings) -> None:
    settings.CENSUS = True
    assert "No peers have been counted in these days." in stats_text(client)
    settings.CENSUS = False
    assert "This archive does not count peers." in stats_text(client)
    add_to_totals(yesterday(), looked=300, alive=20, peers={"BR": 900})
    assert "looked at 300 torrents" in stats_text(client)  # while there was a census


def test_stored_torrents_are_shown_by_kind_and_day(client: Client) -> None:
    for torrent in (make.v1(b"1"), make.v2(b"2"), make.hybrid(b"3"), make.hybrid(b"4")):
        deposit(torrent)
    set_stored_days({today() - timedelta(days=29): 7, today() - timedelta(days=30): 1_000})
    words = stats_text(client)
    assert "4 torrents" in words
    assert "1 v1, 2 hybrid, 1 v2" in words
    assert "11 of the torrents that are here came in the last 30 days." in words
    assert "1 011 of the torrents that are here came in the last 90 days." in stats_text(
        client, "/stats?days=90"
    )
    assert stats_text(client, "/stats?days=nonsense") == words
    assert client.get("/api/v1/stats").json() == {"torrents": 4, "v1": 1, "v2": 1, "hybrid": 2}


def test_each_day_has_a_bar_and_a_table_row(client: Client) -> None:
    set_stored_days({today(): 3, yesterday(): 6})
    page = get_page(client, "/stats").page
    bars = page.xpath("//figure//rect")
    assert (len(bars), bars[-1].text_content(), bars[0].text_content()[-3:]) == (
        30,
        f"{format_day(today())}: 3",
        ": 0",
    )
    assert [float(bar.get("height")) for bar in bars[-3:]] == [1, 120, 60]
    assert (
        table_rows(client)[:3]
        == [f"{format_day(today())} 3", f"{format_day(yesterday())} 6"] + table_rows(client)[2:3]
    )
    assert table_rows(client)[2].endswith(" 0")


def test_months_are_summed_up(client: Client) -> None:
    first = today().replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    set_stored_days({first: 2, before: 40, before + timedelta(days=3): 2})
    answer = get_days(client, 1)["months"]
    assert answer[-2:] == [{"month": str(before), "stored": 42}, {"month": str(first), "stored": 2}]
    assert (len(answer), sum(one["stored"] for one in answer)) == (24, 44)
    assert f"{before:%B %Y} 42" in table_rows(client)


def test_the_census_is_shown_of_the_last_whole_day(client: Client) -> None:
    add_to_totals(yesterday(), looked=300, alive=20, peers={"BR": 900, "ZZ": 99, "US": 1})
    add_to_totals(today(), looked=5, alive=1, peers={"BR": 3})
    words = stats_text(client)
    assert "looked at 300 torrents. 20 of them had peers, 1 000 in all" in words
    assert table_rows(client, "shares") == ["BR 900 90.0 %", "unknown 99 9.9 %", "US 1 0.1 %"]
    answer = get_days(client, 2)
    assert answer["days"] == [
        {"day": str(yesterday()), "stored": 0, "census": {"looked": 300, "alive": 20, "peers": 1000}},
        {"day": str(today()), "stored": 0, "census": {"looked": 5, "alive": 1, "peers": 3}},
    ]
    assert answer["countries_of"] == str(yesterday())
    assert [tuple(one.values()) for one in answer["countries"]] == [("BR", 900), ("ZZ", 99), ("US", 1)]


def test_a_census_that_began_today_is_shown_so_far(client: Client) -> None:
    add_to_totals(today(), looked=1, alive=0, peers={})
    assert "So far on" in stats_text(client)
    assert get_days(client, 3)["days"][0]["census"] is None


def test_small_countries_are_summed_up_on_the_page_and_complete_by_rest(client: Client) -> None:
    codes = [a + b for a in "ABCDEFGHIJ" for b in "KLMNOPQRST"]
    add_to_totals(yesterday(), looked=1, alive=1, peers={code: 100 - n for n, code in enumerate(codes)})
    lines = table_rows(client, "shares")
    assert (len(lines), lines[0]) == (31, "AK 100 2.0 %")
    assert lines[-1] == "all others 2485 49.2 %"  # of 70, 69 … 1 in 5,050
    assert len(get_days(client, 1)["countries"]) == 100


def test_the_maker_of_the_country_database_is_credited(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.COUNTRY_DB = tmp_path / "country.mmdb"
    add_to_totals(yesterday(), looked=1, alive=1, peers={"BR": 1})
    (tmp_path / "country.credit").write_text("IP Geolocation by DB-IP https://db-ip.com")
    assert '<a href="https://db-ip.com">IP Geolocation by DB-IP</a>' in client.get("/stats").content.decode()
    assert get_days(client, 1)["credit"] == "IP Geolocation by DB-IP https://db-ip.com"


def test_an_archive_without_listing_has_statistics(client: Client, settings: Settings) -> None:
    settings.LISTING = False
    deposit(make.v1())
    assert "Stored1 torrent" in stats_text(client)
    assert get_days(client, 1)["days"][0]["stored"] == 1


@pytest.mark.parametrize("days", ["0", "367", "x", "-1", "٣"])
def test_a_wrong_number_of_days_is_refused(client: Client, days: str) -> None:
    answer = client.get("/api/v1/stats/days", {"days": days})
    assert (answer.status_code, "`days` is a whole number" in answer.json()["detail"]) == (400, True)


def test_years_of_statistics_make_a_small_page_from_small_tables(client: Client) -> None:
    years = [today() - timedelta(days=n) for n in range(1_000)]
    set_stored_days(dict.fromkeys(years, 1_234_567))
    codes = [a + b for a in "ABCDEFGHIJ" for b in "KLMNOPQRST"]
    CensusDay.objects.bulk_create(CensusDay(day=day, looked=10**6, alive=10**5, peers=10**7) for day in years)
    CountryDay.objects.bulk_create(
        CountryDay(day=day, country=code, peers=10**6) for day in years[:10] for code in codes
    )
    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        answer = get_page(client, "/stats?days=90")
    assert page_weight(client, answer) < 60_000
    assert set(re.findall(r"archive_(\w+)", " ".join(asked))) == {
        "tally",
        "storedday",
        "censusday",
        "countryday",
    }
