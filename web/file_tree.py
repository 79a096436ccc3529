"""Builds the folder tree of a torrent's files, limited to what fits on its page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from web.untrusted_text import add_line_breaks, make_printable

_MAX_DEPTH = 8  # folders within each other; the rest of a deeper path becomes the name of its last part
_PAGE_BYTES = 32_000  # of HTML for the tree
_BYTES_FOR_FILES = 20_000  # of these, not to be used for folders below the outermost ones
_MARKUP_BYTES = 110  # of HTML around each name
_MAX_FILES = _PAGE_BYTES // _MARKUP_BYTES  # of one folder
_MAX_PARTS = 50_000  # of paths that are read; the folders of a larger torrent cannot be summed up


@dataclass(slots=True)
class Folder:
    """A folder with the part of its contents that is shown.

    `count` and `size` are of all files below it that were read, shown or not. `whole` matters in the outermost
    folder alone: whether every file of the torrent was read.
    """

    name: str = ""
    count: int = 0
    size: int = 0
    folders: dict[str, Folder] = field(default_factory=dict)
    files: list[tuple[str, int]] = field(default_factory=list)
    whole: bool = True

    @property
    def shown_count(self) -> int:
        return len(self.files) + sum(folder.shown_count for folder in self.folders.values())

    @property
    def hidden_count(self) -> int:
        return self.count - self.shown_count


def build_tree(files: Iterable[tuple[tuple[str, ...], int]]) -> Folder:
    """The outermost folder, with printable names, of files given as (path, size in bytes).

    Folders take the available bytes first, the outermost before all others, so that a glance shows what the torrent
    holds; what is left shows the first files of each folder. Files that are not shown are counted.
    """
    root, bytes_left, parts_left = Folder(), _PAGE_BYTES, _MAX_PARTS
    for path, size in files:
        parts_left -= len(path)
        if parts_left < 0:
            root.whole = False
            break
        *parts, name = _limit_depth(path)
        branch = [root]  # from the outermost folder to the one that holds the file, as far as they are shown
        for part in parts:
            folder = branch[-1].folders.get(part)
            if folder is None:
                if bytes_left <= (0 if branch[-1] is root else _BYTES_FOR_FILES):
                    break
                folder = branch[-1].folders[part] = Folder(make_printable(part))
                bytes_left -= _html_bytes(folder.name)
            branch.append(folder)
        for folder in branch:
            folder.count += 1
            folder.size += size
        if len(branch) > len(parts) and len(branch[-1].files) < _MAX_FILES:
            branch[-1].files.append((name, size))
    _select_files(root, bytes_left)
    return root


def _select_files(root: Folder, bytes_left: int) -> None:
    """Each folder in turn keeps one more of its files, until the bytes are used up or no file is left."""
    queue = deque((folder, iter(folder.files)) for folder in _walk_folders(root))
    for folder, _ in queue:
        folder.files = []
    while queue and bytes_left > 0:
        folder, files = queue.popleft()
        for name, size in islice(files, 1):
            folder.files.append((make_printable(name), size))
            bytes_left -= _html_bytes(folder.files[-1][0])
            queue.append((folder, files))


def _walk_folders(folder: Folder) -> Iterator[Folder]:
    yield folder
    for inner in folder.folders.values():
        yield from _walk_folders(inner)


def _limit_depth(path: tuple[str, ...]) -> tuple[str, ...]:
    return path if len(path) <= _MAX_DEPTH else (*path[: _MAX_DEPTH - 1], "/".join(path[_MAX_DEPTH - 1 :]))


def _html_bytes(name: str) -> int:
    return len(add_line_breaks(name).encode()) + _MARKUP_BYTES
