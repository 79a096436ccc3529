"""Errors of a request that DRF finds before the archive is called, for the table in the OpenAPI description."""

from rest_framework import exceptions

from api.rest.query_parameters import WrongParameter

_MEANINGS: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "The body cannot be read, or is not of the right form",
    WrongParameter: "A parameter has a wrong value",
    exceptions.NotAuthenticated: "For staff who are signed in",
    exceptions.PermissionDenied: "For staff; or Django's CSRF token is missing",
    exceptions.MethodNotAllowed: "`Allow` names the right ones",
    exceptions.NotAcceptable: "The answer would be of another type",
    exceptions.UnsupportedMediaType: "A body of this `Content-Type` is not taken here",
}


def request_error_types() -> dict[str, tuple[int, str]]:
    """Every word that a problem's type may end in for one of these, with its status and meaning."""
    return {
        str(kind.default_code).replace("_", "-"): (kind.status_code, meaning)
        for kind, meaning in _MEANINGS.items()
    }
