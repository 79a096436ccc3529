"""Threads, as many as there is work for; who has had nothing to do for a while goes home.

Whoever was busy last is called first: what he needs, a connection to the index above all, is still at hand.
"""

import threading
from collections import deque
from collections.abc import Callable

_Job = Callable[[], None]


class _Hand:
    """One who waits to be called, which is to release `called`, with a job laid out."""

    def __init__(self) -> None:
        self.called = threading.Lock()
        self.called.acquire()
        self.job: _Job | None = None


class Crew:
    def __init__(self, most: int, patience: float = 30.0) -> None:
        self._most, self._patience = most, patience
        self._lock = threading.Lock()
        self._threads = 0
        self._free: list[_Hand] = []
        self._jobs: deque[_Job] = deque()  # only while nobody is free

    def do(self, job: _Job) -> None:
        """Returns at once; the job is done as soon as a thread is free, and sees to its own errors."""
        with self._lock:
            if self._free:
                hand = self._free.pop()
                hand.job = job
                hand.called.release()
                return
            if self._threads == self._most:
                self._jobs.append(job)
                return
            self._threads += 1
        threading.Thread(target=self._work, args=(job,), name="crew", daemon=True).start()

    def _work(self, job: _Job | None) -> None:
        hand = _Hand()
        while job:
            job()
            del job  # and with it the request, while we wait for another
            job = self._next(hand)

    def _next(self, hand: _Hand) -> _Job | None:
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            self._free.append(hand)
        if not hand.called.acquire(timeout=self._patience):
            with self._lock:
                if hand in self._free:  # else a job has just been laid out for us
                    self._free.remove(hand)
                    self._threads -= 1
                    return None
            hand.called.acquire()
        job, hand.job = hand.job, None
        return job
