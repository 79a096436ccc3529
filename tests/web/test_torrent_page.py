"""The page of one torrent, also with hostile contents."""

import base64
from html import unescape
from pathlib import Path

import libtorrent
import pytest
from django.test import Client

from archive.films.film_links import set_imdb_id, undo_link
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.html_pages import get_page, page_text, page_weight, view_torrent
from tests.imdb_titles import count_matched, load_titles

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>\u202egnp.exe\x00\n\"'&".encode()
SINTEL_FILES: dict[tuple[bytes, ...], int] = {(b"Sintel.mkv",): 5_000_000_000, (b"Subs", b"de.srt"): 100}
SINTEL = make.v1(b"Sintel", files=SINTEL_FILES)
HASH = make.v1_hash(SINTEL)


def test_every_spelling_redirects_to_one_address_without_reading_the_torrent(
    client: Client, objects: Path
) -> None:
    hybrid = make.hybrid(b"both")
    deposit(hybrid)
    for path in list(objects.rglob("*.torrent")):
        path.unlink()
    v1, v2 = make.v1_hash(hybrid), make.v2_hash(hybrid)
    for spelling in (v1.lower(), v2, v2.lower(), v2[:40], base64.b32encode(bytes.fromhex(v1)).decode()):
        assert client.get(f"/view/{spelling}").headers["Location"] == f"/view/{v1}"


def test_the_page_describes_the_torrent(client: Client) -> None:
    outer = {b"comment": b"A short film", b"created by": b"mktorrent 1.1", b"creation date": 1_285_891_200}
    made = make.v1(b"Sintel", files={(b"Sintel.mkv",): 5_000_000, (b"Subs", b"de.srt"): 1024}, outer=outer)
    shown = page_text(view_torrent(client, made))
    for fact in ("Sintel", "4.77 MiB in 2 files", make.v1_hash(made), make.TRACKER.decode(), "A short film"):
        assert fact in shown
    for fact in ("mktorrent 1.1", "1 October 2010, 00:00 UTC", "306 of 16.0 KiB"):
        assert fact in shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("The.Matrix.1999.1080p", "The Matrix (1999), at IMDb tt0133093. Its name and year say so."),
        (
            "The.Matrix.2000.1080p",
            "The Matrix (1999), at IMDb tt0133093. Perhaps: its name fits, its year is one off.",
        ),
    ],
)
def test_the_page_says_which_film_it_is_and_by_which_source(client: Client, name: str, shown: str) -> None:
    load_titles()
    torrent = make.v1(name.encode())
    assert "Film or series" not in page_text(view_torrent(client, torrent))
    seen = client.get(f"/view/{make.v1_hash(torrent)}")["ETag"]
    assert count_matched() == 1
    again = client.get(f"/view/{make.v1_hash(torrent)}", headers={"If-None-Match": seen})
    assert again.status_code == 200
    assert shown in page_text(view_torrent(client, torrent))
    set_imdb_id(make.infohashes(torrent)[0], "tt0211915", "<b>\u202e", "key hk_12345678")
    page = page_text(view_torrent(client, torrent))
    assert "(2001), at IMDb tt0211915. Somebody told the archive so." in page
    assert "hk_12345678" not in page
    undo_link(make.infohashes(torrent)[0])
    assert "Film or series" not in page_text(view_torrent(client, torrent))


def test_the_files_are_a_tree(client: Client) -> None:
    page = view_torrent(client, SINTEL).page
    [folder] = page.xpath("//details")
    assert folder.xpath("string(summary/bdi)") == "Subs"
    assert folder.xpath("string(ul/li/bdi)") == "de.srt"
    assert page.xpath("string(//div[@class='tree']/ul/li[last()]/bdi)") == "Sintel.mkv"


