"""What is believed of a tracker's answer at most. How trackers are queried is tested in test_census."""

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import bencodepy
import pytest

from swarm.peers.query_tracker import TrackerClient, TrackerSuspended
from swarm.peers.tracker_report import ScrapeCounts, TrackerError, TrackerReport
from tests.servers import free_port
from tests.servers.http_server import http_server

TARGET = b"\xab" * 20
PEERS = b"".join(bytes([51, n // 250, n % 250, 1, 0, 80]) for n in range(5_000))


@pytest.fixture
def scrape() -> dict[bytes, int]:
    """The tracker's answer to a scrape, which a test may change."""
    return {b"complete": 3, b"downloaded": 50, b"incomplete": 4}


@pytest.fixture
def tracker(scrape: dict[bytes, int]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/announce": {b"peers": PEERS}, "/scrape": {b"files": {TARGET: scrape}}}
            body = bencodepy.encode(answers[self.path.partition("?")[0]])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps requests out of the test's output."""

    with http_server(("127.0.0.1", free_port()), Handler) as url:
        yield url


async def query(*urls: str) -> list[TrackerReport | TrackerError]:
    client = TrackerClient(allow_private=True)
    answers: list[TrackerReport | TrackerError] = []
    for url in urls:
        try:
            answers.append(await client.query(url, TARGET))
        except TrackerError as error:
            answers.append(error)
    await client.close()
    return answers


def test_of_thousands_of_unrequested_peers_a_thousand_are_believed(tracker: str) -> None:
    [report] = asyncio.run(query(tracker))
    assert isinstance(report, TrackerReport)
    assert (len(report.addresses), report.scrape) == (1_000, ScrapeCounts(3, 50, 4))


@pytest.mark.parametrize("number", [2**31, 10**30, -1])
def test_impossible_counts_are_not_believed(tracker: str, scrape: dict[bytes, int], number: int) -> None:
    scrape[b"downloaded"] = number
    [report] = asyncio.run(query(tracker))
    assert isinstance(report, TrackerReport)
    assert (len(report.addresses), report.scrape) == (1_000, None)


def test_a_tracker_that_fails_three_times_in_a_row_is_suspended(tracker: str) -> None:
    dead = f"http://127.0.0.1:{free_port()}/announce"
    answers = asyncio.run(query(dead, dead, tracker, dead, dead, tracker))
    assert [type(answer) for answer in answers] == [TrackerError] * 2 + [
        TrackerReport,
        TrackerError,
        TrackerSuspended,
        TrackerReport,
    ]
