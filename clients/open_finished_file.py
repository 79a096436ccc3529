"""Open files that a torrent client has finished, on a disk that this server reads too.

A client says where its files lie, and may be mistaken or malicious. Nothing outside the one folder is ever opened.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath, PureWindowsPath
from typing import BinaryIO, NamedTuple

from clients.contract import ClientFile, ClientTorrent
from clients.errors import OutOfReach, Unfinished

_MAX_PATH_BYTES = 4096  # PATH_MAX in linux/limits.h
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_MISSING_ERRNOS = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_TRAVERSE = getattr(os, "O_PATH", os.O_RDONLY)  # O_PATH (Linux) needs no permission to list a folder

Parts = tuple[str, ...]


class FinishedFile(NamedTuple):
    """A file that a client has finished, open."""

    file: BinaryIO
    """Open; the caller closes it."""
    path: PurePath
    """Where the file lies below the folder, with symbolic links resolved."""
    name: str
    """The path within the torrent, as the client says it."""
    size: int


def open_finished(folder: Path, torrent: ClientTorrent, file: ClientFile) -> FinishedFile:
    """A file of a client's torrent, if all of it is there. `folder` is where this server has the client's files.

    The client, perhaps on another machine, says /downloads/films/a.mkv. In the folder, the file is looked for as
    downloads/films/a.mkv, then films/a.mkv, then a.mkv. Raises Unfinished, OutOfReach.
    """
    if not file.progress >= 1:
        raise Unfinished("The client has not finished this file.")
    within = _split_relative(file.path)
    root = folder.resolve()
    reason = "This file is not in the folder in which this server looks for the client's files."
    for parts in _candidate_paths(folder, _split_save_path(torrent.path), within):
        try:
            real = Path(os.path.realpath(folder.joinpath(*parts), strict=True))
            opened = _open_below(root, real)
        except OSError as error:
            if error.errno not in _MISSING_ERRNOS:
                raise OutOfReach(f"This server may not read this file: {error.strerror}.") from None
            continue
        if os.fstat(opened.fileno()).st_size == file.size:
            return FinishedFile(opened, real.relative_to(root), "/".join(within), file.size)
        opened.close()
        reason = "This file is not as long as the client says."
    raise OutOfReach(reason)


def _split_relative(path: str) -> Parts:
    """The parts of a path that stays below its folder. Raises OutOfReach."""
    parts = _split_path(path)
    if not parts or {"", ".", ".."} & {*parts}:
        raise OutOfReach("The client gives this file a name that leads out of its folder.")
    return parts


def _split_save_path(path: str) -> Parts:
    """The folders in which the client saves the torrent, from the root of its disk."""
    return tuple(
        filter(None, PureWindowsPath(path).parts[1:] if _WINDOWS_PATH.match(path) else _split_path(path))
    )


def _split_path(path: str) -> Parts:
    """The parts of a path that a file system can have. Raises OutOfReach."""
    try:
        encoded = path.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which Python would turn into bytes of its own
        encoded = b"\0"
    if b"\0" in encoded or len(encoded) > _MAX_PATH_BYTES:
        raise OutOfReach("The client gives this file a name that no file can have.")
    return tuple(path.split("/"))


def _candidate_paths(folder: Path, saved: Parts, within: Parts) -> Iterator[Parts]:
    """Where the file may lie below the folder, the likeliest path first."""
    own = folder.parts[1:]
    if saved[: len(own)] == own:  # the client is on this machine
        yield saved[len(own) :] + within
    for skipped in range(len(saved) + 1):
        yield saved[skipped:] + within


def _open_below(folder: Path, real: Path) -> BinaryIO:
    """Open a file below the folder. Raises OutOfReach.

    Each folder on the way is opened from the one above it without following links, since what was resolved a moment
    ago may be a symbolic link by now.
    """
    if not real.is_relative_to(folder):
        raise OutOfReach("The client's file is a link that leads out of its folder.")
    *folders, name = real.relative_to(folder).parts or (".",)
    at = os.open(folder, _TRAVERSE | os.O_DIRECTORY)
    try:
        for each in folders:
            deeper = os.open(each, _TRAVERSE | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = deeper
        # Without O_NONBLOCK, opening a named pipe would wait until another process opens its other end.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OutOfReach("What the client calls a file is none here.")
    return open(opened, "rb", buffering=0)
