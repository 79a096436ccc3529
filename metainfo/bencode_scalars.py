"""Strings and integers of bencoded bytes (BEP 3), read at a position, and the errors that say what is wrong there.

Every function takes the bytes, a position in them, and the key of the value that is being read, which messages
mention (empty outside of dictionaries). Functions that read raise NotATorrent for malformed bytes, and Truncated
where the bytes end too early.
"""

import re

from metainfo.errors import NotATorrent, TooComplex, Truncated

DICTIONARY, END, INTEGER, LIST = b"deil"
DIGITS = b"0123456789"
STRING = DIGITS[0]

_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,9}):")
_INTEGER = re.compile(rb"i(0|-?[1-9][0-9]{0,19})e")  # 20 digits as in libtorrent
_SKIPPED_LENGTH = re.compile(rb"0{0,100}(0|[1-9][0-9]{0,9}):")
_SKIPPED_INTEGER = re.compile(rb"i-?[0-9]{1,20}e")
_SKIPPED_INTEGERS = re.compile(rb"(?:i-?[0-9]{1,20}e)++")
_CUT_OFF = re.compile(rb"(?:i-?)?[0-9]{0,120}\Z")
_KIND_NAMES = {
    DICTIONARY: "a dictionary",
    LIST: "a list",
    INTEGER: "an integer",
    END: "nothing",
    **dict.fromkeys(DIGITS, "a string"),
}
# The first three bytes of a string of up to 99 bytes tell how many bytes it takes together with its length. Nearly
# all strings are so short, and this table is more than twice as fast as the regular expression.
SHORT_STRINGS = {b"%d:%c" % (length, byte): 2 + length for length in range(10) for byte in range(256)}
SHORT_STRINGS |= {b"%d:" % length: 3 + length for length in range(10, 100)}
_SHORTEST_OF_TWO_DIGITS = 3 + 10


def read_integer(data: bytes, position: int, key: bytes) -> tuple[int, int]:
    """An integer, which must fit into 64 bits, and the position after it."""
    match = _INTEGER.match(data, position)
    if match is None:
        raise wrong_kind_error(data, position, key, INTEGER)
    value = int(match[1])
    if not -(2**63) <= value < 2**63:
        raise NotATorrent(f"{_describe_position(position, key)} there is an integer of more than 64 bits.")
    return value, match.end()


def skip_integers(data: bytes, position: int, key: bytes, *, run: bool) -> tuple[int, int]:
    """The position after an integer, and 1; with `run`, after all integers in a row, and how many they are.

    They may have leading zeros and any size up to 20 digits, since their value is not used.
    """
    match = (_SKIPPED_INTEGERS if run else _SKIPPED_INTEGER).match(data, position)
    if match is None:
        raise wrong_kind_error(data, position, key, INTEGER)
    return match.end(), data.count(b"e", position, match.end())


def read_string(data: bytes, position: int, key: bytes) -> tuple[bytes, int]:
    """A string, and the position after it."""
    step = SHORT_STRINGS.get(data[position : position + 3])
    if step is None:
        start, end = find_string(data, position, key)
    else:
        start, end = position + (2 if step < _SHORTEST_OF_TWO_DIGITS else 3), position + step
        if end > len(data):
            raise truncated_error(data, key)
    return data[start:end], end


def read_strings(
    data: bytes, position: int, key: bytes, max_strings: int, too_many: str
) -> tuple[tuple[bytes, ...], int]:
    """The strings of a list from its first item on, and the position after the list.

    Raises TooComplex with the message `too_many` for more than `max_strings`.
    """
    strings: list[bytes] = []
    try:
        while data[position] != END:
            if len(strings) >= max_strings:
                raise TooComplex(too_many)
            step = SHORT_STRINGS.get(data[position : position + 3])
            if step is None:
                start, end = find_string(data, position, key)
            else:
                start, end = position + (2 if step < _SHORTEST_OF_TWO_DIGITS else 3), position + step
            strings.append(data[start:end])
            position = end
    except IndexError:
        raise truncated_error(data, key) from None
    return tuple(strings), position + 1


def find_string(data: bytes, position: int, key: bytes, *, zeros: bool = False) -> tuple[int, int]:
    """Where the bytes of a string begin and end; with `zeros`, its length may have leading zeros."""
    match = (_SKIPPED_LENGTH if zeros else _LENGTH).match(data, position)
    if match is None:
        raise wrong_kind_error(data, position, key, STRING)
    length, start = int(match[1]), match.end()
    if (left := len(data) - start) < length:
        missing = (
            f"{_describe_position(position, key)} a string of {length:,} bytes begins, but {left:,} are left"
        )
        raise Truncated(f"The torrent ends in the middle. {missing}.")
    return start, start + length


def truncated_error(data: bytes, key: bytes) -> Truncated:
    """The error for bytes that end too early."""
    near = f", near {quote_bytes(key)}" if key else ""
    return Truncated(f"The torrent ends in the middle, after {len(data):,} bytes{near}.")


def wrong_kind_error(data: bytes, position: int, key: bytes, kind: int) -> NotATorrent:
    """The error for a position where a value of this kind should be, and is not."""
    if _CUT_OFF.match(data, position):
        return truncated_error(data, key)
    wanted, found = _KIND_NAMES[kind], _KIND_NAMES.get(data[position], "no bencoded value")
    if found == wanted:
        return NotATorrent(f"{_describe_position(position, key)} there is {wanted} that is malformed.")
    return NotATorrent(f"{_describe_position(position, key)} there should be {wanted}, but there is {found}.")


def quote_bytes(raw: bytes) -> str:
    """Bytes of a torrent for a message: at most 40 of them, printable ASCII in quotation marks, others in hex."""
    shown = raw[:40].decode("ascii", "replace")
    return f"“{shown}”" if shown.isascii() and shown.isprintable() else raw[:40].hex()


def _describe_position(position: int, key: bytes) -> str:
    """The position as the beginning of a sentence."""
    return f"In {quote_bytes(key)}, at byte {position:,}," if key else f"At byte {position:,}"
