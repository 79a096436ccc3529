"""Read typed parameters from the query of a request; the refusal of a wrong one names it."""

from collections.abc import Container
from datetime import UTC, datetime

from rest_framework.exceptions import ParseError
from rest_framework.request import Request

MAX_INTEGER = 2**63 - 1  # the largest that the database can hold


class WrongParameter(ParseError):
    default_code = "wrong-parameter"


def int_parameter(request: Request, name: str, least: int, most: int) -> int | None:
    """A whole number in this range, or None where the query has none. Raises WrongParameter."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise WrongParameter(f"`{name}` is a whole number from {least} to {most}.")
    return int(text)


def datetime_parameter(request: Request, name: str) -> datetime | None:
    """A date, or date and time (ISO 8601; UTC unless it says otherwise), or None. Raises WrongParameter."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise WrongParameter(
            f"`{name}` is a date, or a date and time, such as 2026-01-31T12:00:00Z."
        ) from None


def bool_parameter(request: Request, name: str) -> bool:
    """False where the query has none. Raises WrongParameter."""
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise WrongParameter(f"`{name}` is true or false.")
    return text == "true"


def choice_parameters(request: Request, name: str, choices: Container[str]) -> list[str]:
    """All values of the parameter, each once. Raises WrongParameter."""
    values: list[str] = request.query_params.getlist(name)
    for value in values:
        if value not in choices:
            raise WrongParameter(f"`{name}` has no {value[:100]!r}.")
    return list(dict.fromkeys(values))
