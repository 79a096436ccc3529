"""Bencoded bytes (BEP 3), read in place: strictly, without recursion, building nothing of what they hold."""

import re
from collections.abc import Iterator

from metainfo.errors import NotATorrent, TooComplex, Truncated

MAX_DEPTH = 100  # this and the next as libtorrent has them
MAX_TOKENS = 3_000_000
# What is read one by one takes as long as several parts, and counts for so many more.
SLOW = 4
MAX_DISORDER = 1_000  # keys of an unsorted dictionary: more would cost memory to tell apart

DICTIONARY, END, INTEGER, LIST = b"deil"
DIGITS = b"0123456789"
STRING = DIGITS[0]

_CONTAINERS = frozenset((DICTIONARY, LIST))
_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,9}):")
_INTEGER = re.compile(rb"i(0|-?[1-9][0-9]{0,19})e")  # 20 digits as in libtorrent
_INTEGERS = re.compile(rb"(?:i(?:0|-?[1-9][0-9]{0,19})e)++")
_CUT_OFF = re.compile(rb"(?:i-?)?[0-9]{0,20}\Z")
_KINDS = {DICTIONARY: "a dictionary", LIST: "a list", INTEGER: "an integer", END: "nothing"} | dict.fromkeys(
    DIGITS, "a string"
)
_IN_LIST = b"in a list"  # stands, by identity, where otherwise the last key of a dictionary stands
# A string of up to 99 bytes by its first three bytes: how many it takes with its length. Nearly all are so short,
# and this is more than twice as quick as the pattern.
_STEPS = {b"%d:%c" % (length, byte): 2 + length for length in range(10) for byte in range(256)}
_STEPS |= {b"%d:" % length: 3 + length for length in range(10, 100)}
_SHORTEST_OF_TWO_DIGITS = 3 + 10


