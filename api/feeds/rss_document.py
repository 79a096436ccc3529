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


class Urls(NamedTuple):
    """Where a torrent is to be had and looked at."""

    torrent: str
    view: str


def urls(request: HttpRequest, hit: Entry) -> Urls:
    base = request.build_absolute_uri("/")
    return Urls(f"{base}torrent/{hit.infohash}.torrent", f"{base}view/{hit.infohash}")


def text(words: str) -> str:
    """On one line, with marks for what XML or the eye could not bear."""
    return " ".join(_UNFIT.sub("\ufffd", words).split())


def channel(
    request: HttpRequest, title: str, namespaces: Mapping[str, str]
) -> tuple[etree._Element, etree._Element]:
    """The document, and its channel, to which items are added."""
    rss = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": ATOM, **namespaces})
    made = etree.SubElement(rss, "channel")
    add(made, "title", title)
    add(made, "link", request.build_absolute_uri("/"))
    add(made, "description", "Torrents of this archive, the newest first.")
    itself = {"href": request.build_absolute_uri(), "rel": "self", "type": "application/rss+xml"}
    etree.SubElement(made, f"{{{ATOM}}}link", itself)
    return rss, made


def item(channel: etree._Element, hit: Entry, urls: Urls, link: str) -> etree._Element:
    """Without the enclosure, about whose length the dialects disagree."""
    made = etree.SubElement(channel, "item")
    add(made, "title", text(hit.name) or hit.infohash)
    etree.SubElement(made, "guid", {"isPermaLink": "true"}).text = urls.view
    add(made, "link", link)
    add(made, "pubDate", format_datetime(hit.stored_at, usegmt=True))
    return made


def enclosure(item: etree._Element, url: str, length: int) -> None:
    told = {"url": url, "length": str(length), "type": "application/x-bittorrent"}
    etree.SubElement(item, "enclosure", told)


def add(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text


def written(document: etree._Element) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="utf-8")
