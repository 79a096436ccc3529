"""Read a client's answers whole, up to a limit of bytes and time, and follow no redirect."""

import time
from collections.abc import Callable
from typing import Any

import requests

from clients.address import ClientAddress
from clients.errors import Garbled

_MAX_BYTES = 50_000_000  # of one answer: qBittorrent's list of some 30,000 torrents
_CHUNK_BYTES = 65_536


def limit_response(address: ClientAddress, timeout: float) -> Callable[..., None]:
    """A response hook for requests that reads the whole body.

    It raises Garbled for a redirect, and for a body of more than 50 MB or that takes more than `timeout` seconds.
    """

    def read(response: requests.Response, **_: Any) -> None:
        try:
            # requests has no public way to set a body that has been read. (A `raw` of our own would lose cookies.)
            response._content = _read_body(response, address, timeout)
        except BaseException:
            response.close()
            raise

    return read


def _read_body(response: requests.Response, address: ClientAddress, timeout: float) -> bytes:
    if response.is_redirect:
        raise Garbled(f"{address} sends us elsewhere; please configure the address that it sends to.")
    deadline, parts, size = time.monotonic() + timeout, [], 0
    # read1 returns what has arrived. A full chunk may take for ever to come from a server that sends single bytes.
    while part := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > _MAX_BYTES or time.monotonic() > deadline:
            raise Garbled(f"{address} answers without end.")
    return b"".join(parts)
