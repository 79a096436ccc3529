"""Any number of wishes at once: who waits for what, until when, and is told what.

One thread owns the network and all searches. It sleeps until the network has news, a wish comes in or something
is due, and it alone calls back.
"""

import heapq
import itertools
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from swarm.config import Config
from swarm.fetch.piece_layers import PieceLayersFetch
from swarm.fetch.search import PendingRequest, Search
from swarm.fetch.start_queue import StartQueue
from swarm.libtorrent_session import (
    Address,
    Event,
    LibtorrentSession,
    MetadataMismatch,
    MetadataReceived,
    MetadataUnusable,
    PeersFound,
    PieceLayersReceived,
    SessionStatistics,
)
from swarm.search_request import FoundMetadata, SearchRequest, hash_info_dictionary

log = logging.getLogger(__name__)

Task = Search | PieceLayersFetch
Action = Callable[[], object]

_LAYERS_WITHIN = 3.0
# If somebody knows the v2 hash, and is only slow or a liar.
_LAYERS_AT_LAST = 7.0
_LAYERS_AT_ONCE = 32_000_000  # bytes; libtorrent keeps them twice, and works on them while others wait
_KEEP_EVERY = 600.0
_COUNT_EVERY = 1.0


class SearchEngine:
    def __init__(self, config: Config) -> None:
        self._ear, self._wake = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._wake, False)
        self._network = LibtorrentSession(config, self._wake)
        self._trackers, self._max_torrent = config.trackers, config.max_torrent
        self._calls: deque[Action] = deque()
        self._due: list[tuple[float, int, Action]] = []
        self._numbers = itertools.count()
        self._tasks: dict[bytes, Search | PieceLayersFetch] = {}  # by target, a hybrid's under two
        self._line = StartQueue(self._begin, self._later)
        self._counts = {"dht_nodes": 0, "peers": 0, "announced": 0, "found": 0, "missed": 0}
        self._open, self._door = True, threading.Lock()
        self._thread = threading.Thread(target=self._run, name="swarm", daemon=True)
        self._thread.start()

    def search(
        self, wish: SearchRequest, seconds: float, done: Callable[[FoundMetadata | None], None]
    ) -> None:
        """Returns at once. `done` is called exactly once, by the session's thread; with None when time is over."""
        now = time.monotonic()
        enter = partial(self._enter, PendingRequest(wish, now, now + seconds, done))
        with self._door:
            if not self._open:
                raise RuntimeError("the session is closed")
            self._call(enter)

    def add_peers(self, wish: SearchRequest) -> None:
        """Of peers that it may be had from, if it is being searched for; else nothing begins, and nobody is told."""
        with self._door:
            if self._open:
                self._call(partial(self._line.join, wish))

    def statistics(self) -> dict[str, int]:
        return self._counts | {"searches": len(set(self._tasks.copy().values()))}

    def close(self) -> None:
        """Who still waits gets None; the DHT table is kept."""
        self._call(self._stop)
        self._thread.join()
        os.close(self._ear)
        os.close(self._wake)

    # What follows runs in the session's own thread.

    def _enter(self, waiting: PendingRequest) -> None:
        if not self._open:
            return self._answer(waiting, None)
        self._later(waiting.until - time.monotonic(), partial(self._expire, waiting))
        return self._line.join(waiting)

    def _begin(self, who: PendingRequest | SearchRequest) -> Search | None:
        """The search, if there was none for this torrent yet; a Wish by itself only tells of its peers."""
        if isinstance(who, PendingRequest):
            return self._begin_for(who)
        for task in self._under_way(who):
            task.meet(who.peers)
        return None

    def _under_way(self, wish: SearchRequest) -> set[Task]:
        return {task for target in wish.targets if (task := self._tasks.get(target))}

    def _begin_for(self, waiting: PendingRequest) -> Search | None:
        wish = waiting.wish
        under_way = [task for one in wish.hashes if (task := self._tasks.get(one[:20]))]
        task = under_way[0] if under_way else Search(self._network, self._later, self._trackers)
        if isinstance(task, PieceLayersFetch) and not wish.met_by(*task.hashes):
            self._answer(waiting, None)
            return None
        task.waiting.append(waiting)
        if isinstance(task, PieceLayersFetch):
            task.meet(wish.peers)
            return None
        for one in wish.hashes:
            if self._tasks.setdefault(one[:20], task) is task:
                task.look_for(one)
        task.meet(wish.peers)
        task.ask(wish.trackers)
        return None if under_way else task

    def _hear(self, event: Event) -> None:
        match event:
            case SessionStatistics(values):
                self._counts["dht_nodes"] = values["dht.dht_nodes"]
                self._counts["peers"] = values["peer.num_peers_connected"]
                self._counts["announced"] = values["dht.dht_announce_peer_out"]
            case MetadataReceived():
                self._found(event)
            case _:
                self._tell(self._tasks.get(event.target), event)

    def _tell(
        self, task: Task | None, event: PeersFound | MetadataMismatch | MetadataUnusable | PieceLayersReceived
    ) -> None:
        match task, event:
            case Search(), PeersFound(target, peers):
                task.meet(peers, target)
            case Search(), MetadataMismatch(target):
                task.doubt(target)
            case Search(), MetadataUnusable(target, why):
                self._give_up(task, target, why)
            case PieceLayersFetch(), PieceLayersReceived(_, layers) if layers is not None:
                self._completed(task, layers)

    def _found(self, metadata: MetadataReceived) -> None:
        """By two searches at once, if a hybrid was wished for by its v1 and by its v2 hash."""
        info = metadata.info
        v1, v2 = hash_info_dictionary(info)
        targets = (v1, v2[:20])
        searches = {task for target in targets if isinstance(task := self._tasks.get(target), Search)}
        waiting = [each for search in searches for each in search.waiting]
        met = [each for each in waiting if each.wish.met_by(v1, v2)]
        more = bool(met) and self._may_complete(metadata)
        peers = {peer for search in searches for peer in search.peers()} if more else set()
        for search in searches:
            self._end(search)
        if more:
            self._complete(metadata, (v1, v2), peers, met)
        for each in waiting:
            if each not in met and not each.wish.targets.isdisjoint(targets):
                self._answer(each, None)  # its two hashes are of two torrents
            elif each not in met:
                self._begin_for(each)
            elif not more:
                self._answer(each, info, {} if metadata.has_v2 and not metadata.layers else None)

    def _give_up(self, search: Search, target: bytes, why: str) -> None:
        waiting = search.waiting
        self._end(search)
        for each in waiting:
            if target in each.wish.targets:
                self._answer(each, b"", unusable=why)
            else:
                self._begin_for(each)

    def _may_complete(self, metadata: MetadataReceived) -> bool:
        """150 bytes of metadata can ask for 64 MB of piece layers."""
        if not metadata.layers or len(metadata.info) + metadata.layers > self._max_torrent:
            return False
        under_way = sum(task.size for task in set(self._tasks.values()) if isinstance(task, PieceLayersFetch))
        return under_way + metadata.layers <= _LAYERS_AT_ONCE

    def _complete(
        self,
        metadata: MetadataReceived,
        names: tuple[bytes, bytes],
        peers: set[Address],
        waiting: list[PendingRequest],
    ) -> None:
        completion = PieceLayersFetch(self._network, self._later, metadata, names, peers)
        completion.waiting = waiting
        self._tasks |= dict.fromkeys(completion.targets, completion)
        hopeless = partial(self._completed, completion, None)
        self._later(_LAYERS_WITHIN * completion.slowness, lambda: None if completion.hopeful else hopeless())
        self._later(_LAYERS_AT_LAST * completion.slowness, hopeless)

    def _completed(self, completion: PieceLayersFetch, layers: dict[bytes, bytes] | None) -> None:
        if completion not in self._tasks.values():
            return  # over long since; what is fetched by that name now is another search's
        self._end(completion)
        for each in completion.waiting:
            self._answer(each, completion.info, layers)
        completion.waiting = []

    def _expire(self, waiting: PendingRequest) -> None:
        if self._line.leave(waiting):
            self._answer(waiting, None)
        for task in self._under_way(waiting.wish):
            if waiting in task.waiting:
                task.waiting.remove(waiting)
                self._answer(waiting, task.info if isinstance(task, PieceLayersFetch) else None)
                if not task.waiting:
                    self._end(task)

    def _end(self, task: Task) -> None:
        for target in task.targets:
            if self._tasks.get(target) is task:
                del self._tasks[target]
        task.end()
        if isinstance(task, Search):
            self._line.over(task)

    def _answer(
        self,
        waiting: PendingRequest,
        info: bytes | None,
        layers: dict[bytes, bytes] | None = None,
        unusable: str = "",
    ) -> None:
        seconds = time.monotonic() - waiting.began
        found = FoundMetadata(info, layers, seconds, unusable) if info is not None else None
        self._counts["found" if found else "missed"] += 1
        self._calls.append(partial(waiting.done, found))

    def _stop(self) -> None:
        with self._door:
            self._open = False
        for task in set(self._tasks.values()):
            for each in task.waiting:
                self._answer(each, None)
            self._end(task)
        for who in self._line.dissolve():
            if isinstance(who, PendingRequest):
                self._answer(who, None)
        self._network.keep()

    def _keep(self) -> None:
        """Every now and then, for the day this process is killed."""
        self._later(_KEEP_EVERY, self._keep)
        self._network.keep()

    def _count(self) -> None:
        self._later(_COUNT_EVERY, self._count)
        self._network.ask_statistics()

    def _call(self, action: Action) -> None:
        """From any thread."""
        self._calls.append(action)
        with suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._wake, b"!")

    def _later(self, seconds: float, action: Action) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), action))

    def _run(self) -> None:
        self._later(_KEEP_EVERY, self._keep)
        self._count()
        while self._open or self._calls:
            for action in self._next():
                try:
                    action()
                except Exception:
                    log.exception("one step of a search failed; the others go on")
        self._network.close()

    def _next(self) -> Iterator[Action]:
        until = self._due[0][0] - time.monotonic()
        select.select([self._ear], [], [], 0 if self._calls else max(until, 0))
        with suppress(BlockingIOError):
            os.read(self._ear, 65536)
        while self._calls:
            yield self._calls.popleft()
        for event in self._network.events():
            yield partial(self._hear, event)
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            yield heapq.heappop(self._due)[2]
