"""What a tracker may say at most. How it is asked is seen in test_census."""

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import bencodepy
import pytest

from swarm.peers.trackers import TrackerClient, TrackerReport, TrackerSuspended
from swarm.peers.udp_tracker import ScrapeCounts, TrackerError
from tests.servers import free_port
from tests.servers.http_server import http_server

TARGET = b"\xab" * 20
PEERS = b"".join(bytes([51, n // 250, n % 250, 1, 0, 80]) for n in range(5_000))


@pytest.fixture
def said() -> dict[bytes, int]:
    """What its scrape tells, for a test to change."""
    return {b"complete": 3, b"downloaded": 50, b"incomplete": 4}


@pytest.fixture
def tracker(said: dict[bytes, int]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/announce": {b"peers": PEERS}, "/scrape": {b"files": {TARGET: said}}}
            body = bencodepy.encode(answers[self.path.partition("?")[0]])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Not on the terminal."""

    with http_server(("127.0.0.1", free_port()), Handler) as url:
        yield url


async def ask(*urls: str) -> list[TrackerReport | TrackerError]:
    trackers = TrackerClient(allow_private=True)
    answers: list[TrackerReport | TrackerError] = []
    for url in urls:
        try:
            answers.append(await trackers.ask(url, TARGET))
        except TrackerError as error:
            answers.append(error)
    await trackers.close()
    return answers


def test_of_thousands_of_peers_that_nobody_asked_for_some_are_believed(tracker: str) -> None:
    [report] = asyncio.run(ask(tracker))
    assert isinstance(report, TrackerReport)
    assert (len(report.peers), report.swarm) == (1_000, ScrapeCounts(3, 50, 4))


@pytest.mark.parametrize("number", [2**31, 10**30, -1])
def test_numbers_that_nobody_could_mean_are_not_believed(
    tracker: str, said: dict[bytes, int], number: int
) -> None:
    said[b"downloaded"] = number
    [report] = asyncio.run(ask(tracker))
    assert isinstance(report, TrackerReport)
    assert (len(report.peers), report.swarm) == (1_000, None)


def test_who_fails_three_times_in_a_row_is_left_alone(tracker: str) -> None:
    dead = f"http://127.0.0.1:{free_port()}/announce"
    answers = asyncio.run(ask(dead, dead, tracker, dead, dead, tracker))
    assert [type(answer) for answer in answers] == [TrackerError] * 2 + [
        TrackerReport,
        TrackerError,
        TrackerSuspended,
        TrackerReport,
    ]
