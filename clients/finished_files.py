"""What a client has finished, on a disk that this server reads too.

A client says where its files lie, and it may be mistaken or lie. Nothing outside the one folder is ever opened.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath, PureWindowsPath
from typing import BinaryIO, NamedTuple

from clients import ClientFile, ClientTorrent, OutOfReach, Unfinished

_LONGEST = 4096  # bytes of a path, as PATH_MAX in linux/limits.h
_OF_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_WITHOUT_READING = getattr(os, "O_PATH", os.O_RDONLY)  # Linux; a folder may be passed through and not listed

Parts = tuple[str, ...]


class FinishedFile(NamedTuple):
    file: BinaryIO
    """Open, and to be closed."""
    path: PurePath
    """Where it lies below the folder, without symbolic links."""
    name: str
    """As the client calls it, the folders that it lies in before it."""
    size: int


def open_finished(folder: Path, torrent: ClientTorrent, file: ClientFile) -> FinishedFile:
    """A file of a client's torrent, all of it. `folder`: where the client's files are for us.

    The client, perhaps on another machine, says /downloads/films/a.mkv. Here that is, in this order, what lies in the
    folder under the whole of it, films/a.mkv, or a.mkv. Raises Unfinished, OutOfReach.
    """
    if not file.progress >= 1:
        raise Unfinished("The client has not finished this file.")
    within = _relative(file.path)
    root = folder.resolve()
    wrong = "This file is not in the folder in which this server looks for the client's files."
    for place in _places(folder, _saved(torrent.path), within):
        try:
            real = Path(os.path.realpath(folder.joinpath(*place), strict=True))
            opened = _open_inside(root, real)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise OutOfReach(f"This server may not read this file: {error.strerror}.") from None
            continue
        if os.fstat(opened.fileno()).st_size == file.size:
            return FinishedFile(opened, real.relative_to(root), "/".join(within), file.size)
        opened.close()
        wrong = "This file is not as long as the client says."
    raise OutOfReach(wrong)


def _relative(path: str) -> Parts:
    parts = _spelled(path)
    if not parts or {"", ".", ".."} & {*parts}:
        raise OutOfReach("The client gives this file a name that leads out of its folder.")
    return parts


def _saved(path: str) -> Parts:
    """The folders that the client saves it in, from its root."""
    return tuple(filter(None, PureWindowsPath(path).parts[1:] if _OF_WINDOWS.match(path) else _spelled(path)))


def _spelled(path: str) -> Parts:
    try:
        spelled = path.encode()
    except UnicodeEncodeError:  # halves of characters, which Python would turn into bytes of its own
        spelled = b"\0"
    if b"\0" in spelled or len(spelled) > _LONGEST:
        raise OutOfReach("The client gives this file a name that no file can have.")
    return tuple(path.split("/"))


def _places(folder: Path, saved: Parts, within: Parts) -> Iterator[Parts]:
    """Below the folder, the likeliest first."""
    own = folder.parts[1:]
    if saved[: len(own)] == own:  # the client is on this machine
        yield saved[len(own) :] + within
    for skipped in range(len(saved) + 1):
        yield saved[skipped:] + within


def _open_inside(folder: Path, real: Path) -> BinaryIO:
    """From folder to folder, since what was no symbolic link a moment ago may be one by now."""
    if not real.is_relative_to(folder):
        raise OutOfReach("The client's file is a link that leads out of its folder.")
    *folders, name = real.relative_to(folder).parts or (".",)
    at = os.open(folder, _WITHOUT_READING | os.O_DIRECTORY)
    try:
        for each in folders:
            deeper = os.open(each, _WITHOUT_READING | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = deeper
        # Without O_NONBLOCK, to open a named pipe would wait for somebody at its other end.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OutOfReach("What the client calls a file is none here.")
    return open(opened, "rb", buffering=0)
