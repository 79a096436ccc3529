"""Runs the web application with granian: `python -m hashkeep.granian_server --workers 2`, as `serve` starts it."""

import argparse
import gc
import os
import resource
import signal
import threading
import time
from functools import partial
from typing import Any

from django.conf import settings
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

import hashkeep.application

_CONNECTIONS = 20_000  # at once in each process; most of them may wait
_BUFFER = 65_536  # bytes of each connection at most
_HEADERS_WITHIN = 20_000  # milliseconds; also how long a connection may idle between requests
_KILL_AFTER = 2  # seconds that a process has to end; a request that waits keeps it that long


def _interrupt_by_signals(server: Any) -> None:
    """Have granian end at SIGTERM and SIGINT whatever it does at that moment.

    Its own handler sets an event whose lock the interrupted thread may hold, and then waits for ever; and when a
    signal reaches all processes at once, what respawns a process may clear the event. So the handler is called from
    another thread, again and again, until this process has ended (seen with granian 2.8.7, once in 11 stops).
    """

    def interrupt_until_ended() -> None:
        while True:
            server.signal_handler_interrupt()
            time.sleep(0.1)

    def start_interrupting(signal_number: int, frame: object) -> None:
        threading.Thread(target=interrupt_until_ended, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, start_interrupting)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.environ["HASHKEEP_PROCESSES"] = str(options.workers)
    server = Granian(
        f"{hashkeep.application.__name__}:application",
        address=settings.HOST,
        port=settings.PORT,
        interface=Interfaces.RSGI,
        workers=options.workers,
        backpressure=_CONNECTIONS,
        websockets=False,
        # HTTP/1 alone: nginx speaks nothing else to it, and one dialect less is to be held to.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_WITHIN, max_buffer_size=_BUFFER),
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_AFTER,
    )
    server.on_startup(partial(_interrupt_by_signals, server))
    gc.collect()
    gc.freeze()  # the workers share what has been imported until they write to it
    server.serve()


if __name__ == "__main__":
    main()
