"""Limits what Django keeps of the files in a form: of each file, and of all together, what a view can use."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

_FILES = 25  # of the largest size, in one form


class LimitedUploadHandler(FileUploadHandler):
    """The first of Django's upload handlers: what it drops, the others never see.

    A file keeps one chunk more than it may have, so that its reader finds it too large.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._left = _FILES * settings.MAX_TORRENT_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self._left -= len(raw_data)
        return raw_data if start <= settings.MAX_TORRENT_BYTES and self._left > 0 else None

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        return None


def read_uploaded_files(files: "Iterable[UploadedFile[bytes]]") -> Iterator[bytes]:
    """The content of each file of a form, of a larger one a byte more than it may have; closed once it is read."""
    for file in files:
        yield file.read(settings.MAX_TORRENT_BYTES + 1)
        file.close()
