"""Links to finished files: signed, good for three hours, and without the key that asked for them."""

from typing import NamedTuple
from urllib.parse import quote

from django.core import signing
from django.urls import reverse

from archive.errors import NotALink, StaleLink

_LASTS = 3 * 60 * 60  # seconds
_SALT = "api.files.link"
_LONGEST = 500  # characters; ours have about 100
_NAME = 150  # characters


class Link(NamedTuple):
    """`key` and `number`: an account and a torrent in it. `file`: None for all files, in a zip."""

    key: int
    number: int
    file: int | None


def link_path(link: Link, name: str) -> str:
    """Its path, which ends in a name because players look at that; nobody else does."""
    return f"{reverse('finished', args=[signing.dumps(link, salt=_SALT)])}/{quote(safe_file_name(name), safe='')}"


def read_link(text: str) -> Link:
    """Raises NotALink, StaleLink."""
    try:
        return Link(*signing.loads(text[:_LONGEST], salt=_SALT, max_age=_LASTS))
    except signing.SignatureExpired:
        raise StaleLink("This link is older than three hours; please ask for a new one.") from None
    except signing.BadSignature:
        raise NotALink("This is no link to a file, or not all of one.") from None


def safe_file_name(path: str) -> str:
    """The name of a file without its folders, fit for a header and a URL. Its end tells its kind, and stays."""
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    kept = "".join(letter for letter in name if letter.isprintable()).strip(". ")
    return (kept if len(kept) <= _NAME else f"{kept[:100]}…{kept[-49:]}") or "file"
