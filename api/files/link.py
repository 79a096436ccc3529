"""Links to finished files: signed, good for three hours, and without the key that asked for them."""

from typing import NamedTuple
from urllib.parse import quote

from django.core import signing
from django.urls import reverse

from archive.errors import NotALink, StaleLink

_LASTS = 3 * 60 * 60  # seconds
_SALT = "api.files.link"
_LONGEST = 500  # characters; ours have about 100


class Link(NamedTuple):
    """`key` and `number`: an account and the torrent in it. `file`: None for all of them, in a zip."""

    key: int
    number: int
    file: int | None


def spell(link: Link, name: str) -> str:
    """Its path, which ends in a name because players look at that; nobody else does."""
    return f"{reverse('files', args=[signing.dumps(link, salt=_SALT)])}/{quote(name, safe='')}"


def read(text: str) -> Link:
    """Raises NotALink, StaleLink."""
    try:
        return Link(*signing.loads(text[:_LONGEST], salt=_SALT, max_age=_LASTS))
    except signing.SignatureExpired:
        raise StaleLink("This link is older than three hours; please ask for a new one.") from None
    except signing.BadSignature:
        raise NotALink("This is no link to a file, or not all of it.") from None
