"""A cursor over bencoded bytes (BEP 3): reads values in place, strictly and without recursion.

The bytes are read once, from front to back. A caller that wants a value reads it; it skips what it does not want:

    for key in cursor.each_key():      the cursor stands before the value of `key`
        if key == b"name": name = cursor.read_string()
        else: cursor.skip()            well-formed, but of no interest

Two limits keep a hostile torrent cheap: how deep values may be nested, and how many parts (tokens) may be read. What
Python reads one by one, and not by one regular expression, takes as long as several parts and counts for so many.

A value that is read has to be written as BEP 3 demands. One that is skipped may have leading zeros, as in libtorrent.
A cursor is for one thread.
"""

import re
from collections.abc import Callable, Container, Iterator, Mapping

from metainfo.bencode_scalars import (
    DICTIONARY,
    END,
    LIST,
    find_string,
    quote_bytes,
    read_integer,
    read_string,
    read_strings,
    truncated_error,
    wrong_kind_error,
)
from metainfo.bencode_skip import SLOW_TOKENS, check_depth, skip_value
from metainfo.errors import NotATorrent, TooComplex

MIN_TOKEN_LIMIT = 3_000_000  # as in libtorrent
_BYTES_PER_TOKEN = 10 / 3  # of a torrent beyond 10 MB, so that its size alone limits it
MAX_UNSORTED_KEYS = 1_000  # of one dictionary: finding a key that is there twice costs memory for each


def token_limit(size: int) -> int:
    """How many parts a torrent of so many bytes may have: three million, or as many for each 10 MB."""
    return max(MIN_TOKEN_LIMIT, int(size / _BYTES_PER_TOKEN))