class Cursor:
    """A place in bencoded bytes. Reading moves it on; what is malformed, cut off or too much is refused."""

    __slots__ = ("at", "data", "depth", "disorder", "key", "tokens")

    def __init__(self, data: bytes, at: int = 0, tokens: int = MAX_TOKENS) -> None:
        self.data = data
        self.at = at
        self.depth = 0
        self.tokens = tokens  # how many more are taken
        self.key = b""  # the last one read, for the sentences of refusals
        self.disorder = False  # whether a dictionary was met whose keys do not ascend

    def next(self) -> int:
        """The byte that the cursor stands before, which tells the kind of value."""
        if self.at >= len(self.data):
            raise self.cut_off()
        return self.data[self.at]

    def integer(self) -> int:
        """Read an integer, which must fit into 64 bits."""
        match = _INTEGER.match(self.data, self.at)
        if match is None:
            raise self.unlike(INTEGER)
        value = int(match[1])
        if not -(2**63) <= value < 2**63:
            raise NotATorrent(f"{self.place()} there is an integer of more than 64 bits.")
        self.at = match.end()
        self.tokens -= 1
        return value

    def string(self) -> bytes:
        """Read a string."""
        value, self.at = self.string_at(self.at)
        self.tokens -= 1
        return value

    def string_at(self, at: int) -> tuple[bytes, int]:
        """A string elsewhere, and where it ends; the cursor stays."""
        step = _STEPS.get(self.data[at : at + 3])
        if step is None:
            start, end = self._string(at)
        else:
            start, end = at + (2 if step < _SHORTEST_OF_TWO_DIGITS else 3), at + step
            if end > len(self.data):
                raise self.cut_off()
        return self.data[start:end], end

    def strings_at(self, at: int, most: int) -> tuple[tuple[bytes, ...], int]:
        """Strings elsewhere, one behind the other, and where the last of them ends; the cursor stays."""
        data = self.data
        found: list[bytes] = []
        while data[at] != END and len(found) < most:
            step = _STEPS.get(data[at : at + 3])
            if step is None:
                start, end = self._string(at)
            else:
                start, end = at + (2 if step < _SHORTEST_OF_TWO_DIGITS else 3), at + step
            found.append(data[start:end])
            at = end
        return tuple(found), at

    def string_span(self) -> tuple[int, int]:
        """Read a string without copying it: where it begins and ends."""
        start, self.at = self._string(self.at)
        return start, self.at

    def each_key(self) -> Iterator[bytes]:
        """Walk a dictionary. Before each key's value the caller takes over, and must read or skip it."""
        self.enter(DICTIONARY)
        last: bytes | None = None
        seen: set[bytes] = set()
        ascending = True
        while self.next() != END:
            self.key = key = self.string()
            self.spend(SLOW)
            if last is not None and key <= last:
                ascending, self.disorder = False, True
            last = key
            if not ascending or len(seen) < MAX_DISORDER:
                if key in seen:
                    raise NotATorrent(f"The key {quoted(key)} is there twice.")
                seen.add(key)
                if len(seen) > MAX_DISORDER:
                    raise TooComplex(f"A dictionary of more than {MAX_DISORDER:,} keys is not sorted.")
            yield key
        self.leave()

    def each_item(self) -> Iterator[int]:
        """Walk a list. Before each item the caller takes over, knows its kind, and must read or skip it."""
        self.enter(LIST)
        while (kind := self.next()) != END:
            yield kind
        self.leave()

    def skip(self) -> None:
        """Pass over a value of any kind, making sure that it is well-formed."""
        try:
            self._skip()
        except IndexError:
            raise self.cut_off() from None
        if self.at > len(self.data):
            raise self.cut_off()

    def place(self) -> str:
        """Where the cursor stands, to begin a sentence with."""
        return f"In {quoted(self.key)}, at byte {self.at:,}," if self.key else f"At byte {self.at:,}"

    def enter(self, kind: int) -> None:
        """Go into a list or a dictionary, to stand before its first item or key."""
        if self.next() != kind:
            raise self.unlike(kind)
        self.at += 1
        self.depth += 1
        self._check_depth(self.depth)
        self.spend(2)  # it ends, too

    def leave(self) -> None:
        """Go out of it, from before its end."""
        self.at += 1
        self.depth -= 1
        self.spend(0)

    def _check_depth(self, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise TooComplex(f"The torrent is nested {MAX_DEPTH} deep.")

    def cut_off(self) -> Truncated:
        """How to say that the bytes end too early."""
        near = f", near {quoted(self.key)}" if self.key else ""
        return Truncated(f"The torrent ends in the middle, after {len(self.data):,} bytes{near}.")

    def spend(self, tokens: int) -> None:
        self.tokens -= tokens
        if self.tokens < 0:
            counted = "of which unusual ones count for several"
            raise TooComplex(f"The torrent has more than {MAX_TOKENS:,} parts, {counted}.")

    def unlike(self, kind: int) -> NotATorrent:
        """How to say that there is no value of this kind at the cursor."""
        if _CUT_OFF.match(self.data, self.at):
            return self.cut_off()
        wanted, found = _KINDS[kind], _KINDS.get(self.data[self.at], "no bencoded value")
        if found == wanted:
            return NotATorrent(f"{self.place()} there is {wanted} that is malformed.")
        return NotATorrent(f"{self.place()} there should be {wanted}, but there is {found}.")

    def _string(self, at: int) -> tuple[int, int]:
        match = _LENGTH.match(self.data, at)
        if match is None:
            self.at = at
            raise self.unlike(STRING)
        length, start = int(match[1]), match.end()
        if (left := len(self.data) - start) < length:
            self.at = at
            missing = f"{self.place()} a string of {length:,} bytes begins, but {left:,} are left"
            raise Truncated(f"The torrent ends in the middle. {missing}.")
        return start, start + length

    def _skip(self) -> None:
        """One loop for each value and, where it stands in a dictionary, the key after it."""
        data, at, spent = self.data, self.at, 0
        last_keys: list[bytes | None] = []  # of the dictionaries that are open; None before the first key
        while True:
            byte = data[at]
            spent += 1
            if byte in _CONTAINERS:
                last_keys.append(None if byte == DICTIONARY else _IN_LIST)
                self._check_depth(self.depth + len(last_keys))
                at += 1
            else:
                step = _STEPS.get(data[at : at + 3])
                at = self._scalar(at, last_keys) if step is None else at + step
            while last_keys and data[at] == END:
                last_keys.pop()
                at += 1
                spent += 1
            if not last_keys:
                break
            if (last := last_keys[-1]) is not _IN_LIST:
                key, at = self.string_at(at)
                last_keys[-1] = key
                if last is not None and key <= last:
                    self.disorder = True
                spent += 2  # it takes longer than a value
            if spent > self.tokens:
                break
        self.at = at
        self.spend(spent)

    def _scalar(self, at: int, last_keys: list[bytes | None]) -> int:
        self.tokens -= SLOW
        if self.data[at] != INTEGER:
            return self._string(at)[1]
        in_list = bool(last_keys) and last_keys[-1] is _IN_LIST
        match = (_INTEGERS if in_list else _INTEGER).match(self.data, at)
        if match is None:
            self.at = at
            raise self.unlike(INTEGER)
        self.tokens -= self.data.count(b"e", at, match.end()) - 1
        return match.end()


class Dictionary:
    """Where the values of some keys of a dictionary stand. Each key may be there once."""

    def __init__(self, data: bytes, places: dict[bytes, int], tokens: int = MAX_TOKENS) -> None:
        self.data = data
        self.tokens = tokens  # how many more are taken of each value, when it is read
        self._places = places

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def cursor(self, key: bytes) -> Cursor:
        """A cursor before the value of a key that is there."""
        cursor = Cursor(self.data, self._places[key], self.tokens)
        cursor.key = key
        return cursor

    def integer(self, key: bytes) -> int | None:
        return self.cursor(key).integer() if key in self._places else None

    def string(self, key: bytes) -> bytes | None:
        return self.cursor(key).string() if key in self._places else None


def quoted(text: bytes) -> str:
    """Bytes of a torrent, short and harmless, for a sentence: in quotation marks, or in hex."""
    shown = text[:40].decode("ascii", "replace")
    return f"“{shown}”" if shown.isascii() and shown.isprintable() else text[:40].hex()
