"""Django middleware that turns a Wait, which a view raised, into a response that the server awaits."""

from typing import Protocol

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from server.wait import Wait


class WaitResponse(HttpResponse):
    """Stands for a response that does not exist yet. No client ever sees it."""

    def __init__(self, wait: Wait) -> None:
        super().__init__(status=202)  # Django would log a status from 400 on
        self.wait = wait


class _GetResponse(Protocol):
    def __call__(self, request: HttpRequest, /) -> HttpResponseBase: ...


class WaitMiddleware:
    """Django middleware: a Wait that a view raises becomes a WaitResponse."""

    def __init__(self, get_response: _GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return WaitResponse(error) if isinstance(error, Wait) else None
