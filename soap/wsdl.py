"""The WSDL of each dialect, written from a template: the description that a client's SOAP library reads.

It is rpc/literal: WS-I's Basic Profile forbids rpc/encoded, as Torrage's own WSDL was, and JAX-WS generates no code
from that. What clients send that were made for an encoded WSDL is still understood. spyne writes only
document/literal, which neither PHP's nor Perl's documented lines can use.
"""

from html import escape
from pathlib import Path
from typing import NamedTuple

_TEMPLATE = Path(__file__).with_name("torrentcache.wsdl").read_text()


class SoapDialect(NamedTuple):
    """The names that clients generate code from, and the path that takes the calls."""

    operation: str
    name: str
    target: str
    calls: str
    path: str
    documentation: str


THETORRENT = SoapDialect(
    operation="storeTorrent",
    name="TorrentCache",
    target="urn:torrentcache",
    calls="urn:torrentcache",
    path="/soap",
    documentation="Takes a .torrent in base64. Returns its infohash, or a text that begins with error.",
)
# Torrage 0.4, api/torrage.wsdl
TORRAGE = SoapDialect(
    operation="cacheTorrent",
    name="Cache",
    target="urn:Torrage",
    calls="urn:xmethods-delayed-quotes",
    path="/api/index.php",
    documentation="Takes a .torrent in base64. Returns its infohash, or an error number of two digits.",
)


def render_wsdl(dialect: SoapDialect, location: str) -> str:
    """`location`: the URL that takes the calls, as the client knows this server."""
    return _TEMPLATE.format(location=escape(location), **dialect._asdict())
