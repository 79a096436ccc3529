"""SOAP clients of other makes against a whole Hashkeep, with the lines that the old caches documented."""

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
import zeep

from tests import make
from tests.servers.hashkeep import Hashkeep

Zeep: Any = zeep.Client  # it has no type hints
CLIENTS = Path(__file__).parent.parent / "clients"
RUN = {".php": ["php", "-d", "soap.wsdl_cache_enabled=0"], ".pl": ["perl"], ".js": ["node"]}
DOCUMENTED = ["store_torrent.php", "store_torrent.pl"]
BY_WSDL = [
    ("storeTorrent", "/soap?wsdl"),
    ("storeTorrent", "/api/storetorrent.wsdl"),
    ("cacheTorrent", "/api/torrage.wsdl"),
    ("cacheTorrent", "/torcache.wsdl"),
]
TORRENT = make.v1(b"by soap", 30_000_000)
INFOHASH = make.v1_hash(TORRENT)
PRIVATE = make.v1(b"by soap", private=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my.torrent").write_bytes(TORRENT)
    return tmp_path


def run_client(program: Path, folder: Path, *args: str) -> str:
    command = [*RUN[program.suffix], str(program), *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


def run_documented(program: str, folder: Path, url: str, operation: str = "storeTorrent") -> str:
    """The documented lines, with nothing but the URL filled in (and for Torrage, its name of the operation)."""
    lines = (CLIENTS / program).read_text().replace("''", f"'{url}'").replace("storeTorrent", operation)
    (folder / program).write_text(lines)
    return run_client(folder / program, folder)


@pytest.mark.parametrize(("operation", "wsdl"), BY_WSDL)
@pytest.mark.parametrize("program", DOCUMENTED)
def test_the_documented_lines_print_the_infohash(
    server: Hashkeep, folder: Path, program: str, operation: str, wsdl: str
) -> None:
    assert run_documented(program, folder, server.url + wsdl, operation) == INFOHASH


@pytest.mark.parametrize("program", DOCUMENTED)
def test_the_documented_lines_store_the_torrent_byte_for_byte(
    server: Hashkeep, folder: Path, program: str
) -> None:
    torrent = make.v1(program.encode())
    (folder / "my.torrent").write_bytes(torrent)
    infohash = run_documented(program, folder, server.url + "/soap?wsdl")
    [kept] = server.torrents.rglob(f"{infohash}.torrent")
    assert kept.read_bytes() == torrent


@pytest.mark.parametrize("program", DOCUMENTED)
def test_the_documented_lines_print_why_a_torrent_is_refused(
    server: Hashkeep, folder: Path, program: str
) -> None:
    (folder / "my.torrent").write_bytes(PRIVATE)
    assert run_documented(program, folder, server.url + "/soap?wsdl").startswith(
        "error: This torrent is private"
    )
    assert run_documented(program, folder, server.url + "/api/torrage.wsdl", "cacheTorrent") == "16"


@pytest.mark.parametrize("program", DOCUMENTED)
def test_a_torrent_of_nine_megabytes_is_stored(server: Hashkeep, folder: Path, program: str) -> None:
    torrent = make.v1(program.encode(), 7_200_000_000)
    (folder / "my.torrent").write_bytes(torrent)
    assert len(torrent) > 8_700_000
    assert run_documented(program, folder, server.url + "/soap?wsdl") == make.v1_hash(torrent)


@pytest.mark.parametrize("program", DOCUMENTED)
def test_a_message_that_is_far_too_large_is_refused_after_its_end(
    server: Hashkeep, folder: Path, program: str
) -> None:
    """An answer in the middle of the message would be a broken pipe to PHP."""
    (folder / "my.torrent").write_bytes(make.random_bytes(30_000_000, b"much"))
    assert run_documented(program, folder, server.url + "/soap?wsdl").startswith(
        "error: The file has more than"
    )


@pytest.mark.parametrize("path", ["/soap", "/api/index.php", "/api/torrage.wsdl"])
@pytest.mark.parametrize("operation", ["storeTorrent", "cacheTorrent"])
@pytest.mark.parametrize("program", ["without_wsdl.php", "without_wsdl.pl"])
def test_clients_without_a_wsdl_are_understood(
    server: Hashkeep, folder: Path, program: str, operation: str, path: str
) -> None:
    answer = run_client(CLIENTS / program, folder, server.url + path, "urn:anything", operation)
    assert answer == INFOHASH


@pytest.mark.parametrize(("operation", "wsdl"), BY_WSDL)
def test_nodes_soap_gets_the_infohash(server: Hashkeep, folder: Path, operation: str, wsdl: str) -> None:
    """node's soap returns an object for every message, with the part's name."""
    assert (
        run_client(CLIENTS / "call.js", folder, server.url + wsdl, operation) == f'{{"Result":"{INFOHASH}"}}'
    )


@pytest.mark.parametrize(("operation", "wsdl"), BY_WSDL)
def test_zeep_gets_the_infohash(server: Hashkeep, operation: str, wsdl: str) -> None:
    with Zeep(server.url + wsdl) as client:
        assert client.service[operation](base64.b64encode(TORRENT).decode()) == INFOHASH


JARS = CLIENTS / "jaxws" / ".jars"


@pytest.mark.parametrize(("operation", "wsdl"), BY_WSDL)
def test_code_that_jax_ws_generates_gets_the_infohash(
    server: Hashkeep, folder: Path, operation: str, wsdl: str
) -> None:
    """wsimport of JAX-WS RI, which takes only what WS-I allows: no rpc/encoded."""
    jars = f"{JARS}/*:{folder}"
    java = ["java", "-cp", jars]
    url = server.url + wsdl
    wsimport = [*java, "com.sun.tools.ws.WsImport", "-quiet", "-p", "generated", "-d", str(folder), url]
    subprocess.run(wsimport, check=True, timeout=240)
    program = CLIENTS / "jaxws" / "StoreTorrent.java"
    subprocess.run(["javac", "-cp", jars, "-d", str(folder), str(program)], check=True, timeout=240)
    name = "TorrentCache" if operation == "storeTorrent" else "Cache"
    run = subprocess.run(
        [*java, "StoreTorrent", name, operation], cwd=folder, capture_output=True, text=True, timeout=240
    )
    assert run.stdout == INFOHASH, run.stderr


def test_a_client_may_post_to_the_address_of_the_wsdl(server: Hashkeep) -> None:
    """As a .NET client of itorrents does, with the names in its generated code."""
    url = server.url + "/api/torrage.wsdl"
    with Zeep(url) as client:
        service = client.create_service("{urn:Torrage}CacheBinding", url)
        assert service.cacheTorrent(base64.b64encode(TORRENT).decode()) == INFOHASH
