"""Build an RSS 2.0 document: channel, items and enclosures, for the plain feed and Torznab alike."""

import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import NamedTuple

from django.http import HttpRequest
from lxml import etree

from archive.torrents.index_entries import TorrentEntry

ATOM = "http://www.w3.org/2005/Atom"

# Characters that XML 1.0 forbids, and those that change the direction of writing.
_FORBIDDEN = re.compile(
    r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


class TorrentUrls(NamedTuple):
    """`torrent`: its bytes. `view`: its page."""

    torrent: str
    view: str


def torrent_urls(request: HttpRequest, entry: TorrentEntry) -> TorrentUrls:
    base = request.build_absolute_uri("/")
    return TorrentUrls(f"{base}torrent/{entry.infohash}.torrent", f"{base}view/{entry.infohash}")


def clean_text(text: str) -> str:
    """The text on one line, with U+FFFD for each character that XML or a reader's screen cannot bear."""
    return " ".join(_FORBIDDEN.sub("\ufffd", text).split())


def start_channel(
    request: HttpRequest, title: str, namespaces: Mapping[str, str]
) -> tuple[etree._Element, etree._Element]:
    """The document, and its channel, to which items are added. `namespaces`: URLs by their prefixes."""
    document = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": ATOM, **namespaces})
    channel = etree.SubElement(document, "channel")
    add_text_element(channel, "title", title)
    add_text_element(channel, "link", request.build_absolute_uri("/"))
    add_text_element(channel, "description", "Torrents of this archive, the newest first.")
    self_link = {"href": request.build_absolute_uri(), "rel": "self", "type": "application/rss+xml"}
    etree.SubElement(channel, f"{{{ATOM}}}link", self_link)
    return document, channel


def add_item(channel: etree._Element, entry: TorrentEntry, urls: TorrentUrls, link: str) -> etree._Element:
    """The new item, without its enclosure: the dialects disagree about the enclosure's length."""
    item = etree.SubElement(channel, "item")
    add_text_element(item, "title", clean_text(entry.name) or entry.infohash)
    etree.SubElement(item, "guid", {"isPermaLink": "true"}).text = urls.view
    add_text_element(item, "link", link)
    add_text_element(item, "pubDate", format_datetime(entry.stored_at, usegmt=True))
    return item


def add_enclosure(item: etree._Element, url: str, length: int) -> None:
    attributes = {"url": url, "length": str(length), "type": "application/x-bittorrent"}
    etree.SubElement(item, "enclosure", attributes)


def add_text_element(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text


def serialize(document: etree._Element) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="utf-8")
