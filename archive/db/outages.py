"""Turns errors of the database and of the storage into the archive's own error, Unavailable."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError

import storage
from archive.errors import Unavailable
from archive.metrics import failures

_log = logging.getLogger(__name__)


@contextmanager
def outages() -> Iterator[None]:
    """Raise Unavailable where the code inside fails because of the database or the storage.

    The cause goes to the log and to the metric of failures, and not into the message.
    """
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        _log.error("The index fails: %s", error)
        failures.labels("database").inc()
        raise Unavailable("The index cannot be reached right now; please try again later.") from error
    except storage.StorageUnavailable as error:
        _log.error("The storage fails: %s", error)
        failures.labels("storage").inc()
        raise Unavailable("The storage cannot be used right now; please try again later.") from error
