"""Which folder may import which. The sources are read, not run."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW_HASHKEEP = {
    "soap",
    "api",
    "web",
    "workers",
    "archive",
    "metainfo",
    "swarm",
    "clients",
    "storage",
    "server",
}
FOLDERS = {"hashkeep"} | BELOW_HASHKEEP

# What a dialect (soap, api, web) may use of the archive: neither its tables nor its storage.
FOR_DIALECTS = {
    "archive.browse",
    "archive.films",
    "archive.access",
    "archive.monitoring",
    "archive.torrents",
    "archive.queue",
    "archive.takedowns",
    "archive.census",
    "archive.naming",
    "archive.errors",
    "archive.metrics",
}

# In archive/ each layer sees those after it. The parts of one layer do not see each other.
LAYERS = [
    {"archive.apps"},
    {"archive.browse"},
    {"archive.films", "archive.access", "archive.monitoring"},
    {"archive.torrents"},
    {"archive.queue"},
    {"archive.takedowns", "archive.census"},
    {"archive.store", "archive.early_copies"},
    {"archive.models"},
    {"archive.db"},
    {"archive.naming", "archive.errors", "archive.metrics", "archive.address_block"},
]
BELOW_ARCHIVE = {"metainfo", "storage", "server"}

# A folder, or a part of archive/, and all that it may import of ours besides itself.
MAY_IMPORT = {
    "hashkeep": BELOW_HASHKEEP,
    "soap": FOR_DIALECTS | {"metainfo", "server"},
    "api": FOR_DIALECTS | {"metainfo", "server", "clients"},
    "web": FOR_DIALECTS | {"metainfo", "server"},
    "workers": {"archive", "metainfo", "swarm", "clients", "server"},
    "swarm": {"metainfo", "server"},
    "metainfo": set(),
    "clients": set(),
    "storage": set(),
    "server": set(),
    "archive": set(),
    "archive.migrations": set(),
} | {part: BELOW_ARCHIVE.union(*LAYERS[layer + 1 :]) for layer, parts in enumerate(LAYERS) for part in parts}

# A library, and the one place that may import it.
OWNER = {
    "granian": "hashkeep",
    "spyne": "soap",
    "lxml": "api.feeds",
    "zipstream": "api.files.zip_stream",
    "PTT": "archive.naming",
    "cryptography": "archive.queue.received_peer_hints",
    "redis": "archive.access.rate_limit",
    "libtorrent": "swarm.libtorrent_session",
    "maxminddb": "swarm.peers.country",
    "aiohttp": "swarm.peers",
    "bencodepy": "swarm.peers",
    "boto3": "storage.s3",
    "botocore": "storage.s3",
    "qbittorrentapi": "clients.qbittorrent",
    "transmission_rpc": "clients.transmission",
}

# A folder, and the libraries that it must do without.
BARRED = {
    "metainfo": {"django", "rest_framework"},
    "storage": {"django", "rest_framework"},
    "swarm": {"django", "rest_framework"},
    "clients": {"django", "rest_framework"},
    "archive": {"django.http", "rest_framework"},
}


class Module(NamedTuple):
    name: str
    tree: ast.Module
    is_folder: bool

    @property
    def place(self) -> str:
        """The row of MAY_IMPORT that this module belongs to: its top folder, or its part of archive/."""
        names = self.name.split(".")
        return ".".join(names[: 2 if names[0] == "archive" else 1])


def read_module(path: Path) -> Module:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return Module(name.removesuffix(".__init__"), ast.parse(path.read_text()), path.name == "__init__.py")


@cache
def read_modules() -> list[Module]:
    return [read_module(path) for folder in sorted(FOLDERS) for path in sorted((ROOT / folder).rglob("*.py"))]


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted path of each module and each name that a source imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def attributes_of_our_modules(tree: ast.AST) -> Iterator[str]:
    """Each use of an attribute of a name that was imported from a module of ours, such as `retrieve.read_local`."""
    ours = {path.split(".")[-1] for path in imported(tree) if is_ours(path)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ours:
            yield f"{node.value.id}.{node.attr}"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def is_ours(module: str) -> bool:
    return module.split(".")[0] in FOLDERS


def is_inside(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


for_each_module = pytest.mark.parametrize("module", read_modules(), ids=lambda module: module.name)


@for_each_module
def test_imports_point_one_way(module: Module) -> None:
    ours = {name for name in imported(module.tree) if is_ours(name)}
    allowed = MAY_IMPORT[module.place] | {module.place}
    assert not {name for name in ours if not is_inside(name, allowed)}


@for_each_module
def test_a_migration_imports_nothing_of_ours(module: Module) -> None:
    if module.place == "archive.migrations":
        assert not list(filter(is_ours, imported(module.tree)))


@for_each_module
def test_each_heavy_library_has_one_owner(module: Module) -> None:
    used = {name.split(".")[0] for name in imported(module.tree)}
    assert not {name for name in used & OWNER.keys() if not is_inside(module.name, {OWNER[name]})}


@for_each_module
def test_no_folder_uses_a_library_that_is_barred_there(module: Module) -> None:
    barred = BARRED.get(module.name.split(".")[0], set())
    assert not {name for name in imported(module.tree) if is_inside(name, barred)}


@for_each_module
def test_no_import_of_ours_is_inside_a_function(module: Module) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(module.tree):
        assert not isinstance(node, functions) or not list(filter(is_ours, imported(node)))


@for_each_module
def test_no_module_uses_a_private_name_of_another(module: Module) -> None:
    """Neither by an import, from any library, nor as an attribute of a module of ours."""
    paths = {*imported(module.tree), *attributes_of_our_modules(module.tree)}
    assert not {path for path in paths if any(map(is_private, path.split(".")))}


@for_each_module
def test_each_folder_says_what_it_is_for(module: Module) -> None:
    if module.is_folder:
        assert ast.get_docstring(module.tree)


def test_each_folder_and_each_part_of_the_archive_is_in_the_table() -> None:
    assert {module.place for module in read_modules()} == MAY_IMPORT.keys()
