"""What bytes and infohashes can be wrong about, and the base class of every refusal of Hashkeep."""


class Refusal(Exception):
    """Something that Hashkeep does not do. `str(refusal)` is a sentence for people that says why.

    The classes here concern the bytes of a torrent and the spelling of an infohash; archive/errors.py adds those that
    depend on what is stored, blocked or allowed.
    """


class EmptyTorrent(Refusal):
    """The torrent has no bytes at all."""


class TooLarge(Refusal):
    """The torrent, or the request that brought it, has more bytes than the limit, as sent or after decompression."""


class NotATorrent(Refusal):
    """The bytes are no metainfo file: not bencoded, or without what BEP 3 and BEP 52 demand."""


class Truncated(NotATorrent):
    """The bytes end in the middle of a value, as those of an interrupted upload do."""


class TooComplex(NotATorrent):
    """The bytes are nested deeper, or have more parts, than the limits of metainfo/bencode_cursor.py allow."""


class NotAnInfohash(Refusal):
    """The text is no infohash, neither in hex nor in base32, and contains none."""
