"""libtorrent as the oracle for our parser: where both load a torrent, both must have read the same.

Where they differ in whether to load it, the difference must be among those named here.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import libtorrent as lt

import metainfo
from metainfo.errors import Refusal

# Parts of our messages: what libtorrent loads and we refuse, since two parsers may read it differently.
REFUSED_BY_US = (
    "Something follows the end",  # more than 1,024 bytes
    "twice",
    "that is malformed",  # i03e, i-0e, 03:abc
    "more than 64 bits",
    "there should be",  # a known key with a value of another type
    "no “meta version”",
    "belong together",
    "“files”, but no “pieces”",  # v2, which libtorrent takes for a hybrid
    "keys is not sorted",
    "The torrent holds nothing",  # but pad files
    "more than 100 elements",  # of a path that libtorrent leaves unread, such as one beside path.utf-8
    "nor a folder with files",  # an empty folder, which makes a single file's torrent a folder's
    "do not name the same files",  # empty files of hybrids by another name
    "belongs to no file",  # its layer is needless: the file has one piece
)
# libtorrent's messages: what it refuses and we load.
REFUSED_BY_LIBTORRENT = (
    "too many duplicate filenames",
    "missing name in torrent file",  # libtorrent removes all of the name as unsafe
    "invalid or missing 'piece length'",  # of more than 512 MiB, which its piece picker cannot manage
)
_PLAIN = re.compile(r"[\w][\w .-]{0,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LoadedTorrent:
    """What libtorrent reads in a torrent, without pad files."""

    v1: bytes | None
    v2: bytes | None
    files: list[tuple[str, int]]
    piece_length: int
    private: bool
    trackers: list[str]
    raw_info: bytes


# How libtorrent makes torrents: hybrid, v1 alone, v2 alone.
KINDS = (0, int(lt.create_torrent.v1_only), int(lt.create_torrent.v2_only))


def load_with_libtorrent(torrent: bytes) -> LoadedTorrent | str:
    """What libtorrent reads, or its message why it does not load the torrent."""
    try:
        params = lt.load_torrent_buffer(torrent, {})
    except RuntimeError as error:
        return str(error)
    if params.ti is None:
        return "no info dictionary"
    hashes, layout = params.ti.info_hashes(), params.ti.layout()
    real = [i for i in range(layout.num_files()) if not layout.file_flags(i) & layout.flag_pad_file]
    return LoadedTorrent(
        v1=hashes.v1.to_bytes() if hashes.has_v1() else None,
        v2=hashes.v2.to_bytes() if hashes.has_v2() else None,
        files=[(layout.file_path(i), layout.file_size(i)) for i in real],
        piece_length=params.ti.piece_length(),
        private=params.ti.priv(),
        trackers=_trackers(params),
        raw_info=params.ti.info_section(),
    )


def _trackers(params: lt.add_torrent_params) -> list[str]:
    try:
        return list(params.trackers)
    except UnicodeDecodeError:  # the Python binding's; libtorrent itself leaves the bytes alone
        return []


def create_with_libtorrent(folder: Path, flags: int) -> bytes:
    """A torrent of a folder on the disk, made by libtorrent."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = [lt.create_file_entry(str(p.relative_to(folder.parent)), p.stat().st_size) for p in paths]
    made = lt.create_torrent(entries, 16_384, flags)
    lt.set_piece_hashes(made, str(folder.parent))
    return bytes(lt.bencode(made.generate()))


def assert_same_reading(torrent: bytes) -> bool:
    """Assert that libtorrent and we read the same. Returns whether we load the torrent at all."""
    theirs = load_with_libtorrent(torrent)
    try:
        ours = metainfo.parse_torrent(torrent)
    except Refusal as refusal:
        named = isinstance(theirs, str) or any(words in str(refusal) for words in REFUSED_BY_US)
        assert named, f"libtorrent loads what we refuse: {refusal}"
        return False
    if isinstance(theirs, str):
        named = any(words in theirs for words in REFUSED_BY_LIBTORRENT) or _is_loaded_by_others(torrent, ours)
        assert named, f"we load what libtorrent refuses: {theirs}"
        return True
    assert (ours.v1, ours.v2) == (theirs.v1, theirs.v2)
    assert ours.piece_length == theirs.piece_length
    assert ours.private or not theirs.private
    assert_same_files(ours, theirs, list(metainfo.ParsedTorrent(torrent).files()))
    assert_same_trackers(ours, theirs)
    return True


def _is_loaded_by_others(torrent: bytes, ours: metainfo.Metainfo) -> bool:
    """Whether it has what other readers pass over, and libtorrent does not: a version 1, a `length` in v2."""
    return b"12:meta versioni1e" in torrent or (ours.v1 is None and b"6:lengthi" in torrent)


def assert_same_files(
    ours: metainfo.Metainfo, theirs: LoadedTorrent, files: list[metainfo.ContentFile]
) -> None:
    if any("padding_" in file.path[-1] for file in files):
        return  # libtorrent looks for BitComet's pad files when it has made the names safe, we before
    assert [file.size for file in files] == [size for _, size in theirs.files]
    assert (ours.file_count, ours.size) == (len(files), sum(file.size for file in files))
    for file, (path, _) in zip(files, theirs.files, strict=True):
        if all(_PLAIN.fullmatch(element) for element in (ours.name, *file.path)):
            assert path in ("/".join(file.path), "/".join((ours.name, *file.path)))


def assert_same_trackers(ours: metainfo.Metainfo, theirs: LoadedTorrent) -> None:
    """Ours are all of both keys; libtorrent's those of the list, or else the single one."""
    assert {url.strip() for url in theirs.trackers if url.isascii()} <= set(ours.trackers)
