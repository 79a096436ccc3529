"""How long a search takes for a torrent that another project's client seeds: median milliseconds, by client and way.

python -m bench.resolve_by_seeding_client    as root: it all happens in a network namespace of its own

Every cell is searched for once without measuring, since some clients announce to the DHT late; then the cells take
turns, round by round.
"""

import queue
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from swarm import SearchEngine, SearchOutcome, SearchRequest
from tests.servers.libtorrent_peers import start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.seeding_clients import seeding_clients
from tests.swarm.test_seeding_clients import CASES, WAYS, Case, config_for, request_for

ROUNDS = 5
SEARCH_SECONDS = 100

Times = dict[tuple[Case, str], list[float | None]]
"""Milliseconds of each round, by case and way; None where nothing was found."""


def main() -> None:
    with network_namespace(), TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        nodes = start_dht()
        clients = stack.enter_context(seeding_clients(Path(folder)))
        engines = {way: SearchEngine(config_for(f"70.1.{number}.1", way)) for number, way in enumerate(WAYS)}
        for engine in engines.values():
            stack.callback(engine.close)
        cells = [(case, way) for case in CASES for way in WAYS]
        times: Times = {cell: [] for cell in cells}
        for number in range(ROUNDS + 1):
            for case, way in cells:
                milliseconds = measure_search(engines[way], request_for(clients, case, way))
                if number:
                    times[case, way].append(milliseconds)
        print(format_table(times))
        del nodes


def measure_search(engine: SearchEngine, request: SearchRequest) -> float | None:
    """Milliseconds; None if nothing was found."""
    outcomes: queue.Queue[SearchOutcome] = queue.Queue()
    engine.search(request, SEARCH_SECONDS, outcomes.put)
    outcome = outcomes.get()
    return outcome.seconds * 1000 if outcome else None


def format_table(times: Times) -> str:
    lines = ["| client, torrent | " + " | ".join(WAYS) + " |", "|---|" + "--:|" * len(WAYS)]
    for case in CASES:
        cells = [_format_cell(times[case, way]) for way in WAYS]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _format_cell(times: list[float | None]) -> str:
    found = [milliseconds for milliseconds in times if milliseconds is not None]
    lost = f", {len(times) - len(found)} lost" if len(found) < len(times) else ""
    return (f"{median(found):.0f}" if found else "–") + lost


if __name__ == "__main__":
    main()
