"""How a view waits without a thread: it raises a Wait, the server awaits its outcome and calls the view again."""

from collections.abc import Mapping
from typing import Any
from wsgiref.types import WSGIEnvironment

_OUTCOME = "server.outcome"  # in environ


class Wait(Exception):
    """Raised by a view that has to wait for something.

    The second call finds the outcome with `outcome_of`, and must not raise a Wait again.
    """

    async def outcome(self) -> object:
        """What the view waits for. An exception that is raised here is one of the request."""
        raise NotImplementedError


def outcome_of(environ: Mapping[str, Any]) -> Any:
    """What the view waited for; None at its first call."""
    return environ.get(_OUTCOME)


def repeat_with(outcome: object, environ: WSGIEnvironment) -> None:
    """Prepare the second call of a view: what it waited for, and its body from the beginning."""
    environ[_OUTCOME] = outcome
    environ["wsgi.input"].seek(0)
