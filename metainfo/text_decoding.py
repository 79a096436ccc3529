"""Text of torrents from bytes: UTF-8 (BEP 3), or the encoding that the torrent names. For display only."""

import codecs
import re
from encodings.aliases import aliases

MAX_TEXT_BYTES = 4_096  # of one text; the rest of it is not shown

# Charsets that hold ASCII and that a torrent may name, by Python's names, and the codec that reads each: where there
# is a larger one of the same bytes, that one, as in the Encoding Standard of WHATWG. Without UTF-16, since no name of
# a file has zeros, and without those that escape sequences switch: their bytes are ASCII, and so UTF-8.
_LARGER = {
    "big5": "cp950",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "latin_1": "cp1252",
    "shift_jis": "cp932",
    "tis_620": "cp874",
}
_CODECS = {
    name: _LARGER.get(name, name)
    for name in (
        *(f"cp125{number}" for number in range(9)),
        *(f"iso8859_{number}" for number in (*range(1, 12), *range(13, 17))),
        *("cp437", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp856", "cp857", "cp858", "cp860"),
        *("cp861", "cp862", "cp863", "cp864", "cp865", "cp866", "cp869", "cp874", "cp932", "cp949", "cp950"),
        *("cp1006", "cp1125", "koi8_r", "koi8_u", "koi8_t", "kz1048", "ptcp154", "tis_620", "hp_roman8"),
        *("mac_cyrillic", "mac_greek", "mac_iceland", "mac_latin2", "mac_roman", "mac_turkish", "latin_1"),
        *("big5", "big5hkscs", "euc_jp", "euc_jis_2004", "euc_jisx0213", "euc_kr", "johab"),
        *("gb18030", "gb2312", "gbk", "shift_jis", "shift_jis_2004", "shift_jisx0213"),
    )
}
# Numbers of Windows' code pages that are no number of a codec.
_CODE_PAGES = {
    "10000": "mac_roman",
    "10006": "mac_greek",
    "10007": "mac_cyrillic",
    "10029": "mac_latin2",
    "10079": "mac_iceland",
    "10081": "mac_turkish",
    "1361": "johab",
    "20866": "koi8_r",
    "20932": "euc_jp",
    "20936": "gb18030",
    "21866": "koi8_u",
    **{str(28590 + number): f"iso8859_{number}" for number in (*range(1, 12), *range(13, 17))},
    "51932": "euc_jp",
    "51936": "gb18030",
    "51949": "cp949",
    "51950": "cp950",
    "54936": "gb18030",
    "windows-31j": "cp932",
}
_NO_LETTER_OR_DIGIT = re.compile("[^a-z0-9]")
_PREFIX = re.compile(
    "^(?:x(?=[a-z])|windows(?=[0-9])|win(?=[0-9])|ms(?=[0-9])|codepage|ibm(?=[0-9]))|^dos(?=[0-9])"
)
_MAX_NAME = 40  # characters


def _squeeze_name(name: str) -> str:
    """The name of a charset without its hyphens, and without what Windows and browsers write before it."""
    return _PREFIX.sub("", _NO_LETTER_OR_DIGIT.sub("", name.lower()))


def _codecs_by_name() -> dict[str, str]:
    """The codec of each name that Python's registry has for one of _CODECS.

    A table, and not codecs.lookup: that keeps every name that it was ever asked for, and torrents may make up any.
    """
    names = {alias: target for alias, target in aliases.items() if target in _CODECS}
    names |= {name: name for name in _CODECS} | _CODE_PAGES
    table = {_squeeze_name(name): _CODECS.get(target, target) for name, target in names.items()}
    return table | {name.removeprefix("cp"): codec for name, codec in table.items() if name.startswith("cp")}


_CODEC_OF = _codecs_by_name()


def find_codec(name: bytes) -> str:
    """Python's codec for a charset in any spelling, as Shift-JIS or 936; empty for UTF-8 and for unknown ones."""
    return _CODEC_OF.get(_squeeze_name(name[:_MAX_NAME].decode("ascii", "replace")), "")


def decode_text(raw: bytes, encoding: str = "") -> str:
    """The text as UTF-8, or else by the codec that find_codec returned, with U+FFFD for what is neither."""
    try:
        return codecs.utf_8_decode(raw[:MAX_TEXT_BYTES], "strict", len(raw) <= MAX_TEXT_BYTES)[0]
    except UnicodeDecodeError:
        return raw[:MAX_TEXT_BYTES].decode(encoding or "utf-8", "replace")


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
