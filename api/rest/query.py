"""Parameters in the query: a wrong one is refused by name."""

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request


class WrongParameter(ValidationError):
    default_code = "wrong-parameter"


def number(request: Request, name: str, least: int, most: int) -> int | None:
    """A whole number in this range, or None where it is not given. Raises WrongParameter."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise WrongParameter(f"`{name}` is a whole number from {least} to {most}.")
    return int(text)
