"""Asking trackers who is in a swarm, without staying in it: a scrape, an announce, and at once the end of it.

A tracker is a stranger. Its name may lead to our own network, it may redirect there, hang, lie or send gigabytes.
"""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import SplitResult, quote_from_bytes, urljoin, urlsplit

import aiohttp
import bencodepy
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from swarm.address_filter import is_public
from swarm.peers.udp_tracker import Endpoint, ScrapeCounts, TrackerError, TrackerSilent, UdpTrackerClient

PORT = 1  # what trackers are told: nobody listens there, and so we are known again among the peers
_LONGEST = 1_000_000  # bytes of an answer
_PATIENCE = 10.0  # seconds for its name, and again for all that it is asked over one of IPv4 and IPv6
_REDIRECTS = 3
_MOST = 1_000  # peers of an answer: 200 are asked for, and whoever tells of many more makes them up
_LARGEST = 2**31  # seeders, or leechers, or downloads, that anybody could mean
_REMEMBERED = 10_000  # trackers that fail
_GIVEN_UP, _LEFT_ALONE = 3, 600.0  # failures in a row, and seconds: most trackers that torrents name are dead
_STARTED, _STOPPED = 2, 3  # BEP 15

T = TypeVar("T")


@dataclass(slots=True)
class TrackerReport:
    """What one tracker says of one torrent. `peers`: addresses, without ports and without our own entry."""

    peers: set[str] = field(default_factory=set)
    swarm: ScrapeCounts | None = None


class TrackerSuspended(TrackerError):
    """It is not asked for a while."""


class TrackerClient:
    """To be made inside a running event loop; many may be asked at once."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private
        self._udp = UdpTrackerClient(PORT)
        self._http = {family: self._session(family) for family in (socket.AF_INET, socket.AF_INET6)}
        self._failing: dict[str, tuple[int, float]] = {}  # by URL: how often in a row, and when last
        self._peer_id = b"-HK0001-" + secrets.token_bytes(12)

    async def ask(self, url: str, target: bytes) -> TrackerReport:
        """`target`: 20 bytes, a v1 infohash or the beginning of a v2. Raises TrackerError, within twenty seconds."""
        failures, since = self._failing.get(url, (0, 0.0))
        if failures >= _GIVEN_UP and time.monotonic() - since < _LEFT_ALONE:
            raise TrackerSuspended("it has failed too often of late")
        self._failing.pop(url, None)
        try:
            return await self._ask(url, target)
        except TrackerError:
            self._failing[url] = failures + 1, time.monotonic()
            if len(self._failing) > _REMEMBERED:
                del self._failing[next(iter(self._failing))]
            raise

    async def close(self) -> None:
        self._udp.close()
        for session in self._http.values():
            await session.close()

    def _session(self, family: socket.AddressFamily) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_Resolver(self._addresses), family=family, limit=200, force_close=True
            ),
            headers={"User-Agent": "Hashkeep"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _ask(self, url: str, target: bytes) -> TrackerReport:
        """Over IPv4 and over IPv6, where its name has both: each knows peers that the other does not."""
        parts, one_each = await _bounded(self._found(url))
        ask = self._ask_udp if parts.scheme == "udp" else self._ask_http
        asked = (_bounded(ask(parts, family, at, target)) for family, at in one_each.items())
        answers = await asyncio.gather(*asked, return_exceptions=True)
        reports = [answer for answer in answers if isinstance(answer, TrackerReport)]
        for answer in answers:
            if isinstance(answer, BaseException) and not (reports and isinstance(answer, TrackerError)):
                raise answer
        return _joined(reports)

    async def _found(self, url: str) -> tuple[SplitResult, dict[socket.AddressFamily, Endpoint]]:
        parts = urlsplit(url)
        if parts.scheme not in ("udp", "http", "https"):
            raise TrackerError("it speaks neither UDP nor HTTP")
        addresses = await self._addresses(parts.hostname or "", parts.port or 80)
        return parts, {
            socket.AddressFamily(address["family"]): (address["host"], address["port"])
            for address in reversed(addresses)
        }

    # UDP

    async def _ask_udp(
        self, parts: SplitResult, family: socket.AddressFamily, at: Endpoint, target: bytes
    ) -> TrackerReport:
        report = TrackerReport()
        try:
            [report.swarm] = await self._udp.scrape(family, at, [target])
        except TrackerSilent:
            raise
        except TrackerError:
            pass  # not every tracker takes scrapes
        compact = await self._udp.announce(family, at, target, _STARTED)
        report.peers = set(_unpack(compact, 4 if family == socket.AF_INET else 16))
        with suppress(TrackerError):
            await self._udp.announce(family, at, target, _STOPPED)
        return report

    # HTTP

    async def _ask_http(
        self, parts: SplitResult, family: socket.AddressFamily, at: Endpoint, target: bytes
    ) -> TrackerReport:
        report, get = TrackerReport(), partial(self._get, family)
        base, hash_ = parts.geturl(), quote_from_bytes(target, safe="")
        if scrape := _scrape_url(parts):
            with suppress(TrackerError, OSError, ValueError, aiohttp.ClientError):
                report.swarm = _scraped(await get(_with(scrape, f"info_hash={hash_}")), target)
        me = f"info_hash={hash_}&peer_id={quote_from_bytes(self._peer_id, safe='')}&port={PORT}&uploaded=0"
        me += "&downloaded=0&left=1&compact=1&numwant=200&event="
        answer = await get(_with(base, f"{me}started"))
        if b"failure reason" in answer:
            raise TrackerError(f"it refuses: {bytes(answer[b'failure reason'])[:100]!r}")
        report.peers = set(_listed(answer))
        with suppress(TrackerError, OSError, ValueError, aiohttp.ClientError):
            await get(_with(base, f"{me}stopped"))
        return report

    async def _get(self, family: socket.AddressFamily, url: str) -> dict[bytes, Any]:
        for _ in range(1 + _REDIRECTS):
            self._check(url)
            async with self._http[family].get(URL(url, encoded=True), allow_redirects=False) as answer:
                if answer.status in (301, 302, 303, 307, 308):
                    url = urljoin(url, answer.headers.get("Location", ""))
                    continue
                return _decoded(await _body(answer))
        raise TrackerError("it redirects too often")

    def _check(self, url: str) -> None:
        """Names are looked at when they are resolved; addresses never are."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise TrackerError("it redirects to something that is not HTTP")
        with suppress(ValueError):
            ip_address(parts.hostname or "")
            if not self._may_contact(parts.hostname or ""):
                raise TrackerError("its address is private or reserved")

    # Both

    async def _addresses(self, host: str, port: int, family: int = 0) -> list[ResolveResult]:
        """Of a name or an address, those that may be contacted."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        allowed = [
            ResolveResult(
                hostname=host, host=str(at[0]), port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
            for kind, _, _, _, at in found
            if self._may_contact(str(at[0]))
        ]
        if not allowed:
            raise TrackerError("its address is private or reserved")
        return allowed

    def _may_contact(self, address: str) -> bool:
        return self._allow_private or is_public(address)


class _Resolver(AbstractResolver):
    """So that the address which was looked at is the one that is contacted."""

    def __init__(self, addresses: Any) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found: list[ResolveResult] = await self._addresses(host, port, family)
        return found

    async def close(self) -> None:
        """There is nothing to close."""


async def _bounded(asked: Awaitable[T]) -> T:
    """In time, or with the one kind of error there is."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asked
    except TimeoutError:
        raise TrackerError("it takes too long") from None
    except (OSError, ValueError, aiohttp.ClientError) as error:
        raise TrackerError(f"{type(error).__name__}") from None


