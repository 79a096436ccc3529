"""Decides which search a request waits for, and what each event of the libtorrent session means for the requests.

    request --> start queue --> Search --> metadata found, no piece layers needed ------> answer
                                  |                                                         ^
                                  +------> metadata found --> PieceLayersFetch -------------+
                                                                complete, or out of time

Requests for the same torrent share one search. A request may end before its search (its time is over), and a search
ends with its last request. Everything here runs in the thread of the search engine.
"""

from collections.abc import Callable
from functools import partial

from swarm.config import Config
from swarm.fetch.pending_request import PendingRequest
from swarm.fetch.piece_layers import PieceLayersFetch
from swarm.fetch.search import Search
from swarm.fetch.start_queue import StartQueue
from swarm.fetch.timers import Action, Schedule
from swarm.libtorrent_session import LibtorrentSession
from swarm.outcome import FoundMetadata, SearchOutcome, UnusableMetadata
from swarm.search_request import PeerAddress, SearchRequest
from swarm.session_event_types import (
    MetadataMismatch,
    MetadataReceived,
    MetadataUnusable,
    PeersFound,
    PieceLayersReceived,
    TargetEvent,
)
from swarm.torrent_file import hash_info_dictionary

Task = Search | PieceLayersFetch

# Seconds until a torrent is answered without its piece layers: if no peer that knows the v2 hash has connected; and
# if one has, which is slow or lies. Both are multiplied by the fetch's time factor.
_LAYERS_SECONDS = 3.0
_LAYERS_SECONDS_WITH_V2_PEER = 7.0
# Together, of all fetches under way: libtorrent keeps the layers twice in memory, and other torrents wait while it
# works on them.
_MAX_LAYERS_BYTES = 32_000_000


