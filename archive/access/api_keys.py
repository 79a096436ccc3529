"""Keys: who may do what strangers may not. A key is shown once, when it is issued; what is kept is its hash.

Its beginning, `hk_` and eight hex digits, is no secret: it names the key in lists, commands and logs.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import parse_qs

from django.conf import settings

from archive.db.outages import outages
from archive.errors import NoKey, SuspendedKey, UnknownKey
from archive.models import IssuedKey

KeyState = Literal["active", "suspended", "revoked"]

_PREFIX = re.compile(r"hk_[0-9a-f]{8}")
_BEGINNING = re.compile(r"hk_[0-9a-f]{8}|hk_[0-9a-f]{6,7}\Z")  # enough to be typed
_LETTERS = string.ascii_letters + string.digits
_UNKNOWN = "There is no such key, or it has been revoked."
_SECRET = 32  # letters: 190 bits, which is why one plain SHA-256 is enough


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key. `client`: the torrent client that its holder's torrents are handed to, if any."""

    id: int
    prefix: str
    name: str
    client: str
    state: KeyState
    issued_at: datetime


def issue_key(name: str, *, client: str = "") -> tuple[ApiKey, str]:
    """A new key, and its text, which nobody can tell afterwards. Raises Unavailable."""
    prefix = f"hk_{secrets.token_hex(4)}"
    text = f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(_SECRET))}"
    with outages():
        row = IssuedKey.objects.create(prefix=prefix, digest=_digest(text), name=name, client=client)
        row.refresh_from_db()
    return _known(row), text


def find_key_problem(name: str, client: str) -> str:
    """Why no key is issued to somebody of this name, for this torrent client; "" where one may be."""
    if not name.strip():
        return "A key needs a name: whose it is, or what for."
    if client and client not in settings.CLIENTS:
        known = ", ".join(settings.CLIENTS) or "none"
        return f"There is no torrent client {client!r}; the setting CLIENTS names: {known}."
    return ""


def authorize_key(text: str) -> ApiKey:
    """The key that this is the text of. Raises NoKey, UnknownKey, SuspendedKey, Unavailable."""
    if not text:
        raise NoKey("This needs a key, and none was sent.")
    prefix = _PREFIX.match(text)
    with outages():
        row = IssuedKey.objects.filter(prefix=prefix[0]).first() if prefix else None
    if row is None or not hmac.compare_digest(bytes(row.digest), _digest(text)):
        raise UnknownKey(_UNKNOWN)
    return _usable(row)


def reauthorize_key(id: int) -> ApiKey:
    """The key that was known by this id, if it may still be used. Raises UnknownKey, SuspendedKey, Unavailable."""
    with outages():
        row = IssuedKey.objects.filter(pk=id).first()
    if row is None:
        raise UnknownKey(_UNKNOWN)
    return _usable(row)


def require_upload_key(text: str) -> None:
    """Whether whoever sent this, perhaps nothing, may deposit. Raises as authorize."""
    if settings.UPLOADS == "keys":
        authorize_key(text)


def find_key_text(authorization: str, *others: str) -> str:
    """The key that a request carries: in its Authorization, as Bearer or as Basic's user or password, or bare.

    "" where it carries none. Whether it is one that was ever issued is not known here.
    """
    scheme, _, credentials = authorization.strip().partition(" ")
    authorized = [credentials.strip()] if scheme.lower() == "bearer" else []
    if scheme.lower() == "basic":
        user, password = _basic(credentials)
        authorized = [user if _PREFIX.match(user) or not password else password]
    return next(filter(None, map(str.strip, (*authorized, *others))), "")


def key_text_from_request(environ: Mapping[str, Any], *others: str) -> str:
    """As find, of a whole request: in its headers, Authorization and X-Api-Key, or else in these."""
    return find_key_text(environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_X_API_KEY", ""), *others)


def key_texts_in_query(environ: Mapping[str, Any]) -> list[str]:
    """What a query gives as its `apikey`, among however many fields; Django reads no more than a thousand."""
    return parse_qs(environ.get("QUERY_STRING", "")).get("apikey", [])


def list_keys() -> Iterator[ApiKey]:
    """All of them, the newest first. Raises Unavailable."""
    with outages():
        yield from map(_known, IssuedKey.objects.order_by("-pk").iterator())


def suspend_key(prefix: str) -> ApiKey:
    """Refuse it until it is resumed. Raises UnknownKey, Unavailable."""
    return _turn(prefix, "suspended")


def resume_key(prefix: str) -> ApiKey:
    """Raises UnknownKey, Unavailable."""
    return _turn(prefix, "active")


def revoke_key(prefix: str) -> ApiKey:
    """Refuse it for good. Its row stays, so that what was done with it has a name. Raises UnknownKey, Unavailable."""
    return _turn(prefix, "revoked")


def _turn(prefix: str, state: KeyState) -> ApiKey:
    beginning = _BEGINNING.match(prefix.strip())
    if not beginning:
        raise UnknownKey(
            "A key is named by hk_ and eight hex digits, or by the first six where no other begins so."
        )
    with outages():
        named = IssuedKey.objects.filter(prefix__startswith=beginning[0])
        living = named if state == "revoked" else named.exclude(state="revoked")
        rows = list(living[:2])
        if len(rows) > 1:
            raise UnknownKey(f"Several keys begin with {beginning[0]}: please give all eight hex digits.")
        if not rows or not living.filter(pk=rows[0].pk).update(state=state):
            raise UnknownKey(_UNKNOWN)
        return _known(IssuedKey.objects.get(pk=rows[0].pk))


def _usable(row: IssuedKey) -> ApiKey:
    if row.state == "revoked":
        raise UnknownKey(_UNKNOWN)
    if row.state == "suspended":
        raise SuspendedKey("This key is suspended; its operator can tell why.")
    return _known(row)


def _known(row: IssuedKey) -> ApiKey:
    return ApiKey(row.pk, row.prefix, row.name, row.client, cast(KeyState, row.state), row.issued_at)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _basic(credentials: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(credentials).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password