def _joined(reports: Sequence[TrackerReport]) -> TrackerReport:
    swarms = [report.swarm for report in reports if report.swarm and _may_be(report.swarm)]
    peers = {peer for report in reports for peer in islice(report.peers, _MOST)}
    return TrackerReport(peers, max(swarms, key=sum, default=None))


def _may_be(swarm: ScrapeCounts) -> bool:
    return all(0 <= number < _LARGEST for number in swarm)


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > _LONGEST:
            raise TrackerError("its answer is too long")
    return bytes(body)


def _decoded(body: bytes) -> dict[bytes, Any]:
    try:
        answer = bencodepy.decode(body)
    except (bencodepy.BencodeDecodeError, RecursionError, ValueError) as error:
        raise TrackerError("its answer is not bencoded") from error
    if not isinstance(answer, dict):
        raise TrackerError("its answer is no dictionary")
    return answer


def _listed(answer: dict[bytes, Any]) -> Iterator[str]:
    """BEP 23's compact peers, BEP 7's for IPv6, or BEP 3's list of dictionaries."""
    for name, width in ((b"peers", 4), (b"peers6", 16)):
        match answer.get(name):
            case bytes() as compact:
                yield from _unpack(compact, width)
            case list() as peers:
                yield from _from_dictionaries(peers)


def _from_dictionaries(peers: Iterable[Any]) -> Iterator[str]:
    for peer in peers:
        if isinstance(peer, dict) and peer.get(b"port") != PORT:
            with suppress(ValueError, TypeError, UnicodeDecodeError):
                yield str(ip_address(peer[b"ip"].decode()) if b"ip" in peer else "")


def _unpack(compact: bytes, width: int) -> Iterator[str]:
    family = socket.AF_INET if width == 4 else socket.AF_INET6
    for start in range(0, len(compact) - width - 1, width + 2):
        [port] = struct.unpack_from("!H", compact, start + width)
        if port != PORT:
            yield socket.inet_ntop(family, compact[start : start + width])


def _scrape_url(parts: SplitResult) -> str | None:
    """BEP 48: `announce` in the last part of the path becomes `scrape`; where it is not, there is no scrape."""
    head, slash, last = parts.path.rpartition("/")
    if not last.startswith("announce"):
        return None
    return parts._replace(path=f"{head}{slash}{last.replace('announce', 'scrape', 1)}").geturl()


def _scraped(answer: dict[bytes, Any], target: bytes) -> ScrapeCounts | None:
    files = answer.get(b"files")
    one = files.get(target) if isinstance(files, dict) else None
    if not isinstance(one, dict):
        return None
    numbers = [one.get(name, 0) for name in (b"complete", b"downloaded", b"incomplete")]
    return ScrapeCounts(*numbers) if all(isinstance(number, int) for number in numbers) else None


def _with(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"