class SearchCoordinator:
    def __init__(
        self,
        session: LibtorrentSession,
        schedule: Schedule,
        call_soon: Callable[[Action], None],
        config: Config,
    ) -> None:
        """`call_soon` runs an action after the present step; answers are given that way."""
        self.counts = {"found": 0, "missed": 0}
        """Answers with and without metadata since the start. Metadata that is unusable counts as found."""
        self._session, self._schedule, self._call_soon = session, schedule, call_soon
        self._trackers, self._max_torrent_bytes = config.trackers, config.max_torrent_bytes
        self._tasks: dict[bytes, Task] = {}  # by target: that of a hybrid torrent is there twice
        self._start_queue = StartQueue(self._start_request, schedule)

    def enqueue(self, pending: PendingRequest) -> None:
        """The request is answered at its deadline, even if it is still queued then."""
        self._schedule(pending.remaining_seconds(), partial(self._expire_request, pending))
        self._start_queue.put(pending)

    def add_peers(self, request: SearchRequest) -> None:
        """Add the request's peers to whatever is queued or under way for its targets; starts nothing."""
        for task in self._tasks_under_way(request):
            task.add_peers(request.peers)
        for pending in self._start_queue:
            if not pending.request.targets.isdisjoint(request.targets):
                pending.more_peers += request.peers

    def handle_event(self, event: MetadataReceived | TargetEvent) -> None:
        """An event for a task that has ended is ignored."""
        if isinstance(event, MetadataReceived):
            self._handle_metadata(event)
            return
        match self._tasks.get(event.target), event:
            case Search() as search, PeersFound(target, peers):
                search.add_peers(peers, target)
            case Search() as search, MetadataMismatch(target):
                search.handle_mismatch(target)
            case Search() as search, MetadataUnusable(target, reason):
                self._handle_unusable(search, target, reason)
            case PieceLayersFetch() as fetch, PieceLayersReceived(_, layers) if layers is not None:
                self._finish_layers(fetch, layers)

    def answer(self, pending: PendingRequest, outcome: SearchOutcome) -> None:
        self.counts["found" if outcome else "missed"] += 1
        self._call_soon(partial(pending.on_done, outcome))

    def count_searches(self) -> int:
        """Searches and piece layer fetches under way. May be called by any thread."""
        return len(set(self._tasks.copy().values()))

    def stop(self) -> None:
        """End all tasks, and answer every request with None."""
        for task in set(self._tasks.values()):
            for pending in task.requests:
                self.answer(pending, None)
            self._end_task(task)
        for pending in self._start_queue.drain():
            self.answer(pending, None)

    def _tasks_under_way(self, request: SearchRequest) -> list[Task]:
        """Without repetition, in the order of the request's infohashes."""
        found = (self._tasks.get(infohash[:20]) for infohash in request.infohashes)
        return list(dict.fromkeys(task for task in found if task))

    def _start_request(self, pending: PendingRequest) -> Search | None:
        """Let the request wait for a task under way, or for a new search, which is returned."""
        request = pending.request
        under_way = self._tasks_under_way(request)
        task = under_way[0] if under_way else Search(self._session, self._schedule, self._trackers)
        if isinstance(task, PieceLayersFetch):
            if request.matches(*task.infohashes):
                task.requests.append(pending)
                task.add_peers(pending.peers)
            else:
                self.answer(pending, None)
            return None
        task.requests.append(pending)
        for infohash in request.infohashes:
            if self._tasks.setdefault(infohash[:20], task) is task:
                task.add_infohash(infohash)
        task.add_peers(pending.peers)
        task.add_trackers(request.trackers)
        return None if under_way else task

    def _handle_metadata(self, metadata: MetadataReceived) -> None:
        """Answer the requests that this info dictionary matches, or fetch its piece layers for them first.

        It ends two searches if a hybrid torrent is searched for by its v1 hash and, apart from that, by its v2 hash.
        """
        v1, v2 = infohashes = hash_info_dictionary(metadata.info)
        searches = {task for target in (v1, v2[:20]) if isinstance(task := self._tasks.get(target), Search)}
        requests = [pending for search in searches for pending in search.requests]
        matching = [pending for pending in requests if pending.request.matches(v1, v2)]
        fetches_layers = bool(matching) and self._may_fetch_layers(metadata)
        peers = {peer for search in searches for peer in search.known_peers()} if fetches_layers else set()
        for search in searches:
            self._end_task(search)
        if fetches_layers:
            self._start_layers(metadata, infohashes, peers, matching)
        else:
            layers: dict[bytes, bytes] | None = (
                {} if metadata.has_v2 and not metadata.piece_layers_size else None
            )
            for pending in matching:
                self.answer(pending, FoundMetadata(metadata.info, layers, pending.elapsed_seconds()))
        for pending in requests:
            if pending not in matching:
                self._handle_other_metadata(pending, {v1, v2[:20]})

    def _handle_other_metadata(self, pending: PendingRequest, targets: set[bytes]) -> None:
        """Metadata of these targets was received, which the request does not match; its search has ended."""
        if pending.request.targets.isdisjoint(targets):
            self._start_request(pending)  # it shared the search through its other hash
        else:
            self.answer(pending, None)  # its two hashes are of two torrents

    def _handle_unusable(self, search: Search, target: bytes, reason: str) -> None:
        self._end_task(search)
        for pending in search.requests:
            if target in pending.request.targets:
                self.answer(pending, UnusableMetadata(reason, pending.elapsed_seconds()))
            else:
                self._start_request(pending)

    def _may_fetch_layers(self, metadata: MetadataReceived) -> bool:
        """Whether there are layers, and they are not too large: 150 bytes of metadata can ask for 64 MB of them."""
        size = metadata.piece_layers_size
        if not size or len(metadata.info) + size > self._max_torrent_bytes:
            return False
        under_way = sum(task.size for task in set(self._tasks.values()) if isinstance(task, PieceLayersFetch))
        return under_way + size <= _MAX_LAYERS_BYTES

    def _start_layers(
        self,
        metadata: MetadataReceived,
        infohashes: tuple[bytes, bytes],
        peers: set[PeerAddress],
        requests: list[PendingRequest],
    ) -> None:
        fetch = PieceLayersFetch(self._session, self._schedule, metadata, infohashes, peers)
        fetch.requests = requests
        self._tasks |= dict.fromkeys(fetch.targets, fetch)
        give_up = partial(self._finish_layers, fetch, None)
        self._schedule(_LAYERS_SECONDS * fetch.time_factor, lambda: None if fetch.has_v2_peers else give_up())
        self._schedule(_LAYERS_SECONDS_WITH_V2_PEER * fetch.time_factor, give_up)

    def _finish_layers(self, fetch: PieceLayersFetch, layers: dict[bytes, bytes] | None) -> None:
        if fetch not in self._tasks.values():
            return  # it has ended; a task of the same target is another search's
        self._end_task(fetch)
        for pending in fetch.requests:
            self.answer(pending, FoundMetadata(fetch.info, layers, pending.elapsed_seconds()))
        fetch.requests = []

    def _expire_request(self, pending: PendingRequest) -> None:
        """The request's time is over: answer it with what is known, unless it has been answered."""
        if self._start_queue.remove(pending):
            self.answer(pending, None)
        for task in self._tasks_under_way(pending.request):
            if pending in task.requests:
                task.requests.remove(pending)
                outcome = None
                if isinstance(task, PieceLayersFetch):
                    outcome = FoundMetadata(task.info, None, pending.elapsed_seconds())
                self.answer(pending, outcome)
                if not task.requests:
                    self._end_task(task)

    def _end_task(self, task: Task) -> None:
        for target in task.targets:
            if self._tasks.get(target) is task:
                del self._tasks[target]
        task.stop()
        if isinstance(task, Search):
            self._start_queue.release(task)
