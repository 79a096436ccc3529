"""Pass over a bencoded value of any kind (BEP 3) in one loop, making sure that it is well-formed."""

from metainfo.bencode_scalars import (
    DICTIONARY,
    END,
    INTEGER,
    LIST,
    SHORT_STRINGS,
    find_string,
    read_string,
    skip_integers,
    truncated_error,
)
from metainfo.errors import TooComplex

MAX_DEPTH = 100  # as in libtorrent
SLOW_TOKENS = 4  # how many more tokens a part costs that is read on its own

_CONTAINERS = frozenset((DICTIONARY, LIST))
_IN_LIST = b"in a list"  # stands, by identity, where otherwise the last key of a dictionary stands


def skip_value(data: bytes, position: int, key: bytes, depth: int, max_tokens: int) -> tuple[int, int, int]:
    """The position after a value, the tokens that it costs, and how many of its keys are not in ascending order.

    `key` is the value's key, for messages, and `depth` how many lists and dictionaries it stands in. Two things are
    left to the caller to refuse: a value of more than `max_tokens`, of which the rest is not read, and a value whose
    last string ends after the end of the bytes. Raises NotATorrent, Truncated, TooComplex.
    """
    try:
        return _skip_in_loop(data, position, key, depth, max_tokens)
    except IndexError:
        raise truncated_error(data, key) from None


def check_depth(depth: int) -> None:
    """Raises TooComplex for a list or dictionary that stands in too many others."""
    if depth >= MAX_DEPTH:
        raise TooComplex(f"The torrent is nested {MAX_DEPTH} deep.")


def _skip_in_loop(
    data: bytes, position: int, key: bytes, depth: int, max_tokens: int
) -> tuple[int, int, int]:
    """Each turn of the loop takes a value and, inside a dictionary, the key after it."""
    tokens = unsorted_keys = 0
    last_keys: list[bytes | None] = []  # of the dictionaries that are open; None before the first key
    while tokens <= max_tokens:
        byte = data[position]
        tokens += 1
        if byte in _CONTAINERS:
            last_keys.append(None if byte == DICTIONARY else _IN_LIST)
            check_depth(depth + len(last_keys))
            position += 1
        else:
            step = SHORT_STRINGS.get(data[position : position + 3])
            if step is None:
                in_list = bool(last_keys) and last_keys[-1] is _IN_LIST
                step, cost = _measure_scalar(data, position, key, in_list)
                tokens += cost
            position += step
        while last_keys and data[position] == END:
            last_keys.pop()
            position += 1
            tokens += 1
        if not last_keys:
            break
        if (last_key := last_keys[-1]) is not _IN_LIST:
            next_key, position = read_string(data, position, key)
            last_keys[-1] = next_key
            unsorted_keys += last_key is not None and next_key <= last_key
            tokens += 2  # a key takes longer to read than a value
    return position, tokens, unsorted_keys


def _measure_scalar(data: bytes, position: int, key: bytes, in_list: bool) -> tuple[int, int]:
    """How many bytes an integer, a run of integers in a list, or a long string takes, and its extra tokens."""
    if data[position] != INTEGER:
        return find_string(data, position, key, zeros=True)[1] - position, SLOW_TOKENS
    end, count = skip_integers(data, position, key, run=in_list)
    return end - position, SLOW_TOKENS + count - 1
