"""API keys, and the dialects that ask for one: how each refuses, and how its clients send a key."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from archive.access import api_keys
from archive.errors import NoKey, SuspendedKey, Unavailable, UnknownKey
from archive.models import IssuedKey
from archive.torrents.count import count_torrents
from clients import parse_client_addresses
from tests import make
from tests.missing_table import missing_table
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from tests.soap.test_soap import TORRENT, call_operation

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

HOME = parse_client_addresses("home=qbittorrent://user:secret@localhost:8080")
ISSUED = re.compile(r"hk_[0-9a-f]{8}_[A-Za-z0-9]{32}")


@pytest.fixture
def keys_only(settings: Settings) -> str:
    """An archive where storing needs a key; returns the text of one."""
    settings.UPLOADS = "keys"
    return api_keys.issue_key("Anna")[1]


def test_an_issued_key_is_authorized_and_says_whose_it_is() -> None:
    key, text = api_keys.issue_key("Anna", client="home")
    assert ISSUED.fullmatch(text)
    assert api_keys.authorize_key(text) == key
    assert (key.name, key.client, key.state) == ("Anna", "home", "active")
    assert text.startswith(f"{key.prefix}_")


def test_no_part_of_the_secret_is_stored() -> None:
    _, text = api_keys.issue_key("Anna")
    [row] = IssuedKey.objects.values()
    stored = " ".join(str(bytes(value) if isinstance(value, memoryview) else value) for value in row.values())
    assert text[12:] not in stored
    assert text[12:24] not in stored and text[-12:] not in stored


@pytest.mark.parametrize(
    "wrong", ["nonsense", "hk_", "hk_00000000_" + "a" * 32, "hk_0000\x000000_x", "ключ", "\udc80", "x" * 9999]
)
def test_text_that_is_no_issued_key_is_unknown(wrong: str) -> None:
    api_keys.issue_key("Anna")
    with pytest.raises(UnknownKey):
        api_keys.authorize_key(wrong)


def test_a_key_with_one_wrong_character_is_unknown() -> None:
    _, text = api_keys.issue_key("Anna")
    last = "a" if text[-1] != "a" else "b"
    for wrong in (text[:-1] + last, text[:-1], text + "a", text.upper(), text[:11]):
        with pytest.raises(UnknownKey):
            api_keys.authorize_key(wrong)


def test_a_missing_key_is_distinguished_from_a_wrong_one() -> None:
    with pytest.raises(NoKey):
        api_keys.authorize_key("")


def test_a_suspended_key_is_refused_until_it_is_resumed() -> None:
    key, text = api_keys.issue_key("Anna")
    api_keys.suspend_key(key.prefix)
    with pytest.raises(SuspendedKey):
        api_keys.authorize_key(text)
    api_keys.resume_key(key.prefix)
    assert api_keys.authorize_key(text).state == "active"


def test_a_wrong_guess_at_a_suspended_key_does_not_reveal_that_it_is_suspended() -> None:
    key, text = api_keys.issue_key("Anna")
    api_keys.suspend_key(key.prefix)
    with pytest.raises(UnknownKey):
        api_keys.authorize_key(text[:-3] + "???")


def test_a_revoked_key_cannot_be_used_or_resumed() -> None:
    key, text = api_keys.issue_key("Anna")
    assert api_keys.revoke_key(text).state == "revoked", "the text of the whole key names it too"
    with pytest.raises(UnknownKey):
        api_keys.authorize_key(text)
    with pytest.raises(UnknownKey):
        api_keys.resume_key(key.prefix)
    assert [key.state for key in api_keys.list_keys()] == ["revoked"]


@pytest.mark.django_db(transaction=True)
def test_an_outage_of_the_database_is_not_taken_for_a_wrong_key() -> None:
    _, text = api_keys.issue_key("Anna")
    with missing_table("archive_issuedkey"), pytest.raises(Unavailable):
        api_keys.authorize_key(text)


@pytest.mark.parametrize(
    ("authorization", "others", "found"),
    [
        ("Bearer hk_1_x", [], "hk_1_x"),
        ("bearer  hk_1_x ", ["other"], "hk_1_x"),
        ("", ["", " hk_1_x", "other"], "hk_1_x"),
        ("Basic " + base64.b64encode(b"hk_0a0a0a0a_x:").decode(), [], "hk_0a0a0a0a_x"),
        ("Basic " + base64.b64encode(b"nonsense:").decode(), [], "nonsense"),
        ("Basic " + base64.b64encode(b"anna:hk_0a0a0a0a_x").decode(), [], "hk_0a0a0a0a_x"),
        ("Basic " + base64.b64encode(b"hk_0a0a0a0a_x:x").decode(), [], "hk_0a0a0a0a_x"),
        ("Basic not base64", ["hk_1_x"], "hk_1_x"),
        ("Basic ÿ", [], ""),
        ("Basic " + base64.b64encode(b"\xff\xff").decode(), [], ""),
        ("Digest username=x", ["hk_1_x"], "hk_1_x"),
        ("", [], ""),
    ],
)
def test_a_key_is_found_wherever_clients_can_send_it(
    authorization: str, others: list[str], found: str
) -> None:
    assert api_keys.find_key_text(authorization, *others) == found


def post_torrent(
    client: Client, url: str = "/upload", headers: dict[str, str] | None = None, **fields: str
) -> Any:
    form = {"torrent": SimpleUploadedFile("my.torrent", TORRENT), **fields}
    return client.post(url, form, headers=headers)


def basic_auth(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_torrages_upload_takes_a_key_in_a_header_the_query_or_a_field(client: Client, keys_only: str) -> None:
    for answer in (
        post_torrent(client, headers={"Authorization": f"Bearer {keys_only}"}),
        post_torrent(client, headers={"X-Api-Key": keys_only}),
        post_torrent(client, headers={"Authorization": basic_auth(keys_only, "")}),
        post_torrent(client, f"/upload?apikey={keys_only}"),
        post_torrent(client, apikey=keys_only),
    ):
        assert answer["X-Thetorrent-Hash"] == make.v1_hash(TORRENT)


def test_torrages_upload_refuses_in_its_own_words(client: Client, keys_only: str) -> None:
    for answer, says in (
        (post_torrent(client), "needs a key"),
        (post_torrent(client, apikey="nonsense"), "no such key"),
    ):
        assert answer.status_code == 200
        assert answer["X-Thetorrent-Result"] == "failed"
        assert says in answer["X-Thetorrent-Error"]
        assert answer.content.startswith(b"Error 18: ")
    assert count_torrents() == 0


def test_soap_refuses_in_the_words_of_each_operation(client: Client, keys_only: str) -> None:
    assert call_operation(client, TORRENT) == "error: This needs a key, and none was sent."
    assert call_operation(client, TORRENT, "cacheTorrent") == "18"
    assert count_torrents() == 0


def test_the_upload_page_asks_for_a_key_and_takes_it(client: Client, keys_only: str) -> None:
    assert b'name="apikey"' in client.get("/").content
    assert b"#keys" in client.get("/api").content
    assert post_torrent(client, "/store", apikey=keys_only).status_code == 200
    assert count_torrents() == 1


@pytest.mark.parametrize(("key", "says"), [("", b"Storing needs a key"), ("x", b"not known")])
def test_the_upload_page_refuses_with_a_page(client: Client, keys_only: str, key: str, says: bytes) -> None:
    answer = post_torrent(client, "/store", apikey=key)
    assert (answer.status_code, count_torrents()) == (403, 0)
    assert says in answer.content


def test_where_uploads_are_open_no_key_is_asked_for(client: Client) -> None:
    """A proxy in front may ask for a password of its own, which then is no API key."""
    assert b"apikey" not in client.get("/").content
    answer = post_torrent(client, headers={"Authorization": basic_auth("anna", "secret")})
    assert answer["X-Thetorrent-Result"] == "stored"


def run_keys(*args: str, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("keys", *args)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [([""], "needs a name"), (["  "], "needs a name"), (["Anna", "--client", "away"], "names: home")],
)
def test_no_key_is_issued_without_a_name_or_for_an_unknown_client(
    wrong: list[str], complaint: str, settings: Settings
) -> None:
    settings.CLIENTS = HOME
    with pytest.raises(CommandError, match=complaint):
        call_command("keys", "issue", *wrong)
    assert list(api_keys.list_keys()) == []


def test_the_list_command_ends_quietly_when_its_reader_goes_away(keys_only_server: Hashkeep) -> None:
    keys_only_server.manage("keys", "issue", "Anna")
    command = f"{sys.executable} manage.py keys list | true; echo ended with ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=keys_only_server.env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("ended with 1\n", "")


def test_the_command_issues_lists_suspends_resumes_and_revokes(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.CLIENTS = HOME
    text = run_keys("issue", "Anna's indexer", "--client", "home", capsys=capsys).strip()
    prefix = api_keys.authorize_key(text).prefix
    listed = run_keys("list", capsys=capsys)
    assert prefix in listed and "Anna's indexer" in listed and "client home" in listed and text not in listed
    assert "is suspended" in run_keys("suspend", prefix, capsys=capsys)
    assert "suspended" in run_keys("list", capsys=capsys)
    assert "is active" in run_keys("resume", prefix, capsys=capsys)
    assert "is revoked" in run_keys("revoke", prefix, capsys=capsys)
    with pytest.raises(CommandError, match="no such key"):
        call_command("keys", "resume", prefix)


def test_six_digits_name_a_key_where_no_other_begins_so() -> None:
    first, _ = api_keys.issue_key("first")
    second, _ = api_keys.issue_key("second")
    IssuedKey.objects.filter(pk=first.id).update(prefix="hk_1a2b3c4d")
    IssuedKey.objects.filter(pk=second.id).update(prefix="hk_1a2b3c5e")
    assert api_keys.suspend_key("hk_1a2b3c4").name == "first"
    with pytest.raises(UnknownKey, match="no such key"):
        api_keys.suspend_key("hk_1a2b3c44")
    for wrong in ("hk_1a2b3", "hk_1a2b3cxx", "hk_1a2b3_", "hk_", ""):
        with pytest.raises(UnknownKey, match="named by hk_ and eight hex digits"):
            api_keys.suspend_key(wrong)
    with pytest.raises(UnknownKey, match="Several keys begin with hk_1a2b3c"):
        api_keys.suspend_key("hk_1a2b3c")
    api_keys.revoke_key("hk_1a2b3c5e")
    assert api_keys.resume_key("hk_1a2b3c").name == "first"


@pytest.fixture(scope="module")
def keys_only_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    with hashkeep(tmp_path_factory.mktemp("keys_only_server"), UPLOADS="keys") as running:
        yield running


PHP = """
$soap = new SoapClient('{url}/api/storetorrent.wsdl', ['login' => '{key}', 'password' => '', 'cache_wsdl' => 0]);
echo $soap->storeTorrent(base64_encode(file_get_contents('{file}')));
"""


def test_phps_soapclient_sends_its_key_as_login(keys_only_server: Hashkeep, tmp_path: Path) -> None:
    (tmp_path / "my.torrent").write_bytes(TORRENT)
    key = keys_only_server.manage("keys", "issue", "PHP").stdout.strip()
    for text, answer in ((key, make.v1_hash(TORRENT)), ("nonsense", "error: There is no such key")):
        script = PHP.format(url=keys_only_server.url, key=text, file=tmp_path / "my.torrent")
        done = subprocess.run(["php", "-r", script], capture_output=True, text=True, check=True, timeout=120)
        assert done.stdout.startswith(answer)
