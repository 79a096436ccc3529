"""The OpenAPI description of the REST API: it is valid and complete, and the server keeps to it.

schemathesis sends what the description allows, and much that it does not; `make fuzz` goes on for longer.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.validation import validate_schema
from playwright.sync_api import Browser, expect

from api.rest.openapi import build_schema
from tests import make
from tests.fuzz_rest import fuzz
from tests.servers.hashkeep import Hashkeep
from tests.web.test_browser import SOON, chromium

__all__ = ["chromium"]  # the fixture


def routes(resolver: URLResolver, before: str = "/") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        here = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, here)
        elif isinstance(entry, URLPattern):
            yield re.sub(r"<\w+:(\w+)>", r"{\1}", here), entry.callback


def test_the_description_is_openapi_3_1() -> None:
    validate_schema(build_schema())
    assert build_schema()["openapi"] == "3.1.0"


def test_the_description_covers_every_route_and_method() -> None:
    ours = {path: view for path, view in routes(get_resolver()) if path.startswith("/api/v1/")}
    assert len(ours) > 10
    assert set(build_schema()["paths"]) == set(ours)
    for path, view in ours.items():
        cls = getattr(view, "view_class", None)
        methods = {"get", "post", "put", "patch", "delete"} & set(dir(cls)) if cls else {"get"}
        assert set(build_schema()["paths"][path]) == methods, path


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    operations = [one for path in build_schema()["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["summary"] and one["description"] for one in operations)
    assert "`" in str(operations) and not [one for one in operations if "`" in one["summary"]]


def test_the_description_has_its_own_media_type(client: Client) -> None:
    answer = client.get("/api/v1/schema")
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json"
    assert answer.json() == client.get("/api/v1/schema", headers={"Accept": "application/json"}).json()


def test_schemathesis_finds_no_fault(tmp_path: Path) -> None:
    assert fuzz(tmp_path, examples=10) > 300


def test_the_docs_page_lists_and_tries_every_route_under_its_security_policy(
    server: Hashkeep, chromium: Browser
) -> None:
    context = chromium.new_context(base_url=server.url)
    torrent = {"name": "a", "mimeType": "application/x-bittorrent", "buffer": make.v1(b"documented")}
    context.request.post(f"{server.url}/upload", multipart={"torrent": torrent})  # type: ignore[dict-item]
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on(
        "request", lambda request: trouble.append(request.url) if is_elsewhere(server, request.url) else None
    )
    policy = (page.goto("/api/v1/docs") or pytest.fail()).headers["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy
    operations = sum(len(methods) for methods in build_schema()["paths"].values())
    expect(page.locator(".opblock")).to_have_count(operations, timeout=SOON)
    page.locator("#operations-lookup-lookup .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("q", exact=True).fill(make.v1_hash(make.v1(b"documented")))
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table").first).to_contain_text('"documented"', timeout=SOON)
    assert trouble == []
    context.close()


def is_elsewhere(server: Hashkeep, url: str) -> bool:
    return not url.startswith((server.url, "data:"))
