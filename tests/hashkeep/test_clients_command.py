"""`manage.py clients`, with a real qBittorrent and a real Transmission."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from archive.torrents.deposit import deposit
from clients import ClientAddress
from tests import make
from tests.client_operations import client_address
from tests.servers import free_port
from tests.servers.client_daemon import ClientDaemon
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import qbittorrent
from tests.servers.transmission import transmission

pytestmark = pytest.mark.django_db

V1 = make.v1(b"a film.mkv")
HYBRID = make.hybrid(b"both", make.random_bytes(100_000, b"both"))
V1_HASH = make.v1_hash(V1)
MAGNET = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&dn=some+film"


@pytest.fixture(scope="module")
def daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ClientDaemon]]:
    with (
        network_namespace(),
        qbittorrent(tmp_path_factory.mktemp("q"), "4.5") as home,
        transmission(tmp_path_factory.mktemp("t"), "4.1") as seedbox,
    ):
        yield {"home": home, "seedbox": seedbox}


@pytest.fixture(autouse=True)
def addresses(daemons: dict[str, ClientDaemon], settings: Settings) -> dict[str, ClientAddress]:
    settings.CLIENTS = {name: client_address(daemon) for name, daemon in daemons.items()}
    found: dict[str, ClientAddress] = settings.CLIENTS
    return found


def run_clients(*args: str) -> str:
    out = StringIO()
    call_command("clients", *args, stdout=out)
    assert "a password" not in out.getvalue()
    return out.getvalue()


def test_all_clients_are_shown_with_their_versions() -> None:
    home, seedbox = run_clients().splitlines()
    assert home.split()[:4] == ["home", "answers", "qBittorrent", "4.5.2"]
    assert seedbox.split()[:3] == ["seedbox", "answers", "Transmission"]


def test_a_client_that_is_down_does_not_affect_the_others(addresses: dict[str, ClientAddress]) -> None:
    addresses["away"] = ClientAddress(
        "transmission", False, "127.0.0.1", free_port(), "/", "me", "a password"
    )
    out = StringIO()
    with pytest.raises(CommandError, match="Not all of them answer"):
        call_command("clients", stdout=out)
    assert "away             does not answer  Transmission at 127.0.0.1" in out.getvalue()
    assert out.getvalue().count(" answers ") == 2
    assert "a password" not in out.getvalue()


@pytest.mark.parametrize("name", ["home", "seedbox"])
def test_a_torrent_is_added_shown_and_removed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "film.torrent"
    path.write_bytes(V1)
    add = [name, "add", str(path), MAGNET, "--paused", "--tag", "film", "--to", str(tmp_path)]
    assert run_clients(*add).splitlines() == [f"{path}: added", f"{MAGNET}: added"]
    assert run_clients(*add).splitlines() == [f"{path}: there already", f"{MAGNET}: there already"]
    listed = run_clients(name, "list")
    assert f"{V1_HASH}   0.0% " in listed
    assert "a film.mkv [film]" in listed
    assert listed.endswith("           2 torrents\n")
    assert run_clients(name, "files", V1_HASH).split() == ["0.0%", "5", "a", "film.mkv"]
    url = "udp://127.0.0.1:9/announce"
    assert url in run_clients(name, "trackers", V1_HASH, "--add", url)
    assert url not in run_clients(name, "trackers", V1_HASH.lower(), "--remove", url)
    for action in ("start", "stop", "reannounce"):
        assert run_clients(name, action, V1_HASH) == f"{V1_HASH}: done\n"
    assert run_clients(name, "remove", V1_HASH, MAGNET, "--data").count("removed with its data") == 2
    assert run_clients(name, "list") == "           0 torrents\n"


@pytest.mark.parametrize("name", ["home", "seedbox"])
def test_a_stored_hybrid_is_found_by_either_infohash(name: str) -> None:
    """Transmission does not know the v2 infohash, but we do."""
    deposit(HYBRID)
    v2 = make.v2_hash(HYBRID)
    assert run_clients(name, "add", v2, "--paused") == f"{v2}: added\n"
    assert run_clients(name, "files", v2[:40]).split()[1:] == ["100,000", "both"]
    run_clients(name, "remove", v2)
    assert run_clients(name, "list") == "           0 torrents\n"


def test_a_failure_is_reported_and_the_rest_is_done(tmp_path: Path) -> None:
    path = tmp_path / "film.torrent"
    path.write_bytes(V1)
    (tmp_path / "page.torrent").write_bytes(b"<html>")
    out = StringIO()
    texts = [str(tmp_path / "page.torrent"), "0" * 40, "nonsense", str(path)]
    with pytest.raises(CommandError, match="3 of 4 could not be done"):
        call_command("clients", "home", "add", *texts, stdout=out)
    page, zeroes, nonsense, film = out.getvalue().splitlines()
    assert "torrent" in page
    assert "No torrent is stored" in zeroes
    assert "no infohash, no magnet link, and no file" in nonsense
    assert film.endswith(": added")
    run_clients("home", "remove", V1_HASH)


def test_a_torrent_that_the_client_lacks_is_an_error_message() -> None:
    with pytest.raises(CommandError, match="home: qBittorrent at .* has no torrent with the infohash 0000"):
        run_clients("home", "files", "0" * 40)
    with pytest.raises(CommandError, match="There is no client called work"):
        run_clients("work", "list")
    with pytest.raises(CommandError, match="An infohash is"):
        run_clients("home", "files", "nonsense")
