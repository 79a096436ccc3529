"""Threads, as many as there is work for; who has had nothing to do for a while goes home."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

_Job = Callable[[], None]


class Crew:
    def __init__(self, most: int, patience: float = 30.0) -> None:
        self._most, self._patience = most, patience
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0  # threads that wait and have no job coming; below zero, jobs that no thread has yet

    def do(self, job: _Job) -> None:
        """Returns at once; the job is done as soon as a thread is free, and sees to its own errors."""
        with self._lock:
            more = self._free <= 0 and self._threads < self._most
            if more:
                self._threads += 1
            else:
                self._free -= 1
        self._jobs.put(job)
        if more:
            threading.Thread(target=self._work, name="crew", daemon=True).start()

    def _work(self) -> None:
        self._jobs.get()()
        while job := self._next():
            job()
            del job  # and with it the request, while we wait for another

    def _next(self) -> _Job | None:
        with self._lock:
            self._free += 1
        while True:
            try:
                return self._jobs.get(timeout=self._patience)
            except Empty:
                with self._lock:
                    if self._free > 0:  # else a job is on its way to us
                        self._free -= 1
                        self._threads -= 1
                        return None
