"""How every client is asked: in so many seconds, for so many bytes, and whatever comes back is an answer or an error.

A client may be slow in looking up its name, in connecting, in its headers or its body, a byte at a time. No library
has one limit over all that, so the call runs beside us, and is left alone when its time is up.
"""

import ssl
import time
from collections.abc import Callable
from functools import wraps
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import MaxRetryError

from clients import ClientAddress, ClientError, Garbled, NoAnswer, RejectedTracker, Unreachable

_MOST = 50_000_000  # bytes of one answer: qBittorrent's list of some 30,000 torrents
_CHUNK = 65_536
_QUOTED = 200  # characters
_ANNOUNCES = {"http", "https", "udp", "ws", "wss"}

P = ParamSpec("P")
R = TypeVar("R")


class Asking(Protocol):
    address: ClientAddress
    timeout: float

    def translated(self, error: Exception) -> ClientError | None:
        """What an error of its library's own means; None where it means nothing known."""


S = TypeVar("S", bound=Asking)


def with_deadline(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A method that talks to the client: it returns in time, or raises a ClientError."""

    @wraps(method)
    def ask(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        outcome: SimpleQueue[R | ClientError] = SimpleQueue()

        def call() -> None:
            try:
                outcome.put(method(self, *args, **kwargs))
            except ClientError as error:
                outcome.put(error)
            except Exception as error:
                outcome.put(self.translated(error) or _below(self, error) or _garbled(self, error))

        # Not of a pool: those are waited for when the program ends.
        Thread(target=call, daemon=True).start()
        try:
            result = outcome.get(timeout=self.timeout)
        except Empty:
            raise _no_answer(self) from None
        if isinstance(result, ClientError):
            raise result
        return result

    return ask


def _below(asking: Asking, error: Exception) -> ClientError | None:
    """Both libraries put every failure of requests into a class of their own, which tells less."""
    match error.__context__:
        case ClientError() as ours:
            return ours
        case requests.Timeout():
            return _no_answer(asking)
        case requests.exceptions.SSLError() as untrusted:
            return _untrusted(asking, untrusted)
        case requests.ConnectionError(args=[MaxRetryError(), *_]):
            return Unreachable(f"{asking.address} cannot be reached.")
        case requests.ConnectionError():
            return Unreachable(f"{asking.address} breaks the connection off.")
    return None


def _untrusted(asking: Asking, error: BaseException) -> Unreachable:
    """docs/clients.md tells how an authority of one's own is trusted."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = quoted(cause.verify_message, asking.address)
            return Unreachable(f"{asking.address} cannot be trusted: its certificate is not valid ({why}).")
        cause = cause.__cause__ or cause.__context__
    return Unreachable(f"{asking.address} does not speak TLS as we do; perhaps it speaks none.")


def _no_answer(asking: Asking) -> NoAnswer:
    return NoAnswer(f"{asking.address} did not answer within {asking.timeout:g} seconds.")


def _garbled(asking: Asking, error: Exception) -> Garbled:
    return Garbled(f"{asking.address} answers, but what it says makes no sense ({type(error).__name__}).")


def bounded(address: ClientAddress, timeout: float) -> Callable[..., None]:
    """A hook for requests: reads the whole answer, as long as it is neither endless nor a way to elsewhere."""

    def read(response: requests.Response, **_: Any) -> None:
        try:
            response._content = _whole(response, address, timeout)
        except BaseException:
            response.close()
            raise

    return read


def _whole(response: requests.Response, address: ClientAddress, timeout: float) -> bytes:
    if response.is_redirect:
        raise Garbled(f"{address} sends us elsewhere; please configure the address that it sends to.")
    deadline, parts, size = time.monotonic() + timeout, [], 0
    # What has come so far, not a full chunk: that may take a dripping server for ever.
    while part := response.raw.read1(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > _MOST or time.monotonic() > deadline:
            raise Garbled(f"{address} answers without end.")
    return b"".join(parts)


def quoted(text: object, address: ClientAddress) -> str:
    """What a client says, fit to be shown: short, printable, and never our own password come back."""
    shown = "".join(c for c in str(text)[:_QUOTED] if c.isprintable()).strip().rstrip(".")
    return shown.replace(address.password, "…") if address.password else shown


def announce_url(url: str) -> str:
    """Raises RejectedTracker. Some clients take any string, and keep it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in _ANNOUNCES or not parts.hostname or not url.isprintable() or " " in url:
        raise RejectedTracker("An announce URL begins with http://, https://, udp:// or wss:// and a host.")
    return url
