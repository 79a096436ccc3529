"""Imports point one way. The sources are read, not run."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"archive", "storage", "soap", "api", "web", "swarm", "clients"}
DOORS = {"soap", "api", "web"}
WIRING = {
    "settings",
    "urls",
    "wsgi",
    "front",
    "admin",
    "apps",
    "public",
    "uploads",
    "management",
    "migrations",
}
OWNERS = {
    "boto3": "storage.s3",
    "botocore": "storage.s3",
    "spyne": "soap",
    "libtorrent": "swarm.libtorrent_session",
    "qbittorrentapi": "clients.qbittorrent",
    "transmission_rpc": "clients.transmission",
}
BELOW_DOORS = {"archive.models", "archive.store", "archive.db.outages"}

# A core module may use these of ours besides its siblings in archive/.
CORE_MAY_USE = {"archive", "storage"}


def sources() -> Iterator[tuple[str, Path]]:
    for folder in sorted(OURS):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def is_wiring(name: str) -> bool:
    return name.startswith("archive.") and name.split(".")[1] in WIRING


MODULES = list(sources())


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_point_one_way(name: str, path: Path) -> None:
    used = set(imports(path))
    of_ours = {module for module in used if module.split(".")[0] in OURS}
    folder = name.split(".")[0]
    if folder in {"storage", "swarm", "clients"}:
        assert not {module for module in of_ours if not inside(module, {folder})}
        assert not {module for module in used if inside(module, {"django"})}
    elif folder in DOORS:
        assert not {module for module in of_ours if inside(module, BELOW_DOORS | {"storage", "swarm"})}
        assert not {module for module in of_ours if inside(module, DOORS - {folder})}
        assert folder == "api" or not {module for module in of_ours if inside(module, {"clients"})}
    elif not is_wiring(name):
        assert not {module for module in of_ours if not inside(module, CORE_MAY_USE)}
        assert not {module for module in used if inside(module, {"django.http", "rest_framework"})}
    assert is_wiring(name) or not {module for module in of_ours if is_wiring(module)}


@pytest.mark.parametrize("path", sorted((ROOT / "metainfo").rglob("*.py")), ids=lambda path: path.name)
def test_metainfo_needs_the_standard_library_alone(path: Path) -> None:
    folders = {module.split(".")[0] for module in imports(path)}
    assert folders <= sys.stdlib_module_names | {"metainfo"}


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_each_heavy_library_has_one_owner(name: str, path: Path) -> None:
    for library, owner in OWNERS.items():
        if inside(library, {module.split(".")[0] for module in imports(path)}):
            assert inside(name, {owner}), f"{library} belongs to {owner}"


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_no_import_of_ours_hides_in_a_function(name: str, path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert not [inner for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]


def test_there_is_something_to_read() -> None:
    """The tests above hold nothing if they find no sources."""
    assert {
        "archive.torrents.deposit",
        "storage.filesystem",
        "soap.operations",
        "api.torrage.upload",
        "web.torrent_page",
    } <= {name for name, _ in MODULES}
