"""The part of granian's RSGI interface, version 1.6, that this server uses, as types.

The specification: https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
"""

from collections.abc import AsyncIterator
from typing import Protocol

HeaderList = list[tuple[str, str]]


class Headers(Protocol):
    """Names are in lower case. A value that is not ASCII is left out."""

    def items(self) -> HeaderList: ...

    def get(self, key: str, default: str = "", /) -> str: ...


class Scope(Protocol):
    """What is known of a request before its body. `client` and `server` are address:port; `path` is decoded."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str

    @property
    def headers(self) -> Headers: ...


class Transport(Protocol):
    """A response that is sent in pieces. It queues without limit what the client does not read."""

    async def send_bytes(self, data: bytes) -> None: ...


class HTTPProtocol(Protocol):
    """One exchange with a client. Exactly one of the response methods is called, once."""

    async def __call__(self) -> bytes:
        """The whole body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces. One that broke off ends like one that is complete."""

    async def client_disconnect(self) -> None:
        """Returns when the connection ends, but only if that is before the response."""

    def response_empty(self, status: int, headers: HeaderList) -> None: ...

    def response_bytes(self, status: int, headers: HeaderList, body: bytes) -> None: ...

    def response_file_range(
        self, status: int, headers: HeaderList, file: str, start: int, end: int
    ) -> None: ...

    def response_stream(self, status: int, headers: HeaderList) -> Transport: ...
