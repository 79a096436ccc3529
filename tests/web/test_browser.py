"""The pages in Chromium, against a whole Hashkeep."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests import make
from tests.servers.hashkeep import Hashkeep, hashkeep

# Without most of these Chromium sends requests to its maker when it starts.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parent.parent / "clients/node_modules/axe-core/axe.min.js"
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)
SOON = 30_000  # milliseconds, on a machine that is busy with other tests

HYBRID = make.hybrid(b"hybrid of the browser", b"hello" * 9_000)
MANY = make.v1(
    b"W" * 300, files={(b"folder %d" % (n % 40), b"w" * (n % 250) + b"%d" % n): n for n in range(2_000)}
)
TAKEN_DOWN = "CD" * 20
PAGES = {
    "front": "/",
    "api": "/api",
    "takedowns": "/takedowns",
    "statistics": "/stats?days=90",
    "hybrid": f"/view/{make.v1_hash(HYBRID)}",
    "many files": f"/view/{make.v1_hash(MANY)}",
    "taken down": f"/view/{TAKEN_DOWN}",
    "not held": f"/view/{'AB' * 20}",
    "no infohash": "/find?q=hello",
    "search": "/search?q=hybrid+browser&min_files=1",
    "newest": "/search",
    "nothing found": "/search?q=nothing",
}

SHIFTED = """() => new Promise((found) => {
  let shifted = 0;
  const watch = new PerformanceObserver((seen) => { for (const { value } of seen.getEntries()) shifted += value; });
  watch.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => found(shifted), 300);
})"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=SOON)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def filled_server(server: Hashkeep, chromium: Browser) -> Hashkeep:
    """The server, with contents for each page."""
    for torrent in (HYBRID, MANY):
        file = {"name": "a.torrent", "mimeType": "application/x-bittorrent", "buffer": torrent}
        context = chromium.new_context()
        answer = context.request.post(f"{server.url}/upload", multipart={"torrent": file})  # type: ignore[dict-item]
        assert answer.headers["x-thetorrent-result"] == "stored"
        context.close()
    order = (
        "from archive.takedowns.takedown import take_down\n"
        f"take_down(bytes.fromhex('{TAKEN_DOWN}'), 'Court order 12')"
    )
    counted = (
        "import datetime as dt; from archive.census.daily_totals import add_to_totals\n"
        "for n in range(60): add_to_totals(dt.datetime.now(dt.UTC).date() - dt.timedelta(days=n), "
        "looked=35_000, alive=20_000 + n, peers={'BR': 90_000 + n * 997 % 9_001, 'US': 12_000, 'ZZ': 9})"
    )
    for commands in (order, counted):
        server.manage("shell", "-c", commands)
    return server


@pytest.fixture
def open_page(chromium: Browser, filled_server: Hashkeep) -> Iterator[Open]:
    """Opens a path in a new browser context. At the end no page may have logged an error or used another host."""
    contexts: list[BrowserContext] = []
    trouble: list[str] = []

    def open_path(path: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=filled_server.url, **{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.extend(console_errors(page, message)))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: trouble.extend(requests_to_other_hosts(filled_server, request)))
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()
    assert not trouble


def console_errors(page: Page, message: ConsoleMessage) -> list[str]:
    """Errors and warnings, such as violations of the policy; without the status of an error page itself."""
    itself = message.location["url"] == page.url and "the server responded with a status of" in message.text
    return [message.text] if message.type in ("error", "warning") and not itself else []


def requests_to_other_hosts(server: Hashkeep, request: Request) -> list[str]:
    return [] if request.url.startswith((f"{server.url}/", "data:", "blob:")) else [request.url]


