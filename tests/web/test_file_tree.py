"""The folder tree of a torrent's files: totals of all, names of some."""

from collections.abc import Iterator

from web.file_tree import Folder, build_tree


def make_files(*paths: str) -> list[tuple[tuple[str, ...], int]]:
    return [(tuple(path.split("/")), 10) for path in paths]


def to_dict(folder: Folder) -> dict[str, object]:
    """The tree as nested dictionaries: a file is None."""
    return {f.name: to_dict(f) for f in folder.folders.values()} | dict.fromkeys(n for n, _ in folder.files)


def test_files_are_in_their_folders() -> None:
    found = build_tree(make_files("a/b/one", "a/two", "three", "a/b/four"))
    assert to_dict(found) == {"a": {"b": {"one": None, "four": None}, "two": None}, "three": None}


def test_a_folder_counts_the_files_at_any_depth_below_it() -> None:
    found = build_tree(make_files("a/b/one", "a/two", "three"))
    assert (found.count, found.size) == (3, 30)
    assert (found.folders["a"].count, found.folders["a"].size) == (2, 20)


def test_folders_with_names_that_look_the_same_stay_apart() -> None:
    found = build_tree([(("x" * 300 + ending, "file"), 1) for ending in "ab"])
    assert len(found.folders) == 2


def test_files_that_do_not_fit_are_counted_but_not_shown() -> None:
    found = build_tree(make_files(*(f"folder {n // 500}/file {n}" for n in range(10_000))))
    assert (found.count, found.size) == (10_000, 100_000)
    assert 100 < found.shown_count < 400
    assert found.hidden_count == 10_000 - found.shown_count
    assert [folder.count for folder in found.folders.values()] == [500] * 20


def test_folders_show_equally_many_files() -> None:
    found = build_tree(make_files(*(f"folder {n // 215}/file {n:04}" for n in range(1_500))))
    shares = [folder.shown_count for folder in found.folders.values()]
    assert len(shares) == 7
    assert max(shares) - min(shares) <= 1 and min(shares) > 20
    assert [name for name, _ in found.folders["folder 1"].files[:2]] == ["file 0215", "file 0216"]


def test_large_folders_use_what_small_ones_leave() -> None:
    found = build_tree(
        make_files("small/one", "small/inner/two", *(f"large/{n}" for n in range(1_000)), "last")
    )
    assert found.folders["small"].hidden_count == 0
    assert [name for name, _ in found.files] == ["last"]
    assert found.folders["large"].shown_count > 200


def test_outer_folders_are_shown_before_inner_ones() -> None:
    nested = make_files(
        *(f"first/inner {n}/file" for n in range(1_000)), *(f"outer {n}/file" for n in range(100))
    )
    found = build_tree(nested)
    assert len(found.folders) == 101
    assert 50 < len(found.folders["first"].folders) < 200
    assert found.shown_count > 50
    assert len(build_tree(make_files(*(f"outer {n}/file" for n in range(1_000)))).folders) < 400


def test_fewer_files_with_long_names_are_shown() -> None:
    short, long = (build_tree(make_files(*(f"{n}{'x' * extra}" for n in range(1_000)))) for extra in (0, 150))
    assert long.shown_count < short.shown_count


def test_a_hundred_nested_folders_are_shown_as_eight() -> None:
    found, deepest = build_tree(make_files("/".join(f"f{n}" for n in range(100)))), 0
    while found.folders:
        [found] = found.folders.values()
        deepest += 1
    assert deepest == 7
    assert found.files[0][0].startswith("f7/f8/f9/")


def test_only_the_first_files_of_a_huge_torrent_are_read() -> None:
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
