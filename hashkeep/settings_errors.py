"""Messages for settings that cannot be used: the value, what was expected, and an example that fits."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream
from environs import EnvValidationError

_EXAMPLES = {
    "CACHE_URL": "redis://localhost:6379/0",
    "DATABASE_URL": "postgres://user:password@localhost/hashkeep",
    "PUBLIC_URL": "https://torrents.example",
    "PORT": "8000",
    "PRIVATE_TORRENTS": "refuse",
    "MAX_TORRENT_BYTES": "10000000",
    "THREADS": "16",
    "WAITING_MAX": "10000",
    "UPLOADS": "open",
    "RATE_ADDRESS": "1200",
    "RATE_KEY": "6000",
    "LOG_FORMAT": "text",
    "RESOLVE_TIMEOUT": "10",
    "WANTED_MAX": "100000",
    "SECURITY_CONTACT": "mailto:security@torrents.example",
    "CLIENTS": "home=qbittorrent://user:password@localhost:8080",
    "CLIENT_FILES": "home=/srv/downloads",
    "DHT_BOOTSTRAP": "dht.libtorrent.org:25401",
    "TRACKERS": "udp://tracker.opentrackr.org:1337/announce",
    "BT_LISTEN": "0.0.0.0:6881",
}
_SWITCH_EXAMPLE = "on"  # every other setting that can be wrong is on or off


def explain_errors(wrong: EnvValidationError) -> str:
    """The message with which the start fails: a line for each wrong value."""
    lines = ["The settings cannot be used:"]
    for name, messages in wrong.error_messages.items() if isinstance(wrong.error_messages, Mapping) else ():
        reasons = " ".join(dict.fromkeys(messages))
        example = _EXAMPLES.get(name, _SWITCH_EXAMPLE)
        lines.append(f"  {name} is “{os.environ.get(name, '')}”. {reasons} Such as: {name}={example}")
    return "\n".join(lines)


def find_malformed_line(path: Path) -> str:
    """The message for the lines of a `.env` file that are no settings; "" if there are none, or no file."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8") as file:
        lines = [binding.original for binding in parse_stream(file) if binding.error]
    return "\n".join(
        f"{path}, line {line.line}: “{line.string.strip()}” is no setting. Such as: PORT=8000"
        for line in lines
    )
