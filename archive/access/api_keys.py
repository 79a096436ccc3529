"""API keys: issues them, checks the key of a request, suspends and revokes them.

    hk_1a2b3c4d_vZ0…9Q
    └─ prefix ┘ └ 32 letters and digits: 190 random bits

The text of a key is shown once, when it is issued; the index keeps its SHA-256. The prefix is no secret: it names the
key in lists, commands and logs.
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
_TYPED_PREFIX = re.compile(r"hk_[0-9a-f]{8}|hk_[0-9a-f]{6,7}\Z")  # people need not type all of it
_LETTERS = string.ascii_letters + string.digits
_UNKNOWN = "There is no such key, or it has been revoked."
_SECRET_LENGTH = 32  # characters: 190 bits, which is why one plain SHA-256 is enough


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key.

    `name`: whose it is, or what for. `client`: the torrent client that its holder's torrents are handed to, or "".
    """

    id: int
    prefix: str
    name: str
    client: str
    state: KeyState
    issued_at: datetime


def issue_key(name: str, *, client: str = "") -> tuple[ApiKey, str]:
    """A new key, and its text, which cannot be read again later. Raises Unavailable."""
    prefix = f"hk_{secrets.token_hex(4)}"
    text = f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(_SECRET_LENGTH))}"
    with outages():
        row = IssuedKey.objects.create(prefix=prefix, digest=_hash_text(text), name=name, client=client)
        row.refresh_from_db()
    return _key_from_row(row), text


def find_key_problem(name: str, client: str) -> str:
    """Why no key may be issued with this name for this torrent client, for people to read; "" if one may."""
    if not name.strip():
        return "A key needs a name: whose it is, or what for."
    if client and client not in settings.CLIENTS:
        known = ", ".join(settings.CLIENTS) or "none"
        return f"There is no torrent client {client!r}; the setting CLIENTS names: {known}."
    return ""


def authorize_key(text: str) -> ApiKey:
    """The key with this text, if it may be used. Raises NoKey for "", UnknownKey, SuspendedKey, Unavailable."""
    if not text:
        raise NoKey("This needs a key, and none was sent.")
    prefix = _PREFIX.match(text)
    with outages():
        row = IssuedKey.objects.filter(prefix=prefix[0]).first() if prefix else None
    if row is None or not hmac.compare_digest(bytes(row.digest), _hash_text(text)):
        raise UnknownKey(_UNKNOWN)
    return _require_usable(row)


def reauthorize_key(id: int) -> ApiKey:
    """The key with this id, which was authorized before, if it may still be used.

    Raises UnknownKey, SuspendedKey, Unavailable.
    """
    with outages():
        row = IssuedKey.objects.filter(pk=id).first()
    if row is None:
        raise UnknownKey(_UNKNOWN)
    return _require_usable(row)


def require_upload_key(text: str) -> None:
    """Where uploads need a key (the setting UPLOADS), raise as authorize_key unless this is the text of one."""
    if settings.UPLOADS == "keys":
        authorize_key(text)


def find_key_text(authorization: str, *others: str) -> str:
    """The text of the key that a request carries; "" if it carries none. It may be no key that was ever issued.

    `authorization` is the header of that name: Bearer, or Basic with the key as user or password. `others` are values
    that hold the key alone, the first of them that is not empty counts.
    """
    scheme, _, credentials = authorization.strip().partition(" ")
    authorized = [credentials.strip()] if scheme.lower() == "bearer" else []
    if scheme.lower() == "basic":
        user, password = _parse_basic(credentials)
        authorized = [user if _PREFIX.match(user) or not password else password]
    return next(filter(None, map(str.strip, (*authorized, *others))), "")


def key_text_from_request(environ: Mapping[str, Any], *others: str) -> str:
    """As find_key_text, of a WSGI environ: from its headers Authorization and X-Api-Key, or else from `others`."""
    return find_key_text(environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_X_API_KEY", ""), *others)


def key_texts_in_query(environ: Mapping[str, Any]) -> list[str]:
    """All values of `apikey` in the query of a WSGI environ, however many fields it has.

    Django's own parser refuses a query of more than a thousand fields.
    """
    return parse_qs(environ.get("QUERY_STRING", "")).get("apikey", [])


def list_keys() -> Iterator[ApiKey]:
    """All keys that were ever issued, the newest first. Raises Unavailable."""
    with outages():
        yield from map(_key_from_row, IssuedKey.objects.order_by("-pk").iterator())


def suspend_key(prefix: str) -> ApiKey:
    """Refuse the key until it is resumed. Raises UnknownKey, Unavailable."""
    return _set_state(prefix, "suspended")


def resume_key(prefix: str) -> ApiKey:
    """Let a suspended key be used again. Raises UnknownKey, Unavailable."""
    return _set_state(prefix, "active")


def revoke_key(prefix: str) -> ApiKey:
    """Refuse the key for good. Its row stays, so that what was done with it has a name.

    Raises UnknownKey, Unavailable.
    """
    return _set_state(prefix, "revoked")


def _set_state(prefix: str, state: KeyState) -> ApiKey:
    """Set the state of the key that begins so. A revoked key can only be revoked again. Raises UnknownKey."""
    typed = _TYPED_PREFIX.match(prefix.strip())
    if not typed:
        raise UnknownKey(
            "A key is named by hk_ and eight hex digits, or by the first six where no other begins so."
        )
    with outages():
        matching = IssuedKey.objects.filter(prefix__startswith=typed[0])
        changeable = matching if state == "revoked" else matching.exclude(state="revoked")
        rows = list(changeable[:2])
        if len(rows) > 1:
            raise UnknownKey(f"Several keys begin with {typed[0]}: please give all eight hex digits.")
        if not rows or not changeable.filter(pk=rows[0].pk).update(state=state):
            raise UnknownKey(_UNKNOWN)
        return _key_from_row(IssuedKey.objects.get(pk=rows[0].pk))


def _require_usable(row: IssuedKey) -> ApiKey:
    if row.state == "revoked":
        raise UnknownKey(_UNKNOWN)
    if row.state == "suspended":
        raise SuspendedKey("This key is suspended; its operator can tell why.")
    return _key_from_row(row)


def _key_from_row(row: IssuedKey) -> ApiKey:
    return ApiKey(row.pk, row.prefix, row.name, row.client, cast(KeyState, row.state), row.issued_at)


def _hash_text(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _parse_basic(credentials: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(credentials).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password
