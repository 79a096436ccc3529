"""Finished files on a disk: found where the client says, and never outside the folder."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from clients import ClientFile, ClientTorrent, OutOfReach, Unfinished
from clients.open_finished_file import open_finished

TORRENT = ClientTorrent(
    *("id", bytes(20), None, "a film", "/downloads", 4, 1.0, "seeding", (), None, None),
    *(0, 0, 0, 0, 1.0, None, ""),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is a secret lies beside it."""
    (tmp_path / "secret").write_bytes(b"none")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"none")
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def write_file(path: Path, content: bytes = b"film") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def read_finished(
    folder: Path, name: str, saved: str = "/downloads", size: int = 4, progress: float = 1.0
) -> bytes:
    finished = open_finished(folder, replace(TORRENT, path=saved), ClientFile(name, size, progress))
    with finished.file as file:
        return file.read()


@pytest.mark.parametrize(
    ("saved", "lies"),
    [
        ("/downloads", "downloads/a/b.mkv"),
        ("/downloads", "a/b.mkv"),
        ("/downloads/films/", "films/a/b.mkv"),
        ("/downloads/films", "a/b.mkv"),
        ("/", "a/b.mkv"),
        ("", "a/b.mkv"),
        ("D:\\downloads\\films", "films/a/b.mkv"),
        ("D:/downloads/films", "films/a/b.mkv"),
        ("\\\\server\\share\\films", "films/a/b.mkv"),
    ],
)
def test_a_file_is_found_by_the_end_of_the_clients_path(folder: Path, saved: str, lies: str) -> None:
    write_file(folder / lies)
    assert read_finished(folder, "a/b.mkv", saved) == b"film"


def test_on_the_same_machine_a_path_means_what_it_says(folder: Path) -> None:
    write_file(folder / "films/a.mkv")
    write_file(folder / "a.mkv", b"FILM")
    write_file(folder / folder.name / "a.mkv", b"none")
    assert read_finished(folder, "a.mkv", str(folder / "films")) == b"film"
    assert read_finished(folder, "a.mkv", str(folder)) == b"FILM"


def test_of_two_files_the_one_that_shares_more_of_the_path_is_opened(folder: Path) -> None:
    write_file(folder / "films/a.mkv")
    write_file(folder / "a.mkv", b"FILM")
    assert read_finished(folder, "a.mkv", "/downloads/films") == b"film"
    assert read_finished(folder, "a.mkv", "/downloads/music") == b"FILM"


def test_a_file_of_another_size_is_skipped(folder: Path) -> None:
    write_file(folder / "films/a.mkv", b"half")
    write_file(folder / "a.mkv", b"the whole")
    assert read_finished(folder, "a.mkv", "/films", 9) == b"the whole"
    with pytest.raises(OutOfReach, match="not as long"):
        read_finished(folder, "a.mkv", "/films", 10)


@pytest.mark.parametrize("progress", [0.0, 0.999, float("nan"), -1])
def test_an_unfinished_file_is_not_opened(folder: Path, progress: float) -> None:
    write_file(folder / "a.mkv")
    with pytest.raises(Unfinished):
        read_finished(folder, "a.mkv", progress=progress)


@pytest.mark.parametrize(
    "name", ["ä.mkv", "a:b?.mkv", "a\nb", "日本語/映画.mkv", "~", "%2e%2e", "..a", "...", "a\\b"]
)
def test_unusual_names_are_opened(folder: Path, name: str) -> None:
    write_file(folder / name)
    assert read_finished(folder, name) == b"film"


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "a/../../secret",
        "a/../b.mkv",
        "./b.mkv",
        "a//b.mkv",
        "/etc/passwd",
        "..",
        ".",
        "",
        "/",
        "a/",
        "a\0b",
        "\udcff",
        "\ud800",
        "a" * 300,
        "a/" * 3000 + "b",
    ],
)
def test_names_that_lead_out_of_the_folder_or_are_invalid_are_refused(folder: Path, name: str) -> None:
    write_file(folder / "b.mkv")
    write_file(folder / "a/b.mkv")
    write_file(folder / "\udcff")  # which is a byte of no UTF-8
    with pytest.raises(OutOfReach):
        read_finished(folder, name)


