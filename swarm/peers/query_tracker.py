"""Asks a tracker, by its URL, for the peers of a torrent: over UDP or HTTP, IPv4 and IPv6, without staying a peer.

No tracker is trusted. Its name may lead into our own network, it may redirect there, hang, lie, or send gigabytes; so
addresses, times, sizes and numbers are bounded, and a tracker that fails three times in a row is left alone for ten
minutes.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Sequence
from itertools import islice
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

import aiohttp

from swarm.peers.http_tracker import HttpTrackerClient
from swarm.peers.public_resolver import PublicResolver
from swarm.peers.tracker_report import ScrapeCounts, TrackerError, TrackerReport
from swarm.peers.udp_tracker import Endpoint, UdpTrackerClient

_TIMEOUT = 10.0  # seconds to resolve the name, and again for all requests over one address family
_MAX_PEERS = 1_000  # of one answer: 200 are asked for, and a tracker that names many more invents them
_MAX_COUNT = 2**31  # seeders, leechers or downloads: a larger number is nonsense
_MAX_REMEMBERED_FAILURES = 10_000  # URLs
# Most trackers that torrents name are dead.
_MAX_FAILURES = 3  # in a row
_SUSPENSION_SECONDS = 600.0

T = TypeVar("T")


class TrackerSuspended(TrackerError):
    """The tracker has failed too often, and is not asked for a while."""


class TrackerClient:
    """Create it inside a running event loop. Many trackers may be asked at once."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._resolver = PublicResolver(allow_private=allow_private)
        self._udp = UdpTrackerClient()
        self._http = HttpTrackerClient(self._resolver)
        self._failures: dict[
            str, tuple[int, float]
        ] = {}  # by URL: how many in a row, and the time of the last

    async def query(self, url: str, target: bytes) -> TrackerReport:
        """What the tracker knows of one torrent. Raises TrackerError; returns or raises within 20 s.

        `target`: 20 bytes, a v1 infohash or a truncated v2 infohash.
        """
        failures, failed_at = self._failures.get(url, (0, 0.0))
        if failures >= _MAX_FAILURES and time.monotonic() - failed_at < _SUSPENSION_SECONDS:
            raise TrackerSuspended("it has failed too often of late")
        self._failures.pop(url, None)
        try:
            return await self._query_over_both_families(url, target)
        except TrackerError:
            self._failures[url] = failures + 1, time.monotonic()
            if len(self._failures) > _MAX_REMEMBERED_FAILURES:
                del self._failures[next(iter(self._failures))]
            raise

    async def close(self) -> None:
        self._udp.close()
        await self._http.close()

    async def _query_over_both_families(self, url: str, target: bytes) -> TrackerReport:
        """Over IPv4 and IPv6, where the name has both: over each, the tracker names peers that it does not over the
        other. One of the two may fail.
        """
        parts, endpoints = await _with_deadline(self._resolve_url(url))
        answers = await asyncio.gather(
            *(
                _with_deadline(self._query_over(family, endpoint, parts, target))
                for family, endpoint in endpoints.items()
            ),
            return_exceptions=True,
        )
        reports = [answer for answer in answers if isinstance(answer, TrackerReport)]
        for answer in answers:
            if isinstance(answer, BaseException) and not (reports and isinstance(answer, TrackerError)):
                raise answer
        return _merge_reports(reports)

    async def _query_over(
        self, family: socket.AddressFamily, endpoint: Endpoint, url: SplitResult, target: bytes
    ) -> TrackerReport:
        if url.scheme == "udp":
            return await self._udp.query(family, endpoint, target)
        return await self._http.query(family, url, target)

    async def _resolve_url(self, url: str) -> tuple[SplitResult, dict[socket.AddressFamily, Endpoint]]:
        """The parts of the URL, and one address of each family."""
        parts = urlsplit(url)
        if parts.scheme not in ("udp", "http", "https"):
            raise TrackerError("it speaks neither UDP nor HTTP")
        addresses = await self._resolver.resolve(parts.hostname or "", parts.port or 80, socket.AF_UNSPEC)
        return parts, {
            socket.AddressFamily(address["family"]): (address["host"], address["port"])
            for address in reversed(addresses)  # the first of each family wins
        }


async def _with_deadline(query: Awaitable[T]) -> T:
    """The result; raises TrackerError for whatever fails, and after ten seconds."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            return await query
    except TimeoutError:
        raise TrackerError("it takes too long") from None
    except (OSError, ValueError, aiohttp.ClientError) as error:
        raise TrackerError(f"{type(error).__name__}") from None


def _merge_reports(reports: Sequence[TrackerReport]) -> TrackerReport:
    """The peers of all reports, and the largest scrape that is credible."""
    scrapes = [report.scrape for report in reports if report.scrape and _is_credible(report.scrape)]
    addresses = {address for report in reports for address in islice(report.addresses, _MAX_PEERS)}
    return TrackerReport(addresses, max(scrapes, key=sum, default=None))


def _is_credible(scrape: ScrapeCounts) -> bool:
    return all(0 <= number < _MAX_COUNT for number in scrape)
