"""The examples of the API page, copied from it as a reader would, against a whole Hashkeep."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from lxml import html

from api import torrent_api
from tests import make
from tests.api import test_torrent_api, test_torrent_api_errors
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
EXAMPLE = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"  # of the page
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
TORRENT = make.v1(b"by example", 3_000_000)


def get_api_page(server: Hashkeep) -> Any:
    with urlopen(f"{server.url}/api", timeout=30) as answer:
        return html.fromstring(answer.read().decode())


def run_example(server: Hashkeep, folder: Path, example: str) -> subprocess.CompletedProcess[str]:
    [code] = get_api_page(server).xpath("//code[@data-example=$name]", name=example)
    (folder / example).write_text(code.text_content())
    command = [*PROGRAMS.get(example, ["sh", "-e"]), example]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def get_torrent(server: Hashkeep, infohash: str) -> bytes:
    with urlopen(f"{server.url}/torrent/{infohash}.torrent", timeout=30) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("example", PROGRAMS)
def test_an_example_stores_the_torrent_and_prints_its_infohash(
    server: Hashkeep, tmp_path: Path, example: str
) -> None:
    torrent = make.v1(example.encode(), 3_000_000)
    (tmp_path / "my.torrent").write_bytes(torrent)
    done = run_example(server, tmp_path, example)
    assert done.stdout.strip() == make.v1_hash(torrent), done.stderr
    assert get_torrent(server, make.v1_hash(torrent)) == torrent


@pytest.mark.parametrize("example", PROGRAMS)
def test_an_example_prints_what_was_wrong(server: Hashkeep, tmp_path: Path, example: str) -> None:
    (tmp_path / "my.torrent").write_bytes(b"d4:infoi0ee")
    done = run_example(server, tmp_path, example)
    said = done.stdout + done.stderr
    assert "info" in said or "Broken torrent file" in said
    assert done.returncode != 0 or example == "post.sh"  # curl's own status tells of the connection alone
    assert "Warning" not in said and "Traceback" not in said and "Fault" not in said


def test_the_loop_stores_a_whole_folder(server: Hashkeep, tmp_path: Path) -> None:
    names = ["plain.torrent", "two words.torrent", "a;b,c=d.torrent", "$HOME 'quoted'.torrent"]
    torrents = {name: make.v1(name.encode()) for name in names}
    for name, torrent in torrents.items():
        (tmp_path / name).write_bytes(torrent)
    (tmp_path / "wrong.torrent").write_bytes(b"d4:infoi0ee")
    lines = run_example(server, tmp_path, "folder.sh").stdout.splitlines()
    expected = {name: make.v1_hash(torrent) for name, torrent in torrents.items()}
    expected["wrong.torrent"] = "Error 12: Broken torrent file, please recreate it and try again."
    assert sorted(lines) == sorted(f"{name}\t{what}" for name, what in expected.items())


def test_the_example_fetches_the_stored_bytes(server: Hashkeep, tmp_path: Path) -> None:
    (tmp_path / "my.torrent").write_bytes(TORRENT)
    done = run_example(server, tmp_path, "fetch.sh")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "fetched.torrent").read_bytes() == TORRENT


def test_the_addresses_for_programs_answer(server: Hashkeep) -> None:
    [section] = get_api_page(server).xpath("//h2[@id='programs']/following-sibling::ul[1]")
    addresses = section.xpath("li/code[1]/text()")
    assert len(addresses) == 3
    for address in addresses:
        with urlopen(address, timeout=30) as answer:
            assert answer.headers.get_content_type() != "text/html"


# The Torrent API

STUDIED = ["add", "list", "info", "peers", "refused"]
FILM = make.v1(b"Night.of.the.Living.Dead.1968.1080p.mkv", 1_468_006_400, piece_length=2**24)
_COUNTED = f"""
import datetime as dt
from django.utils import timezone
from archive.models import PeerDay, Torrent, Watched
row = Torrent.objects.get(v1=bytes.fromhex("{make.v1_hash(FILM)}"))
Watched.objects.update_or_create(pk=row.pk, defaults=dict(due=timezone.now(), looked_at=timezone.now(), misses=0))
PeerDay.objects.get_or_create(
    torrent=row, day=dt.date(2026, 11, 20), defaults=dict(countries=dict(ZZ=1, DE=2, US=4))
)
"""


@pytest.fixture(scope="module")
def key(server: Hashkeep, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a researcher, in whose archive there is that one film, which has been looked at."""
    folder = tmp_path_factory.mktemp("film")
    (folder / "my.torrent").write_bytes(FILM)
    assert run_example(server, folder, "post.sh").stdout.strip() == make.v1_hash(FILM)
    server.manage("shell", "-v0", "-c", _COUNTED)
    return server.manage("keys", "issue", "a researcher").stdout.strip()


def test_examples_of_the_torrent_api_answer_as_the_page_says(
    server: Hashkeep, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", key)
    shown = get_api_page(server)
    for name in STUDIED:
        [code] = shown.xpath("//code[@data-example=$name]", name=f"{name}.sh")
        (tmp_path / name).write_text(code.text_content().replace(EXAMPLE, make.v1_hash(FILM).lower()))
        done = subprocess.run(["sh", "-e", name], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        [response] = shown.xpath("//code[@data-example=$name]", name=f"{name}.json")
        expected = response.text_content().replace(EXAMPLE, make.v1_hash(FILM).lower())
        answer = MOMENT.sub("(a moment)", done.stdout)
        assert json.loads(answer) == json.loads(MOMENT.sub("(a moment)", expected)), done.stderr
        assert list(json.loads(answer)) == list(json.loads(expected))


def test_every_error_of_the_torrent_api_is_on_the_page(server: Hashkeep) -> None:
    documented = get_api_page(server).xpath("//table[@id='codes']//code/text()")
    sources = "".join(path.read_text() for path in Path(torrent_api.__file__).parent.glob("*.py"))
    given = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', sources))
    assert set(documented) == given - {"CONTENT_LENGTH", "REMOTE_ADDR"}
    tested = "".join(map(inspect.getsource, (test_torrent_api, test_torrent_api_errors)))
    assert [code for code in documented if f'"{code}"' not in tested] == []


def test_every_example_on_the_page_is_tested(server: Hashkeep) -> None:
    named = get_api_page(server).xpath("//code/@data-example")
    studied = [f"{name}.{kind}" for name in STUDIED for kind in ("sh", "json")]
    assert sorted(named) == sorted([*PROGRAMS, "folder.sh", "fetch.sh", *studied])
    assert len(get_api_page(server).xpath("//pre")) == len(named)
