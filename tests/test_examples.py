"""The examples of the API page, copied from it as a reader would, against a whole Hashkeep."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from lxml import html

from tests import make
from tests.servers.hashkeep import Hashkeep

# PHP keeps WSDLs for a day in a folder that all its runs share.
PROGRAMS = {
    "soap.php": ["php", "-d", "soap.wsdl_cache_enabled=0"],
    "soap.pl": ["perl"],
    "post.php": ["php"],
    "curl.php": ["php"],
    "post.py": [sys.executable],
    "post.sh": ["sh", "-e"],
}
TORRENT = make.v1(b"by example", 3_000_000)


def page(server: Hashkeep) -> Any:
    with urlopen(f"{server.url}/api", timeout=30) as answer:
        return html.fromstring(answer.read().decode())


def run(server: Hashkeep, folder: Path, example: str) -> subprocess.CompletedProcess[str]:
    [code] = page(server).xpath("//code[@data-example=$name]", name=example)
    (folder / example).write_text(code.text_content())
    command = [*PROGRAMS.get(example, ["sh", "-e"]), example]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def kept(server: Hashkeep, infohash: str) -> bytes:
    with urlopen(f"{server.url}/torrent/{infohash}.torrent", timeout=30) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("example", PROGRAMS)
def test_an_example_stores_the_torrent_and_prints_its_infohash(
    server: Hashkeep, tmp_path: Path, example: str
) -> None:
    torrent = make.v1(example.encode(), 3_000_000)
    (tmp_path / "my.torrent").write_bytes(torrent)
    done = run(server, tmp_path, example)
    assert done.stdout.strip() == make.v1_hash(torrent), done.stderr
    assert kept(server, make.v1_hash(torrent)) == torrent


@pytest.mark.parametrize("example", PROGRAMS)
def test_an_example_tells_what_was_wrong(server: Hashkeep, tmp_path: Path, example: str) -> None:
    (tmp_path / "my.torrent").write_bytes(b"d4:infoi0ee")
    done = run(server, tmp_path, example)
    said = done.stdout + done.stderr
    assert "info" in said or "Broken torrent file" in said
    assert done.returncode != 0 or example == "post.sh"  # curl's own status tells of the connection alone
    assert "Warning" not in said and "Traceback" not in said and "Fault" not in said


def test_the_loop_stores_a_whole_folder(server: Hashkeep, tmp_path: Path) -> None:
    names = ["plain.torrent", "two words.torrent", "a;b,c=d.torrent", "$HOME 'quoted'.torrent"]
    torrents = {name: make.v1(name.encode()) for name in names}
    for name, torrent in torrents.items():
        (tmp_path / name).write_bytes(torrent)
    lines = run(server, tmp_path, "folder.sh").stdout.splitlines()
    assert sorted(lines) == sorted(f"{name}\t{make.v1_hash(torrent)}" for name, torrent in torrents.items())


def test_what_the_example_fetches_is_what_was_stored(server: Hashkeep, tmp_path: Path) -> None:
    (tmp_path / "my.torrent").write_bytes(TORRENT)
    done = run(server, tmp_path, "fetch.sh")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "fetched.torrent").read_bytes() == TORRENT


def test_the_addresses_for_programs_are_right(server: Hashkeep) -> None:
    [told] = page(server).xpath("//h2[@id='programs']/following-sibling::ul[1]")
    addresses = told.xpath("li/code[1]/text()")
    assert len(addresses) == 3
    for address in addresses:
        with urlopen(address, timeout=30) as answer:
            assert answer.headers.get_content_type() != "text/html"


def test_every_example_on_the_page_is_tried(server: Hashkeep) -> None:
    named = page(server).xpath("//code/@data-example")
    assert sorted(named) == sorted([*PROGRAMS, "folder.sh", "fetch.sh"])
    assert len(page(server).xpath("//pre")) == len(named)
