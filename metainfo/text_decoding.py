"""Text of torrents from bytes: UTF-8 (BEP 3), or the encoding that the torrent names. For display only."""

import codecs

MAX_TEXT_BYTES = 4_096  # of one text; the rest of it is not shown

# Names that the key `encoding` has in torrents from before UTF-8 became usual.
_ENCODINGS = frozenset(
    {
        "big5",
        "cp1251",
        "cp932",
        "cp936",
        "cp949",
        "cp950",
        "euc-jp",
        "euc-kr",
        "gb18030",
        "gb2312",
        "gbk",
        "iso-8859-1",
        "iso-8859-15",
        "koi8-r",
        "shift_jis",
        "windows-1250",
        "windows-1251",
        "windows-1252",
    }
)


def decode_text(raw: bytes, encoding: str = "") -> str:
    """The text as UTF-8, or else in the encoding that its torrent names, with U+FFFD for what is neither."""
    try:
        return codecs.utf_8_decode(raw[:MAX_TEXT_BYTES], "strict", len(raw) <= MAX_TEXT_BYTES)[0]
    except UnicodeDecodeError:
        name = encoding.strip().lower()
        return raw[:MAX_TEXT_BYTES].decode(name if name in _ENCODINGS else "utf-8", "replace")


def decode_texts(raw: tuple[bytes, ...], encoding: str = "") -> tuple[str, ...]:
    """Each of the texts as decode_text returns it; in one call of the decoder where that is possible.

    A torrent may have millions of path elements.
    """
    joined = b"\0".join(raw)
    if len(joined) <= MAX_TEXT_BYTES and joined.count(b"\0") == len(raw) - 1:
        try:
            return tuple(joined.decode().split("\0"))
        except UnicodeDecodeError:
            pass
    return tuple(decode_text(one, encoding) for one in raw)
