"""Call a torrent client with one deadline over everything, and turn whatever goes wrong into a ClientError.

A client may be slow in resolving its name, in connecting, in its headers or in its body, a byte at a time. No library
has one limit over all that:

    1. the caller's thread starts a thread, which makes the call
    2. the caller waits for the outcome, a value or a ClientError, until the deadline
    3. after the deadline it raises NoAnswer; the thread goes on for as long as its sockets let it, and its outcome is
       dropped
"""

import ssl
from collections.abc import Callable
from functools import wraps
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import requests
from urllib3.exceptions import MaxRetryError

from clients.address import ClientAddress
from clients.errors import ClientError, Garbled, NoAnswer, Unreachable
from clients.untrusted_text import quote_message

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class CallingClient(Protocol):
    """What with_deadline needs to know of a client."""

    address: ClientAddress
    timeout: float  # seconds

    def translate_error(self, error: Exception) -> ClientError | None:
        """What an error of its own library means; None if it is none that is known."""


Caller = TypeVar("Caller", bound=CallingClient)


def with_deadline(
    method: Callable[Concatenate[Caller, Parameters], Result],
) -> Callable[Concatenate[Caller, Parameters], Result]:
    """Decorate a method that talks to the client: it returns within the client's timeout, or raises a ClientError."""

    @wraps(method)
    def call_in_thread(self: Caller, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        outcome: SimpleQueue[Result | ClientError] = SimpleQueue()

        def call() -> None:
            try:
                outcome.put(method(self, *args, **kwargs))
            except ClientError as error:
                outcome.put(error)
            except Exception as error:
                outcome.put(
                    self.translate_error(error)
                    or _translate_requests(self, error)
                    or _nonsense_error(self, error)
                )

        # Not a thread of a pool: the program would wait for it at its end.
        Thread(target=call, name=f"call to {self.address}", daemon=True).start()
        try:
            result = outcome.get(timeout=self.timeout)
        except Empty:
            raise _timeout_error(self) from None
        if isinstance(result, ClientError):
            raise result
        return result

    return call_in_thread


def _translate_requests(client: CallingClient, error: Exception) -> ClientError | None:
    """What an error of requests means. Both libraries wrap it into an error of their own, which says less."""
    match error.__context__:
        case ClientError() as client_error:
            return client_error
        case requests.Timeout():
            return _timeout_error(client)
        case requests.exceptions.SSLError() as ssl_error:
            return _tls_error(client, ssl_error)
        case requests.ConnectionError(args=[MaxRetryError(), *_]):
            return Unreachable(f"{client.address} cannot be reached.")
        case requests.ConnectionError():
            return Unreachable(f"{client.address} breaks the connection off.")
    return None


def _tls_error(client: CallingClient, error: BaseException) -> Unreachable:
    """The error for TLS that failed. How to trust an authority of one's own stands in docs/clients.md."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = quote_message(cause.verify_message, client.address)
            return Unreachable(f"{client.address} cannot be trusted: its certificate is not valid ({why}).")
        cause = cause.__cause__ or cause.__context__
    return Unreachable(f"{client.address} does not speak TLS as we do; perhaps it speaks none.")


def _timeout_error(client: CallingClient) -> NoAnswer:
    return NoAnswer(f"{client.address} did not answer within {client.timeout:g} seconds.")


def _nonsense_error(client: CallingClient, error: Exception) -> Garbled:
    return Garbled(f"{client.address} answers, but what it says makes no sense ({type(error).__name__}).")
