"""A list of files as the tree that it spells, of which a page shows only as much as is pleasant."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from web.untrusted_text import add_line_breaks, make_printable

_DEEPEST = 8  # folders within each other; what lies deeper has the rest of its path for a name
_ROOM = 32_000  # bytes of a page for the tree
_INNER = 20_000  # of them that are left where one more folder within another is shown
_MARKUP = 110  # bytes around each name
_MOST = _ROOM // _MARKUP  # files of one folder
_PARTS = 50_000  # of paths that are looked at: of larger torrents the folders cannot be summed up


@dataclass(slots=True)
class Folder:
    """What is shown of a folder; `count` and `size` are of all that is in it, so far as it was looked at."""

    name: str = ""
    count: int = 0
    size: int = 0
    folders: dict[str, Folder] = field(default_factory=dict)
    files: list[tuple[str, int]] = field(default_factory=list)
    whole: bool = True  # of the outermost: whether all of it was looked at

    @property
    def shown(self) -> int:
        return len(self.files) + sum(folder.shown for folder in self.folders.values())

    @property
    def hidden(self) -> int:
        return self.count - self.shown


def build_tree(files: Iterable[tuple[tuple[str, ...], int]]) -> Folder:
    """The first files of each folder, as many as there is room for, with names fit to be looked at.

    The others are counted. Folders have room first, the outermost before all, so that a glance tells what there is.
    """
    root, room, left = Folder(), _ROOM, _PARTS
    for path, size in files:
        left -= len(path)
        if left < 0:
            root.whole = False
            break
        *parts, name = _shortened(path)
        line = [root]
        for part in parts:
            folder = line[-1].folders.get(part)
            if folder is None:
                if room <= (0 if line[-1] is root else _INNER):
                    break
                folder = line[-1].folders[part] = Folder(make_printable(part))
                room -= _weight(folder.name)
            line.append(folder)
        for folder in line:
            folder.count += 1
            folder.size += size
        if len(line) > len(parts) and len(line[-1].files) < _MOST:
            line[-1].files.append((name, size))
    _share(root, room)
    return root


def _share(root: Folder, room: int) -> None:
    """Each folder keeps one more of its files in turn, as long as there is room and it has more."""
    turns = deque((folder, iter(folder.files)) for folder in _all(root))
    for folder, _ in turns:
        folder.files = []
    while turns and room > 0:
        folder, files = turns.popleft()
        for name, size in islice(files, 1):
            folder.files.append((make_printable(name), size))
            room -= _weight(folder.files[-1][0])
            turns.append((folder, files))


def _all(folder: Folder) -> Iterator[Folder]:
    yield folder
    for inner in folder.folders.values():
        yield from _all(inner)


def _shortened(path: tuple[str, ...]) -> tuple[str, ...]:
    return path if len(path) <= _DEEPEST else (*path[: _DEEPEST - 1], "/".join(path[_DEEPEST - 1 :]))


def _weight(name: str) -> int:
    return len(add_line_breaks(name).encode()) + _MARKUP
