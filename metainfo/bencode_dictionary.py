"""Where the values of a bencoded dictionary stand, so that each can be read later and in any order."""

from metainfo.bencode_cursor import Cursor
from metainfo.bencode_scalars import DIGITS


class Dictionary:
    """The positions of some keys' values in well-formed bytes."""

    def __init__(self, data: bytes, positions: dict[bytes, int], tokens: int) -> None:
        """`tokens` is how many parts may be read of each value: what is read twice counts twice."""
        self.data = data
        self._positions = positions
        self._tokens = tokens

    def __contains__(self, key: bytes) -> bool:
        return key in self._positions

    def with_tokens(self, tokens: int) -> "Dictionary":
        """The same dictionary, of each value of which so many parts may be read."""
        return Dictionary(self.data, self._positions, tokens)

    def cursor(self, key: bytes) -> Cursor:
        """A cursor before the value of a key that is there."""
        return Cursor(self.data, self._positions[key], self._tokens, key)

    def integer(self, key: bytes) -> int | None:
        """The integer under a key; None without the key. Raises NotATorrent for a value of another kind."""
        return self.cursor(key).read_integer() if key in self._positions else None

    def string(self, key: bytes) -> bytes | None:
        """The string under a key; None without the key. Raises NotATorrent for a value of another kind."""
        return self.cursor(key).read_string() if key in self._positions else None

    def optional_string(self, key: bytes) -> bytes | None:
        """The string under a key; None without the key, and for a value of another kind."""
        if key not in self._positions:
            return None
        cursor = self.cursor(key)
        return cursor.read_string() if cursor.peek() in DIGITS else None
