"""The media type of a file, by its name; the same on every machine."""

import mimetypes

UNKNOWN = "application/octet-stream"

_types = mimetypes.MimeTypes(filenames=())
# What Python does not know, or not in all versions.
for _type, _suffixes in {
    "video/x-matroska": (".mkv",),
    "video/x-m4v": (".m4v",),
    "video/mp2t": (".ts", ".m2ts"),
    "audio/flac": (".flac",),
    "audio/mp4": (".m4a", ".m4b"),
    "audio/ogg": (".ogg", ".opus"),
    "application/x-subrip": (".srt",),
    "text/vtt": (".vtt",),
    "application/epub+zip": (".epub",),
    "application/vnd.rar": (".rar",),
    "application/x-7z-compressed": (".7z",),
}.items():
    for _suffix in _suffixes:
        _types.add_type(_type, _suffix)


def guess_media_type(name: str) -> str:
    return _types.guess_type(name.rpartition("/")[2].replace(":", "_"))[0] or UNKNOWN
