"""The torrents in tests/torrents, by their names without the extension."""

from pathlib import Path

TORRENTS = {
    path.stem: path.read_bytes() for path in sorted(Path(__file__).with_name("torrents").glob("*.torrent"))
}
