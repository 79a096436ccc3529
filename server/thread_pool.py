"""Threads for work that blocks, with a limit for what waits for one of them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Overloaded(Exception):
    """There is more to do than this process can take; the caller may try again later."""


class ThreadPool:
    """Called on one event loop. `queue_limit`: calls that may wait for a thread; further ones are refused."""

    def __init__(self, name: str, threads: int, queue_limit: int = 2_000) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running, self._limit = 0, threads + queue_limit

    async def run(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """The result of `work`, which is called on one of the threads. Raises Overloaded, and what `work` raises."""
        if self._running >= self._limit:
            raise Overloaded
        return await self.run_unlimited(work, *args, **options)

    async def run_unlimited(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """As `run`, for a request that was accepted before: it must come to its end."""
        self._running += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, partial(work, *args, **options))
        finally:
            self._running -= 1
