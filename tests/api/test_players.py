"""Chromium as a player: it plays from a link and seeks, and runs no script that is in a torrent."""

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.servers.file_server import FileServer, file_server
from tests.web.test_browser import SOON, chromium

__all__ = ["chromium"]  # the fixture

SECONDS = 3600
SCRIPT = b"document.title = 'loud'; fetch('/api/v1/key')"
PAGE = b"<title>quiet</title><script>%s</script>" % SCRIPT
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg"><script>%s</script></svg>' % SCRIPT
PLAY = """(url) => new Promise((done, failed) => {
  const player = document.body.appendChild(document.createElement("audio"));
  player.muted = true;
  player.onerror = () => failed(player.error.message);
  player.onseeked = () => done([player.duration, player.currentTime, player.seekable.end(0)]);
  player.onloadedmetadata = () => { player.currentTime = 3000; };
  player.src = url;
})"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileServer]:
    films = tmp_path_factory.mktemp("films")
    (films / "1 page.html").write_bytes(PAGE)
    (films / "2 picture.svg").write_bytes(PICTURE)
    with wave.open(str(films / "3 sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 8000 * SECONDS))
    with file_server(tmp_path_factory.mktemp("file_server"), films) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, archive: FileServer) -> Iterator[Page]:
    with chromium.new_context(base_url=archive.server.url) as context:
        yield context.new_page()


def test_chromium_plays_a_file_and_seeks(page: Page, archive: FileServer) -> None:
    ranges: list[str] = []
    page.on("request", lambda request: ranges.append(request.headers.get("range", "")))
    duration, at, end = page.evaluate(PLAY, f"{archive.server.url}{archive.link(file_id=2)}")
    assert (duration, at, end) == (SECONDS, 3000, SECONDS)
    assert len([asked for asked in ranges if asked.startswith("bytes=")]) > 1


@pytest.mark.parametrize(("file", "content"), [(0, PAGE), (1, PICTURE)])
def test_a_page_or_picture_with_scripts_is_saved_and_not_run(
    page: Page, archive: FileServer, file: int, content: bytes
) -> None:
    page.goto("/takedowns.txt")
    with page.expect_download(timeout=SOON) as download:
        page.evaluate("(url) => { location.href = url }", archive.link(file_id=file))
    assert Path(download.value.path()).read_bytes() == content


def test_scripts_do_not_run_in_a_frame_either(page: Page, archive: FileServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/takedowns.txt")
    for file in (0, 1):
        link = archive.link(file_id=file)
        page.evaluate(
            "(url) => { document.body.append(Object.assign(document.createElement('object'), {data: url})) }",
            link,
        )
        expect(page.locator("object")).to_have_count(file + 1)
    page.wait_for_timeout(500)
    assert not [url for url in asked if url.endswith("/api/v1/key")]
