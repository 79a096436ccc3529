"""Parses and validates settings that are more than one plain value: torrent clients, folders, lists."""

from collections.abc import Callable
from pathlib import Path

from environs import ValidationError, validate

from clients import ClientAddress, parse_client_addresses


def parse_clients(text: str) -> dict[str, ClientAddress]:
    """The setting CLIENTS. The text itself is not kept: Django's own tools would show the passwords in it."""
    try:
        return parse_client_addresses(text)
    except ValueError as wrong:
        raise ValidationError(str(wrong)) from None


def parse_folders(text: str) -> dict[str, Path]:
    """The setting CLIENT_FILES: `name=/folder`, several with commas between them."""
    entries = [entry.partition("=") for entry in filter(None, map(str.strip, text.split(",")))]
    if not all(name and folder.startswith("/") for name, _, folder in entries):
        raise ValidationError("Each is the name of a client, =, and a folder that begins with /.")
    return {name: Path(folder) for name, _, folder in entries}


def validate_each(pattern: str, error: str) -> Callable[[list[str]], None]:
    """A validator of lists: each value that is not empty must match the whole pattern."""
    validate_one = validate.Regexp(f"({pattern})$", error=error)

    def validate_values(values: list[str]) -> None:
        for value in filter(None, values):
            validate_one(value)

    return validate_values
