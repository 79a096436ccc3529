"""The documentation is true: every page is followed, line by line, on a real Hashkeep (see tests/docs_runner.py)."""

import html
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

MINE = make.v1(b"Example Disc 2026.iso", 3_000_000)  # my.torrent of every page
EPISODE = make.v1(b"Example Show S01E02.mkv", 3_000_000)
THEIRS = make.v1(b"Example Disc 2027.iso", 3_000_000)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# What changes the machine changes the folder that stands for it.
TOOLS = """
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
HERE = "http://127.0.0.1:8000"

STORING = ROOT / "docs" / "storing.md"
READ_BY_OTHERS = {
    ".env": "every command of manage.py",
    ".aws/credentials": "boto3",
    "hashkeep.py": "tests/api/test_qbittorrent_search.py",
}

World = Callable[[Path, pytest.FixtureRequest], AbstractContextManager[PageRunner]]


@contextmanager
def desk(folder: Path, names: dict[str, str], env: dict[str, str]) -> Iterator[PageRunner]:
    folder = copy_project(folder / "hashkeep")
    (folder / "my.torrent").write_bytes(MINE)
    reader = PageRunner(folder, names, env)
    try:
        yield reader
    finally:
        reader.leave()


@contextmanager
def storing(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """An archive that is open to all, and one that wants a key."""
    (folder / "closed").mkdir()
    with hashkeep(folder) as open_, hashkeep(folder / "closed", UPLOADS="keys") as closed:
        key = closed.manage("keys", "issue", "Anna").stdout.strip()
        names = {HERE: open_.url, "https://closed.example": closed.url}
        with desk(folder, names, {"KEY": key}) as reader:
            yield reader


@contextmanager
def fetching(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """An archive that asks the BitTorrent network, in which somebody has one torrent more."""
    router = "{}:{}".format(*ROUTER)
    network = {"RESOLVE": "on", "BT_LISTEN": "70.1.0.1:6881", "DHT_BOOTSTRAP": router, "TRACKERS": ""}
    with network_namespace():
        nodes = start_dht()
        seeder = Peer(("44.1.0.1", 6881), [node.address for node in nodes[1:]])
        seeder.seed(Content(Path("/nonexistent"), "theirs", THEIRS))
        with hashkeep(folder, **network) as archive:
            for number, torrent in enumerate((MINE, EPISODE)):
                (folder / f"{number}.torrent").write_bytes(torrent)
                archive.manage("import_torrents", str(folder / f"{number}.torrent"))
            with desk(folder, {HERE: archive.url}, {"RESOLVE": "off"}) as reader:
                reader.type(".venv/bin/python manage.py migrate")  # of a mirror
                yield reader


@contextmanager
def running(folder: Path, request: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """A machine whose /etc and the like are folders here, beside all that an archive can grow into."""
    machine, gateway = folder / "machine", request.getfixturevalue("gateway")
    for name in ("etc/systemd/system", "backup", "srv/collection"):
        (machine / name).mkdir(parents=True)
    collection = {"mine": MINE, "theirs": THEIRS, "show": EPISODE, "private": make.v1(private=1)}
    for name, torrent in collection.items():
        (machine / "srv" / "collection" / f"{name}.torrent").write_bytes(torrent)
    (machine / "tools").write_text(TOOLS)
    key_id, secret = CREDENTIALS.values()
    with postgres() as database, redis() as cache:
        parts = urlsplit(database)
        names = {
            HERE: f"http://127.0.0.1:{(port := free_port())}",
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
        with desk(folder, names, login | {"PGDATABASE": "postgres"} | here) as reader:
            subprocess.run(["sh", "-ec", NEXT_VERSION], cwd=reader.folder, check=True)
            reader.type("dropdb hashkeep")  # the page makes it
            yield reader


@contextmanager
def developing(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """Nothing but the project."""
    with desk(folder, {}, {}) as reader:
        yield reader


@contextmanager
def newcomer(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """Somebody who has just installed it. Tests send nothing to the network, so it does not resolve."""
    port = str(free_port())
    with desk(folder, {HERE: f"http://127.0.0.1:{port}"}, {"PORT": port, "RESOLVE": "off"}) as reader:
        yield reader


@contextmanager
def staff(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """An archive of a reader's own. The clients that the page names are not asked: they are nobody's."""
    with hashkeep(folder, CLIENTS="") as archive:
        env = {"DATA_DIR": str(folder), "RESOLVE": "off", "CLIENTS": ""}
        with desk(folder, {HERE: archive.url}, env) as reader:
            yield reader


@contextmanager
def torbox(folder: Path, _: pytest.FixtureRequest) -> Iterator[PageRunner]:
    """An archive with a torrent client behind it; what the page writes into `.env` is said otherwise here."""
    with network_namespace(), qbittorrent(folder / "qbittorrent", "5.3") as daemon:
        daemon.downloads.mkdir(exist_ok=True)
        client = {
            "CLIENTS": f"home=qbittorrent://admin:a%20password@127.0.0.1:{daemon.web}",
            "CLIENT_FILES": f"home={daemon.downloads}",
        }
        with hashkeep(folder, **client) as archive:
            key = archive.manage("keys", "issue", "Anna", "--client", "home").stdout.split()[-1]
            env = {"DATA_DIR": str(folder), "RESOLVE": "off", "KEY": key, **client}
            with desk(folder, {HERE: archive.url}, env) as reader:
                yield reader


WORLDS: dict[str, World] = {
    "README": newcomer,
    "storing": storing,
    "fetching": fetching,
    "running": running,
    "developing": developing,
    "clients": staff,
    "torbox": torbox,
}
PAGES_WITH_BLOCKS = [page for page in PAGES if any(read_blocks(page))]


@pytest.mark.timeout(900)  # a long page on a busy machine
@pytest.mark.parametrize("page", PAGES_WITH_BLOCKS, ids=lambda page: page.stem)
def test_what_a_page_shows_is_so(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with WORLDS[page.stem](tmp_path, request) as reader:
        reader.follow(page)


@pytest.mark.parametrize("page", PAGES_WITH_BLOCKS, ids=lambda page: page.stem)
def test_no_block_is_left_untried(page: Path) -> None:
    """A transcript is typed; a file is read by a command that comes later, or by whoever starts where it lies."""
    told = list(read_blocks(page))
    assert len(re.findall("```|~~~", page.read_text())) == 2 * len(told)
    for number, block in enumerate(told):
        later = "".join(one.text for one in told[number:] if one.language == "console")
        where = f"{page.name}, line {block.line}"
        assert block.file or block.language == "console", f"{where}: neither a file nor a transcript"
        assert block.file or block.text.startswith("$ "), f"{where}: nothing is typed"
        assert f"`{block.file}`" in block.before or not block.file, f"{where}: readers do not see its name"
        assert not block.file or Path(block.file).name in later or block.file in READ_BY_OTHERS, where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", page.read_text()):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not anchor or anchor[1:] in anchors(there), f"{target}{anchor}"


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_programs_are_those_that_every_archive_shows() -> None:
    context = {"base": HERE, "wsdl": f"{HERE}/api/storetorrent.wsdl"}
    shown = [block for block in read_blocks(STORING) if block.file not in ("", "key.php")]
    for program in shown:
        ours = get_template(f"web/examples/{program.file}").render(context)
        assert program.text.strip() == html.unescape(ours).strip()
    assert len(shown) == 6


@pytest.mark.django_db
def test_the_figures_for_prometheus_are_those_that_are_told() -> None:
    watching = (ROOT / "docs" / "running.md").read_text().partition("## Watching")[2].partition("\n## ")[0]
    named = {name.removesuffix("_total") for name in re.findall(r"`(hashkeep_\w+)`", watching)}
    families = text_string_to_metric_families(render_metrics().decode())
    told = {family.name.removesuffix("_created") for family in families}
    assert named == told
