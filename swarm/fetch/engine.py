"""Searches the BitTorrent network for any number of torrents at once, in one thread of its own.

    caller's threads                          the thread "search engine"
    search, add_peers, close
       | append an action  --> actions --+
       | wake --> wake pipe              |    1. wait for the wake pipe, or until a timer is due
                     ^                   +--> 2. run the actions of callers, and the callbacks of answers
    libtorrent's threads                 +--> 3. handle the events of the libtorrent session
       | a byte when there are alerts    +--> 4. run the actions of timers that are due
       +-- alerts --> LibtorrentSession -+    5. again, until closed and no action is left

That thread alone uses the libtorrent session and the state of all searches (SearchCoordinator), so neither has a
lock. It also calls `on_done`, which must be quick for that reason.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from functools import partial

from swarm.config import Config
from swarm.fetch.coordinator import SearchCoordinator
from swarm.fetch.pending_request import OnDone, PendingRequest
from swarm.fetch.timers import Action, Timers
from swarm.libtorrent_session import LibtorrentSession
from swarm.search_request import SearchRequest
from swarm.session_event_types import SessionEvent, SessionStatistics
from swarm.wake_pipe import WakePipe

log = logging.getLogger(__name__)

_SAVE_INTERVAL = 600.0  # seconds between two savings of the DHT table, in case this process is killed
_STATISTICS_INTERVAL = 1.0  # seconds


class SearchEngine:
    """The public methods are thread-safe."""

    def __init__(self, config: Config) -> None:
        """Starts the thread and enters the DHT."""
        self._wake_pipe = WakePipe()
        self._session = LibtorrentSession(config, self._wake_pipe.write_end)
        self._actions: deque[Action] = deque()
        self._timers = Timers()
        self._coordinator = SearchCoordinator(
            self._session, self._timers.schedule, self._actions.append, config
        )
        self._network_counts = {"dht_nodes": 0, "peers": 0, "announced": 0}
        self._is_open, self._open_lock = True, threading.Lock()
        self._thread = threading.Thread(target=self._run_loop, name="search engine", daemon=True)
        self._thread.start()

    def search(self, request: SearchRequest, seconds: float, on_done: OnDone) -> None:
        """Search for a torrent for so many seconds; does not wait.

        `on_done` is called exactly once, by the engine's thread, with the outcome. Raises RuntimeError if the engine
        is closed.
        """
        pending = PendingRequest(request, seconds, on_done)
        with self._open_lock:
            if not self._is_open:
                raise RuntimeError("the search engine is closed")
            self._call_soon(partial(self._enqueue_or_refuse, pending))

    def add_peers(self, request: SearchRequest) -> None:
        """Add the request's peers to the searches for its torrent; does nothing where there is none."""
        with self._open_lock:
            if self._is_open:
                self._call_soon(partial(self._coordinator.add_peers, request))

    def statistics(self) -> dict[str, int]:
        """Now: `dht_nodes`, `peers` (connected), `searches`. Since the start: `announced` (to the DHT), `found`,
        `missed`.
        """
        return {
            **self._network_counts,
            **self._coordinator.counts,
            "searches": self._coordinator.count_searches(),
        }

    def close(self) -> None:
        """Answer every pending request with None, save the DHT table, and wait until the thread has ended."""
        self._call_soon(self._stop_searches)
        self._thread.join()
        self._wake_pipe.close()

    def _call_soon(self, action: Action) -> None:
        self._actions.append(action)
        self._wake_pipe.wake()

    # What follows runs in the engine's thread.

    def _run_loop(self) -> None:
        self._timers.schedule(_SAVE_INTERVAL, self._save_dht_state)
        self._request_statistics()
        while self._is_open or self._actions:
            self._wake_pipe.wait(0 if self._actions else self._timers.seconds_until_next())
            for action in self._ready_actions():
                try:
                    action()
                except Exception:
                    log.exception("one step of a search failed; the others go on")
        self._session.close()

    def _ready_actions(self) -> Iterator[Action]:
        """An action may add others, which are taken in the same round."""
        while self._actions:
            yield self._actions.popleft()
        for event in self._session.pop_events():
            yield partial(self._handle_event, event)
        yield from self._timers.pop_due()

    def _enqueue_or_refuse(self, pending: PendingRequest) -> None:
        if self._is_open:
            self._coordinator.enqueue(pending)
        else:
            self._coordinator.answer(pending, None)

    def _handle_event(self, event: SessionEvent) -> None:
        match event:
            case SessionStatistics(values):
                self._network_counts["dht_nodes"] = values["dht.dht_nodes"]
                self._network_counts["peers"] = values["peer.num_peers_connected"]
                self._network_counts["announced"] = values["dht.dht_announce_peer_out"]
            case _:
                self._coordinator.handle_event(event)

    def _save_dht_state(self) -> None:
        self._timers.schedule(_SAVE_INTERVAL, self._save_dht_state)
        self._session.save_dht_state()

    def _request_statistics(self) -> None:
        self._timers.schedule(_STATISTICS_INTERVAL, self._request_statistics)
        self._session.request_statistics()

    def _stop_searches(self) -> None:
        with self._open_lock:
            self._is_open = False
        self._coordinator.stop()
        self._session.save_dht_state()
