"""Resolves the host names of trackers to addresses that may be contacted."""

import asyncio
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from swarm.address_filter import is_public
from swarm.peers.tracker_report import TrackerError


class PublicResolver(AbstractResolver):
    """aiohttp connects to what `resolve` returns, so no name leads to an address that was not checked."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The allowed addresses of a host name or an address; AF_UNSPEC: of both families.

        Raises TrackerError if none is allowed, OSError if the name cannot be resolved.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        allowed = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=address_family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address_family, _, _, _, address in found
            if self.is_allowed(str(address[0]))
        ]
        if not allowed:
            raise TrackerError("its address is private or reserved")
        return allowed

    def is_allowed(self, address: str) -> bool:
        return self._allow_private or is_public(address)

    async def close(self) -> None:
        """aiohttp's interface; there is nothing to close."""
