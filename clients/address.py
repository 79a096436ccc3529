"""The addresses of torrent clients, as a setting lists them: `home=qbittorrent://user:password@host:port,seedbox=transmission+https://…`."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
_KINDS = {  # name for people, usual port, usual path
    "qbittorrent": ("qBittorrent", 8080, "/"),
    "transmission": ("Transmission", 9091, "/transmission/rpc"),
}
_EXPECTED = (
    "is no client: name=qbittorrent://user:password@host:port is one, or transmission, +https for TLS."
)


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """Where a client is, and as which user to log in."""

    kind: str  # the module of clients/ that talks to it
    tls: bool
    host: str
    port: int
    path: str
    user: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        """For messages; without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_KINDS[self.kind][0]} at {host}:{self.port}"


def parse_client_addresses(text: str) -> dict[str, ClientAddress]:
    """The addresses by the clients' names, in the order given.

    Raises ValueError, the message of which repeats nothing that may hold a password.
    """
    addresses: dict[str, ClientAddress] = {}
    for number, entry in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        name, _, url = entry.partition("=")
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"Entry {number} begins with no name of a client: letters a to z, digits, - and _, then =. "
                "A comma in a password is written %2C."
            )
        if name in addresses:
            raise ValueError(f"There are two clients called {name}.")
        addresses[name] = _parse_address(name, url)
    return addresses


def _parse_address(name: str, url: str) -> ClientAddress:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            f"{name} {_EXPECTED} Special characters in a password are written as in URLs, / as %2F."
        ) from None
    kind, _, transport = parts.scheme.partition("+")
    if (
        kind not in _KINDS
        or transport not in {"", "http", "https"}
        or not host
        or parts.query
        or parts.fragment
    ):
        raise ValueError(f"{name} {_EXPECTED}")
    _, usual_port, usual_path = _KINDS[kind]
    tls = transport == "https"
    return ClientAddress(
        kind=kind,
        tls=tls,
        host=host,
        port=port or (443 if tls else usual_port),
        path=parts.path if parts.path not in {"", "/"} else usual_path,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
