"""The documentation is true: every page is run, line by line, on a real Hashkeep (see tests/docs_runner.py)."""

import html
import pkgutil
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.template.loader import get_template
from prometheus_client.parser import text_string_to_metric_families

from archive.monitoring.prometheus import render_metrics
from tests import make
from tests.docs_runner import PageRunner, copy_project, read_blocks
from tests.servers import free_port
from tests.servers.hashkeep import ROOT, hashkeep
from tests.servers.libtorrent_peers import ROUTER, Content, Peer, start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.postgres import postgres
from tests.servers.qbittorrent import qbittorrent
from tests.servers.radosgw import CREDENTIALS
from tests.servers.redis import redis

MY_TORRENT = make.v1(b"Example Disc 2026.iso", 3_000_000)  # my.torrent of every page
EPISODE = make.v1(b"Example Show S01E02.mkv", 3_000_000)
REMOTE = make.v1(b"Example Disc 2027.iso", 3_000_000)
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# Commands that would change this machine change a folder in its place.
SHELL_FUNCTIONS = """
systemctl() { command systemctl --root="$MACHINE" "$@"; }
systemd-sysusers() { command systemd-sysusers --root="$MACHINE" "$@"; }
"""
NEXT_VERSION = """
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git init --quiet --initial-branch main
git add .
git commit --quiet --message 'This version'
git clone --quiet . ../upstream
echo '# The next version' >> ../upstream/requirements.txt
git -C ../upstream commit --quiet --all --message 'The next version'
git remote add origin ../upstream
git config branch.main.remote origin
git config branch.main.merge refs/heads/main
"""
PAGE_URL = "http://127.0.0.1:8000"

STORING = ROOT / "docs" / "storing.md"
READ_ELSEWHERE = {
    ".env": "every command of manage.py",
    ".aws/credentials": "boto3",
    "hashkeep.py": "tests/api/test_qbittorrent_search.py",
}

PageSetup = Callable[[Path, pytest.FixtureRequest], AbstractContextManager[PageRunner]]


@contextmanager
def page_runner(folder: Path, names: dict[str, str], env: dict[str, str]) -> Iterator[PageRunner]:
    folder = copy_project(folder / "hashkeep")
    (folder / "my.torrent").write_bytes(MY_TORRENT)
    runner = PageRunner(folder, names, env)
    try:
        yield runner
    finally:
        runner.stop_servers()


