"""RSS 2.0: what the plain feed and Torznab have in common. Names of strangers become text that XML can hold."""

import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import NamedTuple

from django.http import HttpRequest
from lxml import etree

from archive.torrents.catalogue import Entry

ATOM = "http://www.w3.org/2005/Atom"

# What XML 1.0 forbids, and the signs that turn the direction of writing.
_UNFIT = re.compile(
    r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


class TorrentUrls(NamedTuple):
    """Where a torrent is to be had and looked at."""

    torrent: str
    view: str


def torrent_urls(request: HttpRequest, hit: Entry) -> TorrentUrls:
    base = request.build_absolute_uri("/")
    return TorrentUrls(f"{base}torrent/{hit.infohash}.torrent", f"{base}view/{hit.infohash}")


def clean_text(words: str) -> str:
    """On one line, with marks for what XML or the eye could not bear."""
    return " ".join(_UNFIT.sub("\ufffd", words).split())


def start_channel(
    request: HttpRequest, title: str, namespaces: Mapping[str, str]
) -> tuple[etree._Element, etree._Element]:
    """The document, and its channel, to which items are added."""
    rss = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": ATOM, **namespaces})
    made = etree.SubElement(rss, "channel")
    add_text_element(made, "title", title)
    add_text_element(made, "link", request.build_absolute_uri("/"))
    add_text_element(made, "description", "Torrents of this archive, the newest first.")
    itself = {"href": request.build_absolute_uri(), "rel": "self", "type": "application/rss+xml"}
    etree.SubElement(made, f"{{{ATOM}}}link", itself)
    return rss, made


def add_item(channel: etree._Element, hit: Entry, urls: TorrentUrls, link: str) -> etree._Element:
    """Without the enclosure, about whose length the dialects disagree."""
    made = etree.SubElement(channel, "item")
    add_text_element(made, "title", clean_text(hit.name) or hit.infohash)
    etree.SubElement(made, "guid", {"isPermaLink": "true"}).text = urls.view
    add_text_element(made, "link", link)
    add_text_element(made, "pubDate", format_datetime(hit.stored_at, usegmt=True))
    return made


def add_enclosure(item: etree._Element, url: str, length: int) -> None:
    told = {"url": url, "length": str(length), "type": "application/x-bittorrent"}
    etree.SubElement(item, "enclosure", told)


def add_text_element(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text


def serialize(document: etree._Element) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="utf-8")
