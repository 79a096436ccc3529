"""The media type (Content-Type) of a file, by the end of its name; the same on every machine."""

import mimetypes

UNKNOWN = "application/octet-stream"

_types = mimetypes.MimeTypes(filenames=())  # without the machine's own /etc/mime.types
# Types that Python does not know, or not in all versions.
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


def guess_media_type(path: str) -> str:
    return _types.guess_type(path.rpartition("/")[2].replace(":", "_"))[0] or UNKNOWN