def test_a_folder_of_which_no_file_is_shown_is_one_line(client: Client) -> None:
    paths: dict[tuple[bytes, ...], int] = {(b"folder %03d" % (n // 2), b"%d" % n): 512 for n in range(360)}
    tree = view_torrent(client, make.v1(b"many folders", files=paths)).page.xpath("//div[@class='tree']/ul")[
        0
    ]
    opened, closed = tree.xpath("li[details]"), tree.xpath("li[not(details)]")
    assert len(opened) > 50 and len(closed) > 50
    assert " ".join(closed[-1].text_content().split()) == "folder 179 2 files, 1.00 KiB"
    assert all(folder.xpath("details/ul/li/bdi") for folder in opened)


def test_the_page_links_to_the_torrent(client: Client) -> None:
    page = view_torrent(client, SINTEL).page
    [link] = page.xpath("//a[@download]/@href")
    assert client.get(link).content == SINTEL


def test_a_hybrids_magnet_link_names_both_infohashes(client: Client) -> None:
    hybrid = make.hybrid(b"both")
    [link] = view_torrent(client, hybrid).page.xpath("//a[starts-with(@href, 'magnet:')]/@href")
    found = libtorrent.parse_magnet_uri(link)
    assert str(found.info_hashes.v1).upper() == make.v1_hash(hybrid)
    assert str(found.info_hashes.v2).upper() == make.v2_hash(hybrid)
    assert (found.name, found.trackers) == ("both", [make.TRACKER.decode()])


def test_hostile_text_is_escaped(client: Client) -> None:
    outer = {b"comment": HOSTILE, b"created by": HOSTILE, b"announce": b"javascript://alert(1)" + HOSTILE}
    made = make.v1(HOSTILE, files={(HOSTILE, HOSTILE): 5, (b"..", b"\xff\xfe"): 5}, outer=outer)
    answer = view_torrent(client, made)
    shown = "<script>alert(1)</script>‹U+202E›gnp.exe‹U+0000›‹U+000A›\"'&"
    assert answer.page.xpath("string(//h1)") == shown
    assert answer.page.xpath("string(//title)") == f"{shown} · Hashkeep"
    assert page_text(answer).count(shown) == 6
    assert not answer.page.xpath("//script") and not answer.page.xpath(
        "//a[starts-with(@href, 'javascript')]"
    )
    assert not set("\u202e\x00\u2066") & set(unescape(answer.content.decode()))


def test_long_names_may_break_after_dots(client: Client) -> None:
    torrent = make.v1(b"A.Name_of-dots", files={(b"Sub.folder", b"A.file"): 1})
    page = view_torrent(client, torrent).page
    assert [len(page.xpath(f"//{place}/bdi//wbr")) for place in ("h1", "summary", "li")] == [3, 1, 1]
    assert page.xpath("string(//h1)") == "A.Name_of-dots"


def test_a_torrent_without_a_name_still_has_a_heading(client: Client) -> None:
    answer = view_torrent(client, make.v1(b"", files={(b"a",): 5}))
    assert answer.page.xpath("string(//h1)") == "(no name)"


def test_ten_thousand_files_make_a_small_page_and_a_full_list(client: Client) -> None:
    paths: dict[tuple[bytes, ...], int] = {
        (b"<folder> & %d" % (n // 50), b"'file' %d\n" % n): 7 for n in range(10_000)
    }
    made = make.v1(b"many", files=paths)
    answer = view_torrent(client, made)
    assert "10\u202f000 files" in answer.content.decode()
    assert page_weight(client, answer) < 60_000
    [all_files] = answer.page.xpath("//a[contains(@href, 'files.txt')]/@href")
    listed = b"".join(client.get(all_files)).decode().splitlines()
    assert listed == [f"7\t<folder> & {n // 50}/'file' {n}‹U+000A›" for n in range(10_000)]


def test_of_a_hundred_thousand_files_only_the_first_are_read(client: Client) -> None:
    paths: dict[tuple[bytes, ...], int] = {(b"%d" % (n // 1_000), b"%d" % n): 7 for n in range(100_000)}
    answer = view_torrent(client, make.v1(b"many", files=paths, piece_length=1 << 20))
    assert "684 KiB in 100 000 files" in page_text(answer)
    assert page_weight(client, answer) < 60_000
    shown = len(answer.page.xpath("//div[@class='tree']//li[not(details)]"))
    assert f"{100_000 - shown:,} more are not shown here".replace(",", " ") in page_text(answer)
    [all_files] = answer.page.xpath("//a[contains(@href, 'files.txt')]/@href")
    assert b"".join(client.get(all_files)).count(b"\n") == 100_000


@pytest.mark.parametrize("address", [f"/view/{HASH}", f"/view/{HASH}/files.txt"])
def test_a_cached_page_is_304_until_it_changes(client: Client, address: str) -> None:
    deposit(SINTEL)
    first = client.get(address)
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    deposit(make.v1(b"Sintel", files=SINTEL_FILES, outer={b"announce": b"udp://another.example:1"}))
    assert client.get(address, headers=known).status_code == 200
    take_down(bytes.fromhex(HASH), "Court order 12")
    assert client.get(address, headers=known).status_code == 451


def test_the_longest_values_make_a_small_page(client: Client) -> None:
    urls = [[b"http://%d/%s" % (n, b"&" * 1_900)] for n in range(1_000)]
    paths = {tuple(b"%d%s" % (n, b"\x01" * 250) for _ in range(12)): 7 for n in range(1_000)}
    outer = {b"comment": b"<" * 1_000_000, b"announce-list": urls, b"url-list": [url for [url] in urls]}
    answer = view_torrent(client, make.v1(b"&" * 100_000, files=paths, outer=outer))
    assert answer.status_code == 200
    assert page_weight(client, answer) < 120_000


def test_lost_bytes_are_503(client: Client, objects: Path) -> None:
    deposit(SINTEL)
    for path in objects.rglob("*.torrent"):
        path.unlink()
    answer = get_page(client, f"/view/{HASH}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
