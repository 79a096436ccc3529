"""Queries trackers over HTTP: scrape (BEP 48), announce `started`, announce `stopped` (BEP 3, BEP 23, BEP 7)."""

import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, quote_from_bytes, urljoin, urlsplit

import aiohttp
import bencodepy
from yarl import URL

from swarm.peers.public_resolver import PublicResolver
from swarm.peers.tracker_report import (
    ANNOUNCED_PORT,
    ScrapeCounts,
    TrackerError,
    TrackerReport,
    unpack_compact_peers,
)

HTTP_TRACKER_ERRORS = (TrackerError, OSError, ValueError, aiohttp.ClientError)
"""What `HttpTrackerClient.query` may raise."""

_MAX_BODY = 1_000_000  # bytes
_MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_CONNECTIONS = 200  # at once, of each address family


class HttpTrackerClient:
    """Create it inside a running event loop."""

    def __init__(self, resolver: PublicResolver) -> None:
        self._resolver = resolver
        self._sessions = {
            family: self._create_session(family) for family in (socket.AF_INET, socket.AF_INET6)
        }
        self._peer_id = b"-HK0001-" + secrets.token_bytes(12)

    async def query(self, family: socket.AddressFamily, url: SplitResult, target: bytes) -> TrackerReport:
        """Scrape and announce; the announce is withdrawn at once.

        `url`: of the announce; `target`: 20 bytes. Raises HTTP_TRACKER_ERRORS.
        """
        report = TrackerReport()
        info_hash = f"info_hash={quote_from_bytes(target, safe='')}"
        if scrape_url := _scrape_url(url):
            with suppress(*HTTP_TRACKER_ERRORS):
                report.scrape = _scrape_counts(
                    await self._get_dictionary(family, _add_query(scrape_url, info_hash)), target
                )
        announce = _add_query(url.geturl(), f"{info_hash}&{self._announce_parameters()}&event=")
        answer = await self._get_dictionary(family, f"{announce}started")
        if b"failure reason" in answer:
            raise TrackerError(f"it refuses: {bytes(answer[b'failure reason'])[:100]!r}")
        report.addresses = set(_peer_addresses(answer))
        with suppress(*HTTP_TRACKER_ERRORS):
            await self._get_dictionary(family, f"{announce}stopped")
        return report

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    def _create_session(self, family: socket.AddressFamily) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._resolver, family=family, limit=_CONNECTIONS, force_close=True
            ),
            headers={"User-Agent": "Hashkeep"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _announce_parameters(self) -> str:
        peer_id = quote_from_bytes(self._peer_id, safe="")
        progress = "uploaded=0&downloaded=0&left=1"
        return f"peer_id={peer_id}&port={ANNOUNCED_PORT}&{progress}&compact=1&numwant=200"

    async def _get_dictionary(self, family: socket.AddressFamily, url: str) -> dict[bytes, Any]:
        """The decoded answer, after at most three redirects."""
        for _ in range(1 + _MAX_REDIRECTS):
            self._check_url(url)
            session = self._sessions[family]
            async with session.get(URL(url, encoded=True), allow_redirects=False) as response:
                if response.status in _REDIRECTS:
                    url = urljoin(url, response.headers.get("Location", ""))
                    continue
                return _decode_answer(await _read_body(response))
        raise TrackerError("it redirects too often")

    def _check_url(self, url: str) -> None:
        """A host name is checked when it is resolved; an address never is resolved, so it is checked here."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise TrackerError("it redirects to something that is not HTTP")
        with suppress(ValueError):
            ip_address(parts.hostname or "")
            if not self._resolver.is_allowed(parts.hostname or ""):
                raise TrackerError("its address is private or reserved")


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > _MAX_BODY:
            raise TrackerError("its answer is too long")
    return bytes(body)


def _decode_answer(body: bytes) -> dict[bytes, Any]:
    try:
        answer = bencodepy.decode(body)
    except (bencodepy.BencodeDecodeError, RecursionError, ValueError) as error:
        raise TrackerError("its answer is not bencoded") from error
    if not isinstance(answer, dict):
        raise TrackerError("its answer is no dictionary")
    return answer


def _peer_addresses(answer: dict[bytes, Any]) -> Iterator[str]:
    """From BEP 23's compact peers, BEP 7's for IPv6, or BEP 3's list of dictionaries."""
    for key, family in ((b"peers", socket.AF_INET), (b"peers6", socket.AF_INET6)):
        match answer.get(key):
            case bytes() as compact:
                yield from unpack_compact_peers(compact, family)
            case list() as peers:
                yield from _addresses_of_dictionaries(peers)


def _addresses_of_dictionaries(peers: Iterable[Any]) -> Iterator[str]:
    for peer in peers:
        if isinstance(peer, dict) and peer.get(b"port") != ANNOUNCED_PORT:
            with suppress(ValueError, TypeError, UnicodeDecodeError):
                yield str(ip_address(peer[b"ip"].decode()) if b"ip" in peer else "")


def _scrape_url(announce: SplitResult) -> str | None:
    """BEP 48: `announce` at the beginning of the path's last part becomes `scrape`; else there is no scrape."""
    folder, slash, last = announce.path.rpartition("/")
    if not last.startswith("announce"):
        return None
    return announce._replace(path=f"{folder}{slash}{last.replace('announce', 'scrape', 1)}").geturl()


def _scrape_counts(answer: dict[bytes, Any], target: bytes) -> ScrapeCounts | None:
    files = answer.get(b"files")
    file = files.get(target) if isinstance(files, dict) else None
    if not isinstance(file, dict):
        return None
    numbers = [file.get(key, 0) for key in (b"complete", b"downloaded", b"incomplete")]
    return ScrapeCounts(*numbers) if all(isinstance(number, int) for number in numbers) else None


def _add_query(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"
