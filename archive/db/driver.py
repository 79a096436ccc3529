"""Which database drives the archive, SQLite or PostgreSQL: the one module that asks, all others ask here."""

from datetime import datetime
from typing import TypeVar, cast

from django.db import connection

Choice = TypeVar("Choice")


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def choose(*, sqlite: Choice, postgresql: Choice) -> Choice:
    """The one that belongs to the database in use: a statement, or a limit."""
    return postgresql if is_postgresql() else sqlite


def datetime_parameter(at: datetime) -> str | datetime:
    """A time as a parameter of hand-written SQL, in the form that the ORM writes: SQLite has no type for times."""
    return cast("str | datetime", connection.ops.adapt_datetimefield_value(at))
