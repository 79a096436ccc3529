"""Signed links to finished files: good for three hours, and without the text of the key that asked for them."""

from typing import NamedTuple
from urllib.parse import quote

from django.core import signing
from django.urls import reverse

from archive.errors import NotALink, StaleLink

_LIFETIME = 3 * 60 * 60  # seconds
_SALT = "api.files.link"
_MAX_LINK = 500  # characters; ours have about 100
_MAX_NAME = 150  # characters


class FileLink(NamedTuple):
    """`key` and `torrent` are numbers in the database. `file`: the file's index, None for a zip of all files."""

    key: int
    torrent: int
    file: int | None


def link_path(link: FileLink, name: str) -> str:
    """The URL's path. It ends in the file's name for players, which choose by its ending; `read_link` ignores it."""
    signed = signing.dumps(link, salt=_SALT)
    return f"{reverse('finished', args=[signed])}/{quote(safe_file_name(name), safe='')}"


def read_link(text: str) -> FileLink:
    """Raises NotALink, StaleLink."""
    try:
        return FileLink(*signing.loads(text[:_MAX_LINK], salt=_SALT, max_age=_LIFETIME))
    except signing.SignatureExpired:
        raise StaleLink("This link is older than three hours; please ask for a new one.") from None
    except signing.BadSignature:
        raise NotALink("This is no link to a file, or not all of one.") from None


def safe_file_name(path: str) -> str:
    """The file's name without its folders, fit for a header and a URL. A long name loses its middle: its ending, by
    which programs tell the kind of file, stays."""
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    printable = "".join(letter for letter in name if letter.isprintable()).strip(". ")
    if len(printable) > _MAX_NAME:
        return f"{printable[:100]}…{printable[-49:]}"
    return printable or "file"
