"""An account of TorBox's dialect for tests, and helpers to read the answers."""

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from archive.access import api_keys
from tests import make

BASE = "/v1/api/torrents/"
TORRENT = make.v1(b"a film.mkv")
HASH = make.v1_hash(TORRENT).lower()
MAGNET = f"magnet:?xt=urn:btih:{HASH}"
ABSENT = "5a" * 20


class Account:
    """An API key, and requests with it."""

    def __init__(self, name: str = "Anna", **options: str) -> None:
        self.key, self.text = api_keys.issue_key(name, **options)
        self._client = Client(raise_request_exception=True)

    def __call__(self, method: str, path: str, data: Any = None, **how: Any) -> Any:
        """GET, or POST of a form; `content_type` is that of a body that is no form."""
        url = path if path.startswith("/") else BASE + path
        return getattr(self._client, method)(
            url, data, headers={"Authorization": f"Bearer {self.text}"}, **how
        )

    def create(self, **fields: Any) -> Any:
        return success_data(self("post", "createtorrent", fields))

    def send(self, torrent: bytes, **fields: Any) -> Any:
        return self.create(file=SimpleUploadedFile("a.torrent", torrent), **fields)

    def list(self, **query: Any) -> Any:
        return success_data(self("get", "mylist", query))

    def does(self, **asked: Any) -> Any:
        return self("post", "controltorrent", json.dumps(asked), content_type="application/json")


def success_data(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content
    envelope = answer.json()
    assert (envelope["success"], envelope["error"]) == (True, None)
    assert envelope["detail"]
    return envelope["data"]


def error_of(answer: Any) -> tuple[int, str | bool]:
    envelope = answer.json()
    assert set(envelope) == {"success", "error", "detail", "data"}
    assert (envelope["success"], envelope["data"]) == (False, None)
    assert envelope["detail"]
    return answer.status_code, envelope["error"]