@contextmanager
def set_up_storing(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """An archive that is open to all, and one that demands a key."""
    (folder / "closed").mkdir()
    with hashkeep(folder) as open_, hashkeep(folder / "closed", UPLOADS="keys") as closed:
        key = closed.manage("keys", "issue", "Anna").stdout.strip()
        names = {PAGE_URL: open_.url, "https://closed.example": closed.url}
        with page_runner(folder, names, {"KEY": key}) as runner:
            yield runner


@contextmanager
def set_up_fetching(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """An archive that searches a BitTorrent network, in which a peer has one torrent that is not held."""
    router = "{}:{}".format(*ROUTER)
    network = {"RESOLVE": "on", "BT_LISTEN": "70.1.0.1:6881", "DHT_BOOTSTRAP": router, "TRACKERS": ""}
    with network_namespace():
        nodes = start_dht()
        seeder = Peer(("44.1.0.1", 6881), [node.address for node in nodes[1:]])
        seeder.seed(Content(Path("/nonexistent"), "theirs", REMOTE))
        with hashkeep(folder, **network) as archive:
            for number, torrent in enumerate((MY_TORRENT, EPISODE)):
                (folder / f"{number}.torrent").write_bytes(torrent)
                archive.manage("import_torrents", str(folder / f"{number}.torrent"))
            with page_runner(folder, {PAGE_URL: archive.url}, {"RESOLVE": "off"}) as runner:
                runner.run_command(".venv/bin/python manage.py migrate")  # the archive that mirrors
                yield runner


@contextmanager
def set_up_running(folder: Path, request: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """PostgreSQL, S3 and Redis, and folders in place of the machine's /etc, /srv and /backup."""
    machine, gateway = folder / "machine", request.getfixturevalue("gateway")
    for name in ("etc/systemd/system", "backup", "srv/collection"):
        (machine / name).mkdir(parents=True)
    collection = {"mine": MY_TORRENT, "theirs": REMOTE, "show": EPISODE, "private": make.v1(private=1)}
    for name, torrent in collection.items():
        (machine / "srv" / "collection" / f"{name}.torrent").write_bytes(torrent)
    (machine / "tools").write_text(SHELL_FUNCTIONS)
    key_id, secret = CREDENTIALS.values()
    with postgres() as database, redis() as cache:
        parts = urlsplit(database)
        names = {
            PAGE_URL: f"http://127.0.0.1:{(port := free_port())}",
            "127.0.0.1:5432": f"127.0.0.1:{parts.port}",
            "redis://127.0.0.1:6379/0": cache,
            "https://s3.example": gateway.endpoint,
            "my-torrents": gateway.bucket(),
            "my-key-id": key_id,
            "my-secret-key": secret,
            "/opt/hashkeep": str(folder / "hashkeep"),
            **{f"{name}/": f"{machine}{name}/" for name in ("/etc/systemd", "/srv", "/backup")},
            "-p /backup": f"-p {machine}/backup",
        }
        login = {"PGHOST": "127.0.0.1", "PGPORT": str(parts.port), "PGUSER": str(parts.username)}
        here = {
            "PORT": str(port),
            "RESOLVE": "off",
            "MACHINE": str(machine),
            "BASH_ENV": str(machine / "tools"),
        }
        with page_runner(folder, names, login | {"PGDATABASE": "postgres"} | here) as runner:
            subprocess.run(["sh", "-ec", NEXT_VERSION], cwd=runner.folder, check=True)
            runner.run_command("dropdb hashkeep")  # the page makes it
            yield runner


@contextmanager
def set_up_developing(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """A copy of the project, without any server."""
    with page_runner(folder, {}, {}) as runner:
        yield runner


@contextmanager
def set_up_readme(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """A fresh installation. RESOLVE is off, as tests send nothing to the network."""
    port = str(free_port())
    with page_runner(
        folder, {PAGE_URL: f"http://127.0.0.1:{port}"}, {"PORT": port, "RESOLVE": "off"}
    ) as runner:
        yield runner


@contextmanager
def set_up_clients(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """A running archive. The clients that the page names do not exist, so CLIENTS is empty."""
    with hashkeep(folder, CLIENTS="") as archive:
        env = {"DATA_DIR": str(folder), "RESOLVE": "off", "CLIENTS": ""}
        with page_runner(folder, {PAGE_URL: archive.url}, env) as runner:
            yield runner


@contextmanager
def set_up_torbox(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """An archive with a torrent client; the environment replaces what the page writes into `.env`."""
    with network_namespace(), qbittorrent(folder / "qbittorrent", "5.3") as daemon:
        daemon.downloads.mkdir(exist_ok=True)
        client = {
            "CLIENTS": f"home=qbittorrent://admin:a%20password@127.0.0.1:{daemon.web}",
            "CLIENT_FILES": f"home={daemon.downloads}",
        }
        with hashkeep(folder, **client) as archive:
            key = archive.manage("keys", "issue", "Anna", "--client", "home").stdout.split()[-1]
            env = {"DATA_DIR": str(folder), "RESOLVE": "off", "KEY": key, **client}
            with page_runner(folder, {PAGE_URL: archive.url}, env) as runner:
                yield runner


PAGE_SETUPS: dict[str, PageSetup] = {
    "README": set_up_readme,
    "CONTRIBUTING": set_up_developing,
    "storing": set_up_storing,
    "fetching": set_up_fetching,
    "running": set_up_running,
    "developing": set_up_developing,
    "clients": set_up_clients,
    "torbox": set_up_torbox,
}
PAGES_WITH_BLOCKS = [page for page in PAGES if any(read_blocks(page))]


@pytest.mark.timeout(900)  # a long page on a busy machine
@pytest.mark.parametrize("page", PAGES_WITH_BLOCKS, ids=lambda page: page.stem)
def test_every_command_of_a_page_prints_what_the_page_shows(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with PAGE_SETUPS[page.stem](tmp_path, request) as runner:
        runner.run_page(page)


@pytest.mark.parametrize("page", PAGES_WITH_BLOCKS, ids=lambda page: page.stem)
def test_every_block_is_a_transcript_or_a_file_that_is_used(page: Path) -> None:
    """A transcript is run; a file is named in the text before it, and read by a later command or elsewhere."""
    page_blocks = list(read_blocks(page))
    assert len(re.findall("```|~~~", page.read_text())) == 2 * len(page_blocks)
    for number, block in enumerate(page_blocks):
        later = "".join(
            later_block.text for later_block in page_blocks[number:] if later_block.language == "console"
        )
        where = f"{page.name}, line {block.line}"
        assert block.file or block.language == "console", f"{where}: neither a file nor a transcript"
        assert block.file or block.text.startswith("$ "), f"{where}: nothing is typed"
        assert f"`{block.file}`" in block.before or not block.file, f"{where}: readers do not see its name"
        assert not block.file or Path(block.file).name in later or block.file in READ_ELSEWHERE, where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", page.read_text()):
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        assert not anchor or anchor[1:] in anchors(linked), f"{target}{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_programs_on_the_page_are_those_of_the_api_page() -> None:
    context = {"base": PAGE_URL, "wsdl": f"{PAGE_URL}/api/storetorrent.wsdl"}
    shown = [block for block in read_blocks(STORING) if block.file not in ("", "key.php")]
    for program in shown:
        rendered = get_template(f"web/examples/{program.file}").render(context)
        assert program.text.strip() == html.unescape(rendered).strip()
    assert len(shown) == 6


@pytest.mark.django_db
def test_the_page_names_every_metric_that_prometheus_gets() -> None:
    section = (ROOT / "docs" / "running.md").read_text().partition("## Watching")[2].partition("\n## ")[0]
    named = {name.removesuffix("_total") for name in re.findall(r"`(hashkeep_\w+)`", section)}
    families = text_string_to_metric_families(render_metrics().decode())
    exported = {family.name.removesuffix("_created") for family in families}
    assert named == exported


DEVELOPING = (ROOT / "docs" / "developing.md").read_text()
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")}
WITH_SUBFOLDERS = ("archive", "api", "swarm", "hashkeep")
EXAMPLES = {"api/size.py", "tests/test_size.py"}  # which readers of the page write


def folders_in(folder: Path) -> set[str]:
    """The folders directly in this one, as `archive/torrents/`; without those that git ignores."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    inside = (path for path in folder.iterdir() if path.is_dir())
    return {
        f"{path.relative_to(ROOT)}/"
        for path in inside
        if path.name not in ignored and not path.name.startswith(".")
    }


def test_the_tree_on_the_page_has_every_folder_and_no_other() -> None:
    table = DEVELOPING.partition("## The tree")[2].partition("\n\n")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `([^`]*)` \|", table, re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) == folders_in(ROOT).union(*(folders_in(ROOT / folder) for folder in WITH_SUBFOLDERS))


def test_every_file_and_function_that_the_page_for_developers_names_exists() -> None:
    prose = re.sub(r"^```.*?^```$", "", DEVELOPING, flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`([\w./]+)`", prose))
    files = {name for name in named if "/" in name and not name.startswith("/")}
    assert [name for name in files - EXAMPLES if not (ROOT / name).exists()] == []
    objects = {name for name in named - files if "." in name and name.split(".")[0] in PACKAGES}
    assert len(files) > 30 and len(objects) > 20
    for name in objects:
        pkgutil.resolve_name(name)  # raises where there is no such module or attribute