class Cursor:
    """A position in bencoded bytes. Reading moves it on.

    Every method that reads raises NotATorrent for malformed bytes, Truncated where the bytes end too early, and
    TooComplex beyond the limits.
    """

    __slots__ = ("_depth", "_key", "_position", "_tokens_left", "_unsorted_keys", "data")

    def __init__(
        self, data: bytes, position: int = 0, tokens: int = MIN_TOKEN_LIMIT, key: bytes = b""
    ) -> None:
        """`key` is the key of the value at `position`, for the messages of errors."""
        self.data = data
        self._position = position
        self._depth = 0
        self._tokens_left = tokens
        self._key = key
        self._unsorted_keys = 0

    @property
    def position(self) -> int:
        """The index of the next byte."""
        return self._position

    @property
    def tokens_left(self) -> int:
        """How many more parts may be read."""
        return self._tokens_left

    @property
    def unsorted_keys(self) -> int:
        """A number that grows when a key is read that does not come after the one before it, as BEP 3 demands."""
        return self._unsorted_keys

    def peek(self) -> int:
        """The next byte, which tells the kind of value; the cursor stays."""
        if self._position >= len(self.data):
            raise truncated_error(self.data, self._key)
        return self.data[self._position]

    def starts_with(self, prefix: bytes | tuple[bytes, ...]) -> bool:
        """Whether the next bytes are these, or one of these; the cursor stays."""
        return self.data.startswith(prefix, self._position)

    def read_integer(self) -> int:
        """Read an integer, which must fit into 64 bits."""
        value, self._position = read_integer(self.data, self._position, self._key)
        self._tokens_left -= 1
        return value

    def read_string(self) -> bytes:
        """Read a string."""
        value, self._position = read_string(self.data, self._position, self._key)
        self._tokens_left -= 1
        return value

    def read_string_span(self, *, zeros: bool = False) -> tuple[int, int]:
        """Read a string without copying it: the indexes of its first byte and of the byte after it.

        `zeros`: its length may have leading zeros.
        """
        start, self._position = find_string(self.data, self._position, self._key, zeros=zeros)
        return start, self._position

    def read_string_list(self, max_strings: int, too_many: str) -> tuple[bytes, ...]:
        """Read a list of strings. Raises TooComplex with the message `too_many` for more than `max_strings`."""
        self._expect_kind(LIST)
        strings, self._position = read_strings(
            self.data, self._position + 1, self._key, max_strings, too_many
        )
        self._tokens_left -= 2 + len(strings)
        return strings

    def read_match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Read what `pattern` matches here; None, without moving, where it does not match. Costs no tokens."""
        match = pattern.match(self.data, self._position)
        if match:
            self._position = match.end()
        return match

    def read_fields(
        self, readers: Mapping[bytes, Callable[["Cursor"], object]], owner: str
    ) -> dict[bytes, object]:
        """Read a dictionary: the values of those of its keys that have a reader, which must read them.

        Raises NotATorrent where one of these keys is there twice; `owner` begins that sentence. There may be hundreds
        of thousands of such dictionaries, which each_key would be too slow for.
        """
        self._expect_kind(DICTIONARY)
        self._position += 1
        self._depth += 1
        self.spend(2 + SLOW_TOKENS)
        previous_key = None
        values: dict[bytes, object] = {}
        while self.peek() != END:
            key = self.read_string()
            self.spend(SLOW_TOKENS)
            if previous_key is not None and key <= previous_key:
                self._unsorted_keys += 1
            previous_key = key
            if (read := readers.get(key)) is None:
                self.skip()
            elif key in values:
                raise NotATorrent(f"{owner} has the key {quote_bytes(key)} twice.")
            else:
                values[key] = read(self)
        self._depth -= 1
        self._position += 1
        return values

    def each_key(self, unique: Container[bytes] | None = None) -> Iterator[bytes]:
        """Walk a dictionary, key by key. The caller reads or skips each key's value before it asks for the next key.

        Raises NotATorrent where a key of `unique` is there twice; without `unique`, where any key is.
        """
        self._enter_container(DICTIONARY)
        previous_key: bytes | None = None
        seen: set[bytes] = set()
        is_sorted = True
        while self.peek() != END:
            self._key = key = self.read_string()
            self.spend(SLOW_TOKENS)
            if previous_key is not None and key <= previous_key:
                is_sorted = False
                self._unsorted_keys += 1
            previous_key = key
            if unique is not None and key not in unique:
                pass
            elif not is_sorted or len(seen) < MAX_UNSORTED_KEYS:
                if key in seen:
                    raise NotATorrent(f"The key {quote_bytes(key)} is there twice.")
                seen.add(key)
                if len(seen) > MAX_UNSORTED_KEYS:
                    raise TooComplex(f"A dictionary of more than {MAX_UNSORTED_KEYS:,} keys is not sorted.")
            yield key
        self._leave_container()

    def each_record(
        self, head: re.Pattern[bytes], tokens: int, max_strings: int, too_many: str
    ) -> Iterator[tuple[re.Match[bytes], tuple[bytes, ...]] | None]:
        """Walk a list of dictionaries that end in a list of strings: the match of `head`, and the strings.

        `head` matches everything before the first string and costs `tokens`. Yields None before an item of another
        shape, or with an empty or malformed list; the caller reads that item before it asks for the next. Raises
        TooComplex with the message `too_many` for more than `max_strings`. Nearly every file of nearly every torrent
        is such a record, and key by key each would take several times as long.
        """
        data, key = self.data, self._key
        self._enter_container(LIST)
        while True:
            match = head.match(data, self._position)
            if match:
                try:
                    strings, end = read_strings(data, match.end(), key, max_strings, too_many)
                except NotATorrent:
                    strings, end = (), 0  # the caller says what is wrong, if it needs this list
                if strings and data.startswith(b"e", end):
                    self._position = end + 1
                    self._tokens_left -= tokens + len(strings)
                    if self._tokens_left < 0:
                        break
                    yield match, strings
                    continue
            if self.peek() == END:
                break
            yield None
        self._leave_container()

    def each_leaf(
        self, leaf: re.Pattern[bytes], leaf_start: bytes
    ) -> Iterator[tuple[tuple[bytes, ...], re.Match[bytes] | None]]:
        """Walk dictionaries in dictionaries, depth first: the keys that lead to each leaf, and its match of `leaf`.

        A leaf begins with `leaf_start`. Yields None before a leaf that `leaf` does not match, before any value under
        an empty key, and before a value that is no dictionary or an empty one; the caller reads that value before it
        asks for the next. The bytes must have been skipped before, and so be known to be well-formed.
        """
        self._expect_kind(DICTIONARY)
        data, position = self.data, self._position + 1
        parents: list[bytes] = []
        while data[position] != END or parents:
            if data[position] == END:
                parents.pop()
                position += 1
                continue
            key, position = read_string(data, position, self._key)
            match = leaf.match(data, position) if key else None
            if match:
                position = match.end()
                yield (*parents, key), match
            elif key and self._is_folder(position) and not data.startswith(leaf_start, position):
                parents.append(key)
                self.spend(2 + SLOW_TOKENS)
                position += 1
            else:
                self._position = position
                yield (*parents, key), None
                position = self._position

    def skip(self) -> None:
        """Pass over a value of any kind, making sure that it is well-formed."""
        self._position, tokens, unsorted_keys = skip_value(
            self.data, self._position, self._key, self._depth, self._tokens_left
        )
        self._unsorted_keys += unsorted_keys
        self.spend(tokens)
        if self._position > len(self.data):
            raise truncated_error(self.data, self._key)

    def spend(self, tokens: int) -> None:
        """Count parts that were read. Raises TooComplex where they are more than may be read."""
        self._tokens_left -= tokens
        if self._tokens_left < 0:
            counted = "of which unusual ones count for several"
            limit = token_limit(len(self.data))
            raise TooComplex(f"The torrent has more than {limit:,} parts, {counted}.")

    def _expect_kind(self, kind: int) -> None:
        if self.peek() != kind:
            raise wrong_kind_error(self.data, self._position, self._key, kind)

    def _enter_container(self, kind: int) -> None:
        """Move into a list or a dictionary, before its first item or key."""
        self._expect_kind(kind)
        self._position += 1
        self._depth += 1
        check_depth(self._depth)
        self.spend(2)  # its beginning and its end

    def _leave_container(self) -> None:
        """Move out of a list or a dictionary, from before its end."""
        self._position += 1
        self._depth -= 1
        self.spend(0)

    def _is_folder(self, position: int) -> bool:
        """Whether a dictionary that is not empty stands there."""
        return self.data[position] == DICTIONARY and self.data[position + 1] != END
