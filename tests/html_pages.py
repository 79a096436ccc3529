"""Reads pages as a program does: their HTML tree, their text, their weight."""

from typing import Any

from django.test import Client
from lxml import html

from archive.torrents.deposit import deposit


def get_page(client: Client, url: str, **arguments: Any) -> Any:
    """The response to a GET; if it is HTML, its attribute `page` is the HTML tree."""
    response: Any = client.get(url, **arguments)
    if response.headers.get("Content-Type", "").startswith("text/html") and response.content:
        response.page = parse_page(response)
    return response


def get_html(client: Client, url: str, **query: str) -> str:
    """The text of a page that is answered with 200."""
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def parse_page(response: Any) -> Any:
    return html.fromstring(response.content.decode())


def view_torrent(client: Client, torrent: bytes) -> Any:
    """Deposits the torrent and gets its page."""
    return get_page(client, f"/view/{deposit(torrent).infohash}")


def page_text(response: Any) -> str:
    """The text of the page, without markup, with single spaces."""
    return " ".join(response.page.find("body").text_content().split())


def page_weight(client: Client, response: Any) -> int:
    """Bytes of a page with everything that it loads."""
    assets = response.page.xpath(
        "//link[@rel='icon' or @rel='stylesheet']/@href | //script/@src | //img/@src"
    )
    return len(response.content) + sum(len(b"".join(client.get(url))) for url in set(assets))