def test_an_absolute_name_stays_below_the_folder(folder: Path) -> None:
    with pytest.raises(OutOfReach):
        read_finished(folder, str(folder.parent / "secret"))


@pytest.mark.parametrize(
    "saved", ["../", "/downloads/../..", "..", "/../outside", "\udcff", "/a\0b", "/" + "a" * 5000]
)
def test_a_save_path_that_leads_out_stays_below_the_folder(folder: Path, saved: str) -> None:
    with pytest.raises(OutOfReach):
        read_finished(folder, "secret", saved)


@pytest.mark.parametrize("saved", ["", "/"])
def test_the_folder_beside_it_whose_name_begins_alike_is_outside(folder: Path, saved: str) -> None:
    write_file(folder.with_name("files and more") / "secret", b"none")
    (folder / "a").symlink_to(folder.with_name("files and more"))
    with pytest.raises(OutOfReach, match="a link that leads out"):
        read_finished(folder, "a/secret", saved)


@pytest.mark.parametrize("link", ["../secret", "b", "/etc/passwd", "/proc/self/environ", "./../secret", ".."])
def test_a_symbolic_link_that_leads_out_is_refused(folder: Path, link: str) -> None:
    (folder / "b").symlink_to("../secret")
    (folder / "a").symlink_to(link)
    with pytest.raises(OutOfReach, match="a link that leads out"):
        read_finished(folder, "a")


def test_a_folder_that_is_a_link_out_is_refused(folder: Path) -> None:
    (folder / "a").symlink_to(folder.parent / "outside")
    with pytest.raises(OutOfReach, match="a link that leads out"):
        read_finished(folder, "a/secret")


def test_links_that_stay_inside_and_a_folder_that_is_one_itself_are_followed(
    folder: Path, tmp_path: Path
) -> None:
    write_file(folder / "disk 2/a.mkv")
    (folder / "films").symlink_to("disk 2")
    (tmp_path / "mounted").symlink_to(folder)
    assert read_finished(tmp_path / "mounted", "a.mkv", "/films") == b"film"


def test_a_link_to_itself_is_refused(folder: Path) -> None:
    (folder / "a").symlink_to("a")
    with pytest.raises(OutOfReach):
        read_finished(folder, "a")


@pytest.mark.parametrize("turned", ["a", "a/b", "a/b/secret"])
def test_a_path_that_becomes_a_link_while_it_is_opened_is_not_followed(
    folder: Path, turned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between resolving the path and opening it, another process makes a part of it a link."""
    write_file(folder / "a/b/secret")
    write_file(folder.parent / "outside/b/secret", b"none")
    targets = {"a": "outside", "a/b": "outside", "a/b/secret": "secret"}

    def look(path: str, *, strict: bool) -> str:
        found = real(path, strict=strict)
        (folder / turned).rename(folder / "away")
        (folder / turned).symlink_to(folder.parent / targets[turned])
        return found

    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", look)
    with pytest.raises(OutOfReach):
        open_finished(folder, replace(TORRENT, path=str(folder)), ClientFile("a/b/secret", 4, 1.0))


@pytest.mark.timeout(30)
def test_neither_folders_nor_pipes_nor_devices_are_files(folder: Path) -> None:
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(OutOfReach, match="is none here"):
            read_finished(folder, name, size=(folder / name).stat().st_size)


def test_a_missing_file_is_out_of_reach(folder: Path) -> None:
    with pytest.raises(OutOfReach, match="not in the folder"):
        read_finished(folder, "a.mkv")
    write_file(folder / "a")
    with pytest.raises(OutOfReach, match="not in the folder"):
        read_finished(folder, "a/b")


def test_no_file_descriptor_stays_open(folder: Path) -> None:
    write_file(folder / "a/b/c.mkv")
    (folder / "a/b/pipe").symlink_to("../../pipe")
    os.mkfifo(folder / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for name, size in (("a/b/c.mkv", 4), ("a/b/c.mkv", 5), ("a/b/pipe", 0), ("a/b/none", 4)):
        try:
            read_finished(folder, name, size=size)
        except OutOfReach:
            continue
    assert len(os.listdir("/proc/self/fd")) == before
