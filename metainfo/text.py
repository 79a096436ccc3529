"""Text in torrents: UTF-8 by BEP 3, and by habit whatever its maker's computer used. For display only."""

import codecs

MAX_BYTES = 4_096  # of one text; the rest of it is not for display

# As the root's `encoding` names them in torrents from before UTF-8 won.
_ENCODINGS = frozenset(
    ("big5", "cp1251", "cp932", "cp936", "cp949", "cp950", "euc-jp", "euc-kr", "gb18030", "gb2312", "gbk")
    + ("iso-8859-1", "iso-8859-15", "koi8-r", "shift_jis", "windows-1250", "windows-1251", "windows-1252")
)


def text(raw: bytes, encoding: str = "") -> str:
    """The text as UTF-8, or in the encoding that its torrent names, or with marks for what is neither."""
    try:
        return codecs.utf_8_decode(raw[:MAX_BYTES], "strict", len(raw) <= MAX_BYTES)[0]
    except UnicodeDecodeError:
        named = encoding.strip().lower()
        return raw[:MAX_BYTES].decode(named if named in _ENCODINGS else "utf-8", "replace")


def texts(raw: tuple[bytes, ...], encoding: str = "") -> tuple[str, ...]:
    """As text does each, but all at once where that is possible: a torrent may have millions."""
    joined = b"\0".join(raw)
    if len(joined) <= MAX_BYTES and joined.count(b"\0") == len(raw) - 1:
        try:
            return tuple(joined.decode().split("\0"))
        except UnicodeDecodeError:
            pass
    return tuple(text(one, encoding) for one in raw)
