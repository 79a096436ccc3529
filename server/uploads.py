"""How much of a form is written down: no more of each file, and of all together, than any door can use."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

_FILES = 25  # of the largest size, in one form


class Capped(FileUploadHandler):
    """The first of Django's upload handlers: what it swallows, the others never see.

    A file keeps one chunk more than it may have, so that whoever reads it finds it too large.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._left = _FILES * settings.MAX_TORRENT_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self._left -= len(raw_data)
        return raw_data if start <= settings.MAX_TORRENT_BYTES and self._left > 0 else None

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        return None
