"""Files as a tree, with the totals of all and the names of some."""

from collections.abc import Iterator

from web.file_tree import Folder, build_tree


def files(*paths: str) -> list[tuple[tuple[str, ...], int]]:
    return [(tuple(path.split("/")), 10) for path in paths]


def names(folder: Folder) -> dict[str, object]:
    """The tree as nested dictionaries: a file is None."""
    return {f.name: names(f) for f in folder.folders.values()} | dict.fromkeys(n for n, _ in folder.files)


def test_files_stand_in_their_folders() -> None:
    found = build_tree(files("a/b/one", "a/two", "three", "a/b/four"))
    assert names(found) == {"a": {"b": {"one": None, "four": None}, "two": None}, "three": None}


def test_a_folder_knows_what_is_in_it_at_any_depth() -> None:
    found = build_tree(files("a/b/one", "a/two", "three"))
    assert (found.count, found.size) == (3, 30)
    assert (found.folders["a"].count, found.folders["a"].size) == (2, 20)


def test_folders_whose_names_only_look_alike_stay_apart() -> None:
    found = build_tree([(("x" * 300 + ending, "file"), 1) for ending in "ab"])
    assert len(found.folders) == 2


def test_what_there_is_no_room_for_is_counted_but_not_shown() -> None:
    found = build_tree(files(*(f"folder {n // 500}/file {n}" for n in range(10_000))))
    assert (found.count, found.size) == (10_000, 100_000)
    assert 100 < found.shown < 400
    assert found.hidden == 10_000 - found.shown
    assert [folder.count for folder in found.folders.values()] == [500] * 20


def test_what_is_shown_is_shared_out_evenly() -> None:
    found = build_tree(files(*(f"folder {n // 215}/file {n:04}" for n in range(1_500))))
    shares = [folder.shown for folder in found.folders.values()]
    assert len(shares) == 7
    assert max(shares) - min(shares) <= 1 and min(shares) > 20
    assert [name for name, _ in found.folders["folder 1"].files[:2]] == ["file 0215", "file 0216"]


def test_what_a_small_folder_needs_not_others_have() -> None:
    found = build_tree(files("small/one", "small/inner/two", *(f"large/{n}" for n in range(1_000)), "last"))
    assert found.folders["small"].hidden == 0
    assert [name for name, _ in found.files] == ["last"]
    assert found.folders["large"].shown > 200


def test_of_too_many_folders_the_outermost_are_shown_first() -> None:
    nested = files(*(f"first/inner {n}/file" for n in range(1_000)), *(f"outer {n}/file" for n in range(100)))
    found = build_tree(nested)
    assert len(found.folders) == 101
    assert 50 < len(found.folders["first"].folders) < 200
    assert found.shown > 50
    assert len(build_tree(files(*(f"outer {n}/file" for n in range(1_000)))).folders) < 400


def test_long_names_leave_room_for_fewer() -> None:
    short, long = (build_tree(files(*(f"{n}{'x' * extra}" for n in range(1_000)))) for extra in (0, 150))
    assert long.shown < short.shown


def test_a_hundred_folders_within_each_other_are_shown_as_eight() -> None:
    found, deepest = build_tree(files("/".join(f"f{n}" for n in range(100)))), 0
    while found.folders:
        [found] = found.folders.values()
        deepest += 1
    assert deepest == 7
    assert found.files[0][0].startswith("f7/f8/f9/")


def test_of_very_many_files_the_first_are_looked_at_and_no_more() -> None:
    read = 0

    def endless() -> Iterator[tuple[tuple[str, ...], int]]:
        nonlocal read
        while True:
            read += 1
            yield ("folder", f"{read}"), 1

    found = build_tree(endless())
    assert not found.whole
    assert read < 100_000


def test_a_torrent_without_files_is_an_empty_tree() -> None:
    assert build_tree([]).count == 0
