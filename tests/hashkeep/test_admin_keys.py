"""The admin's pages of API keys: a key is issued, shown once, suspended and revoked."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import Settings

from archive.access import api_keys
from clients import parse_client_addresses
from tests.html_pages import get_html

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


KEYS = "/admin/archive/issuedkey/"


def test_a_key_is_issued_and_shown_once(admin_client: Client) -> None:
    answer = admin_client.post(f"{KEYS}add/", {"name": "Anna", "client": ""}, follow=True)
    [text] = re.findall(r"hk_[0-9a-f]{8}_\w{32}", answer.content.decode())
    assert api_keys.authorize_key(text).name == "Anna"
    again = get_html(admin_client, KEYS)
    assert text[:11] in again and text not in again
    assert text not in str(list(LogEntry.objects.values()))


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"name": " ", "client": ""}, "This field is required"),
        ({"name": "Anna", "client": "away"}, "Select a valid choice"),
    ],
)
def test_a_key_without_a_name_or_for_an_unknown_client_is_not_issued(
    admin_client: Client, form: dict[str, str], complaint: str
) -> None:
    assert complaint in admin_client.post(f"{KEYS}add/", form).content.decode()
    assert list(api_keys.list_keys()) == []


def test_the_form_for_keys_offers_the_configured_clients(admin_client: Client, settings: Settings) -> None:
    settings.CLIENTS = parse_client_addresses("home=qbittorrent://user:secret@localhost:8080")
    shown = get_html(admin_client, f"{KEYS}add/")
    assert '<option value="home">' in shown and "<textarea" not in shown and "Issue a key" in shown


def test_a_key_is_renamed_suspended_resumed_and_revoked_but_not_deleted(
    admin_client: Client, settings: Settings
) -> None:
    settings.CLIENTS = parse_client_addresses("home=qbittorrent://user:secret@localhost:8080")
    key, text = api_keys.issue_key("Anna")
    admin_client.post(f"{KEYS}{key.id}/change/", {"name": "Berta", "client": "home"})
    assert [(one.name, one.client) for one in api_keys.list_keys()] == [("Berta", "home")]
    assert api_keys.authorize_key(text).prefix == key.prefix
    for action, state in (("suspend", "suspended"), ("resume", "active"), ("revoke", "revoked")):
        done = admin_client.post(KEYS, {"action": action, "_selected_action": [key.id]}, follow=True)
        assert f"is {state}." in done.content.decode()
        assert [one.state for one in api_keys.list_keys()] == [state]
    refused = admin_client.post(KEYS, {"action": "resume", "_selected_action": [key.id]}, follow=True)
    assert "has been revoked" in refused.content.decode()
    assert admin_client.post(f"{KEYS}{key.id}/delete/", {"post": "yes"}).status_code == 403
