"""What programs look for at fixed addresses."""

from datetime import UTC, datetime
from urllib.robotparser import RobotFileParser

import pytest
from django.test import Client
from pytest_django import Settings


def test_robots_txt_allows_pages_about_the_archive_and_none_of_its_contents(
    client: Client,
) -> None:
    robots = RobotFileParser()
    robots.parse(client.get("/robots.txt").content.decode().splitlines())
    for path in ("/", "/api", "/takedowns"):
        assert robots.can_fetch("Googlebot", path)
    for path in ("/search?q=x", "/view/ABC", "/torrent/ABC.torrent", "/rss", "/torznab/api", "/sync/all.txt"):
        assert not robots.can_fetch("Googlebot", path)


def test_security_txt_names_the_contact(client: Client, settings: Settings) -> None:
    settings.SECURITY_CONTACT = "mailto:security@archive.example"
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"  # RFC 9116, section 3
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert fields["Contact"] == "mailto:security@archive.example"
    assert fields["Canonical"] == "http://testserver/.well-known/security.txt"
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert 0 < left.days < 366


@pytest.mark.django_db
def test_without_a_contact_security_txt_is_404(client: Client) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404


def test_robots_txt_disallows_the_pages_of_torrents(client: Client) -> None:
    assert b"Disallow: /view/" in client.get("/robots.txt").content
