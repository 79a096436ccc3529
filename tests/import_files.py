"""Writes what an import reads, runs imports, and reads their output."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from django.core.management import CommandError, call_command

from archive.torrents.retrieve import retrieve
from hashkeep.management.torrent_files import TorrentFile, TorrentFiles, UnreadableFile
from metainfo.infohash import parse_infohash
from tests import make

ONE, TWO, THREE = make.v1(b"one"), make.v1(b"two"), make.hybrid(b"three")
MAX = 10_000_000
SKIPPED = "not looked at: neither a torrent's name nor an archive's"


def run_import(*paths: Path, **options: object) -> str:
    """The output. If the command fails, the last line is its error and begins with `CommandError:`."""
    out = io.StringIO()
    try:
        call_command("import_torrents", *map(str, paths), stdout=out, **options)
    except CommandError as error:
        out.write(f"CommandError: {error}")
    return out.getvalue()


def parse_counts(summary: str) -> dict[str, int]:
    lines = (
        line.strip().partition(" ") for line in summary.splitlines() if not line.startswith("CommandError")
    )
    return {words: int(number.replace(",", "")) for number, _, words in lines}


def write_tar(path: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def read_torrents(*paths: Path, max_bytes: int = MAX) -> tuple[dict[str, bytes], dict[str, str]]:
    items = list(TorrentFiles([str(path) for path in paths], max_bytes))
    return (
        {item.path: item.torrent for item in items if isinstance(item, TorrentFile)},
        {item.path: item.reason for item in items if isinstance(item, UnreadableFile)},
    )


def is_held(torrent: bytes) -> bool:
    return retrieve(parse_infohash(make.v1_hash(torrent))).torrent == torrent
