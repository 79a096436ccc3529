"""Pages, read as a program reads them."""

from typing import Any

from django.test import Client
from lxml import html

from archive.torrents.deposit import deposit


def get_page(client: Client, url: str, **how: Any) -> Any:
    """The answer, with `page` for its HTML tree."""
    answer: Any = client.get(url, **how)
    if answer.headers.get("Content-Type", "").startswith("text/html") and answer.content:
        answer.page = parse_page(answer)
    return answer


def parse_page(answer: Any) -> Any:
    return html.fromstring(answer.content.decode())


def view_torrent(client: Client, torrent: bytes) -> Any:
    return get_page(client, f"/view/{deposit(torrent).infohash}")


def page_text(answer: Any) -> str:
    """What is to be read on the page, and no markup."""
    return " ".join(answer.page.find("body").text_content().split())


def page_weight(client: Client, answer: Any) -> int:
    """Bytes of a page with everything that it loads."""
    assets = answer.page.xpath("//link[@rel='icon' or @rel='stylesheet']/@href | //script/@src | //img/@src")
    return len(answer.content) + sum(len(b"".join(client.get(url))) for url in set(assets))
