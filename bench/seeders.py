"""How soon a torrent comes from a client of another make: median milliseconds, by client and way.

python -m bench.seeders    as root: it all happens in a network namespace of its own

Every cell is found once unmeasured, since some clients tell the DHT late; then they take turns, round by round.
"""

import queue
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from swarm import FoundMetadata, SearchEngine, SearchRequest
from tests.servers.libtorrent_peers import start_dht
from tests.servers.network_namespace import network_namespace
from tests.servers.seeding_clients import seeding_clients
from tests.swarm.test_seeders import CASES, WAYS, Case, config, wish

ROUNDS, PATIENCE = 5, 100


def main() -> None:
    with network_namespace(), TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        nodes = start_dht()
        clients = stack.enter_context(seeding_clients(Path(folder)))
        sessions = {way: SearchEngine(config(f"70.1.{number}.1", way)) for number, way in enumerate(WAYS)}
        for session in sessions.values():
            stack.callback(session.close)
        cells = [(case, way) for case in CASES for way in WAYS]
        times: dict[tuple[Case, str], list[float | None]] = {cell: [] for cell in cells}
        for number in range(ROUNDS + 1):
            for cell in cells:
                case, way = cell
                taken = find(sessions[way], wish(clients, case, way))
                if number:
                    times[cell].append(taken)
        print(table(times))
        del nodes


def find(session: SearchEngine, wish: SearchRequest) -> float | None:
    answer: queue.Queue[FoundMetadata | None] = queue.Queue()
    session.search(wish, PATIENCE, answer.put)
    found = answer.get()
    return found.seconds * 1000 if found else None


def table(times: dict[tuple[Case, str], list[float | None]]) -> str:
    lines = ["| client, torrent | " + " | ".join(WAYS) + " |", "|---|" + "--:|" * len(WAYS)]
    for case in CASES:
        cells = [_cell(times[case, way]) for way in WAYS]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(times: list[float | None]) -> str:
    found = [one for one in times if one is not None]
    lost = f", {len(times) - len(found)} lost" if len(found) < len(times) else ""
    return (f"{median(found):.0f}" if found else "–") + lost


if __name__ == "__main__":
    main()