def drop_files(page: Page, *paths: Path) -> None:
    """Drops files onto the middle of the page, as from the window of a folder."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 100, "y": 300, "data": data})


def write_files(folder: Path, files: dict[str, bytes]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def displayed_count(page: Page) -> int:
    return int(page.locator("#count").inner_text().replace("\u202f", ""))


# Uploads and the live count


def test_a_dropped_file_raises_the_count_in_another_open_page(open_page: Open, tmp_path: Path) -> None:
    here, there = open_page("/"), open_page("/")
    before, torrent = displayed_count(there), make.v1(b"dropped")
    drop_files(here, *write_files(tmp_path, {"dropped.torrent": torrent}))
    expect(here.locator("#results a")).to_have_text(make.v1_hash(torrent), timeout=SOON)
    expect(there.locator("#count")).to_have_text(str(before + 1), timeout=SOON)
    expect(here.locator("#count")).to_have_text(str(before + 1), timeout=SOON)


def test_each_of_thirty_files_gets_a_result(open_page: Open, tmp_path: Path) -> None:
    good = {f"{n:02d}.torrent": make.v1(b"one of thirty, %d" % n, 200_000) for n in range(27)}
    bad = {
        "empty.torrent": b"",
        "text.torrent": b"hello",
        "<img src=x onerror=alert(1)>\u202e.torrent": b"de",
    }
    page = open_page("/")
    drop_files(page, *write_files(tmp_path, good | bad))
    expect(page.locator("#announcement")).to_have_text("Done: 27 of 30 stored, 3 refused.", timeout=SOON)
    for name, torrent in good.items():
        line = page.locator("#results li.good", has_text=name)
        assert line.locator("a").get_attribute("href") == f"/view/{make.v1_hash(torrent)}"
    said = [line.split("\n") for line in page.locator("#results li.bad").all_inner_texts()]
    assert sorted(name for name, _ in said) == sorted(name.replace("\u202e", "\ufffd") for name in bad)
    assert all(reason for _, reason in said)
    assert page.locator("#progress").evaluate("bar => bar.value") == 1


def test_every_file_of_a_dropped_folder_is_stored(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    inner = {f"{n}.torrent": make.v1(b"in a folder %d" % n) for n in range(150)}
    write_files(tmp_path / "all" / "inner", inner)
    [beside] = write_files(tmp_path, {"beside.torrent": make.v1(b"beside a folder")})
    page = open_page("/")
    drop_files(page, tmp_path / "all", beside)
    expect(page.locator("#summary")).to_have_text("151 of 151 stored", timeout=SOON)


def test_files_can_be_chosen_in_several_steps(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/")
    for n in range(2):
        paths = write_files(tmp_path, {f"chosen {n}.torrent": make.v1(b"chosen %d" % n)})
        page.locator("#files").set_input_files(paths)
        expect(page.locator("#results li.good")).to_have_count(n + 1, timeout=SOON)
    expect(page.locator("#summary")).to_have_text("1 of 1 stored")


def test_a_file_above_the_limit_is_not_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    drop_files(page, *write_files(tmp_path, {"film.mkv": bytes(10_000_001)}))
    expect(page.locator("#results li.bad")).to_contain_text("10,000,000 bytes", timeout=SOON)
    assert not [url for url in sent if url.endswith("/upload")]


def test_a_hidden_page_sends_no_request_until_it_is_visible_again(open_page: Open) -> None:
    page = open_page("/")
    page.clock.install(time=0)
    with page.expect_response("**/api/v1/stats"):
        page.reload()
    page.evaluate(HIDE, True)
    page.wait_for_timeout(500)  # requests under way end
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.pause_at(3_600_000)  # an hour passes on the page, then its clock stands still
    page.wait_for_timeout(500)
    assert not asked
    with page.expect_request("**/api/v1/stats"):
        page.evaluate(HIDE, False)


# Finding


def test_a_magnet_link_leads_to_the_torrents_page(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_label("Find a torrent").fill(f"magnet:?xt=urn:btih:{make.v1_hash(HYBRID).lower()}&dn=x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("hybrid of the browser", timeout=SOON)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == HYBRID


def test_a_search_for_words_leads_to_the_torrent(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_label("Find a torrent").fill("BROWSER, hybrid")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="hybrid of the browser").click(timeout=SOON)
    expect(page.get_by_role("heading", level=1)).to_have_text("hybrid of the browser", timeout=SOON)


# Without JavaScript


def test_searching_and_its_filters_work_without_javascript_and_by_keyboard(open_page: Open) -> None:
    page = open_page("/search", java_script_enabled=False)
    page.get_by_label("Words of a name").focus()
    page.keyboard.type("hybrid browser")
    for key in ("Tab", "Tab", "Enter", "Tab"):  # past the button, open the filters, into the first
        page.keyboard.press(key)
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is stored that has all of this")).to_be_visible(timeout=SOON)
    expect(page.get_by_label("At least, MiB")).to_have_value("1")
    page.get_by_label("At least, MiB").fill("0")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="hybrid of the browser")).to_be_visible(timeout=SOON)


def test_finding_works_without_javascript(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)
    page.get_by_label("Find a torrent").fill(make.v1_hash(HYBRID))
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("hybrid of the browser", timeout=SOON)


def test_storing_works_without_javascript(open_page: Open, tmp_path: Path) -> None:
    torrents = {f"plain {n}.torrent": make.v1(b"without JavaScript %d" % n) for n in range(3)}
    page = open_page("/", java_script_enabled=False)
    page.locator("#files").set_input_files(write_files(tmp_path, torrents))
    page.get_by_role("button", name="Store", exact=True).click()
    expect(page.locator("li.good a")).to_have_text([make.v1_hash(t) for t in torrents.values()], timeout=SOON)


def test_a_torrent_that_was_held_already_is_reported_as_such(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/")
    for n, outcome in enumerate(("stored: ", "was here already: ")):
        page.locator("#files").set_input_files(
            write_files(tmp_path / str(n), {f"{n}.torrent": make.v1(b"sent twice")})
        )
        line = page.locator("#results li.good", has_text=f"{n}.torrent")
        expect(line.locator("span")).to_have_text(
            outcome + make.v1_hash(make.v1(b"sent twice")), timeout=SOON
        )
    expect(page.locator("#summary")).to_have_text("1 of 1 stored, 1 of them here already")


# The reference of the REST API


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"])
def test_the_reference_is_accessible_also_with_open_sections(
    open_page: Open, size: ViewportSize, scheme: str
) -> None:
    page = open_page("/api/v1/docs", viewport=size, color_scheme=scheme)
    for operation in ("search", "key"):
        page.locator(f"#operations-{operation}-{operation} .opblock-summary-control").click(timeout=SOON)
    page.locator(".try-out__btn").first.click()
    expect(page.locator(".btn.execute").first).to_be_visible(timeout=SOON)
    assert page.evaluate(TOO_WIDE) <= 0
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run()")["violations"]
    bad = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in bad] == []


def test_the_reference_sends_requests_to_this_server_and_links_back(open_page: Open) -> None:
    page = open_page("/api/v1/docs")
    page.locator("#operations-stats-stats .opblock-summary-control").click(timeout=SOON)
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text(
        "200", timeout=SOON
    )
    for name in ("API", "Statistics", "Takedowns"):
        expect(page.get_by_role("navigation").get_by_role("link", name=name, exact=True)).to_be_visible()
    page.get_by_role("link", name="Hashkeep", exact=True).click()
    expect(page.locator("#count")).to_be_visible(timeout=SOON)


def test_the_reference_has_the_navigation_of_the_other_pages(open_page: Open) -> None:
    places = []
    for path in ("/takedowns", "/api/v1/docs"):
        links = open_page(path, viewport=PHONE).get_by_role("navigation", name="Pages").get_by_role("link")
        places.append([link.bounding_box() for link in links.all()])
    assert len(places[0]) == 3
    assert places[0] == places[1]


# How the pages look and feel


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_screen_does_not_shift_and_is_accessible(
    open_page: Open, name: str, size: ViewportSize, scheme: str
) -> None:
    page = open_page(PAGES[name], viewport=size, is_mobile=size is PHONE, color_scheme=scheme)
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SHIFTED) == 0
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run()")
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_a_count_of_hundreds_of_millions_fits_the_page(open_page: Open, width: int) -> None:
    page = open_page("/", viewport={"width": width, "height": 800})
    page.locator("#count").evaluate("count => count.textContent = '888\\u202f888\\u202f888'")
    assert page.evaluate(TOO_WIDE) <= 0


@pytest.mark.parametrize("width", [320, 390, 480, 481, 1280])
def test_uploading_shifts_nothing_above_the_results(open_page: Open, tmp_path: Path, width: int) -> None:
    page = open_page("/", viewport={"width": width, "height": 800})
    before = page.locator("#upload").bounding_box()
    drop_files(page, *write_files(tmp_path, {f"{n}.torrent": b"x" for n in range(5)}))
    expect(page.locator("#results li.bad")).to_have_count(5, timeout=SOON)
    assert page.locator("#upload").bounding_box() == before


def test_numbers_are_aligned_with_the_lines_of_their_table(open_page: Open) -> None:
    ends = """table => {
      const figures = document.createRange();
      figures.selectNodeContents(table.querySelector("td:last-child"));
      return [figures.getBoundingClientRect().right, table.getBoundingClientRect().right];
    }"""
    figures, rule = open_page("/stats").locator("main > table.figures").first.evaluate(ends)
    assert figures == pytest.approx(rule, abs=1)


def test_the_colour_scheme_follows_the_system(open_page: Open) -> None:
    for scheme, expected in (("light", range(200, 256)), ("dark", range(60))):
        page = open_page("/", color_scheme=scheme)
        color = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert all(int(part) in expected for part in color.removeprefix("rgb(").removesuffix(")").split(", "))


def test_the_keyboard_reaches_everything_with_a_visible_focus(open_page: Open) -> None:
    page = open_page("/")
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("() => document.activeElement.id || document.activeElement.textContent.trim()")
        )
    assert reached[:5] == ["Skip to the content", "Hashkeep", "API", "Statistics", "Takedowns"]
    assert reached[5:9] == ["q", "Find", "the newest", "files"]
    page.locator("#files").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    outline = page.locator("#choose").evaluate("label => getComputedStyle(label).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_admins_fields_are_wide_enough_for_an_infohash(
    open_page: Open, server: Hashkeep, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setitem(server.env, "DJANGO_SUPERUSER_PASSWORD", "secret")
    person = ("--username", f"anna{width}", "--email", "anna@example.org")
    server.manage("createsuperuser", "--noinput", *person)
    page = open_page("/admin/login/", viewport={"width": width, "height": 800})
    page.get_by_label("Username").fill(f"anna{width}")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")
    for table in ("film", "torrent", "watched"):
        page.goto(f"/admin/archive/{table}/")
        assert page.locator("#searchbar").evaluate("field => field.offsetWidth") > 250
        assert page.evaluate(TOO_WIDE) <= 0
    page.goto("/admin/archive/film/add/")
    field = page.locator("#id_infohash")
    field.fill(make.v1_hash(HYBRID))
    assert field.evaluate("field => field.scrollWidth - field.clientWidth") <= 0


def test_if_uploads_need_a_key_the_page_sends_it_with_every_file(chromium: Browser, tmp_path: Path) -> None:
    torrent = make.v1(b"stored with a key")
    file = FilePayload(name="my.torrent", mimeType="application/x-bittorrent", buffer=torrent)
    with hashkeep(tmp_path, UPLOADS="keys") as guarded:
        key = guarded.manage("keys", "issue", "browser").stdout.strip()
        page = chromium.new_page()
        sent: list[Request] = []
        page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
        page.goto(guarded.url)
        page.get_by_label("Choose files").set_input_files(file)
        drop_files(page, *write_files(tmp_path, {"dropped.torrent": make.v1(b"dropped without a key")}))
        expect(page.get_by_role("alert")).to_contain_text("Storing needs a key.", timeout=SOON)
        expect(page.get_by_label("Your key")).to_be_focused()
        assert not sent
        page.keyboard.type(key)
        page.keyboard.press("Enter")
        expect(page.locator("#results li.good")).to_have_count(2, timeout=SOON)
        expect(page.locator("#results")).to_contain_text(make.v1_hash(torrent))
        expect(page.get_by_role("alert")).to_be_empty()
        page.get_by_label("Choose files").set_input_files(file)
        expect(page.locator("#summary")).to_have_text("1 of 1 stored, 1 of them here already", timeout=SOON)
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_key_field_looks_like_the_search_box(
    chromium: Browser, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    look = """field => {
      const { height, backgroundColor, borderColor, borderRadius, color } = getComputedStyle(field);
      return [height, backgroundColor, borderColor, borderRadius, color];
    }"""
    with hashkeep(tmp_path, UPLOADS="keys") as guarded:
        page = chromium.new_page(color_scheme=scheme)
        page.goto(guarded.url)
        assert page.locator("#key").evaluate(look) == page.locator("#q").evaluate(look)
        page.evaluate(AXE.read_text())
        assert page.evaluate("() => axe.run()")["violations"] == []
        page.close()
