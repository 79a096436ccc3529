"""Parse a SOAP 1.1 call as a stream, and refuse it at the first thing that no honest call has.

No tree is built, no DTD is begun, no attribute is read (so no href is followed): whatever arrives, there is never
more in memory than the one argument and one chunk.

expat knows UTF-8, UTF-16 and some charsets of one byte a character. A message in another charset that Python knows is
turned into UTF-8 before it is parsed.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat

from metainfo.text_decoding import find_codec

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/}"
CHUNK = 65_536
_MAX_TOKEN = 65_536  # bytes without a complete tag or text: one endless tag, name or comment
_MAX_PARTS = 200  # elements, attributes and namespaces; an honest call has a dozen, and perhaps some headers
_WHITESPACE = b" \t\r\n"
_DECLARATION = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]{1,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']"""
)
_KNOWN_TO_EXPAT = frozenset((b"", b"utf-8", b"utf-16", b"us-ascii", b"iso-8859-1"))


class NotSoap(Exception):
    """The message is no SOAP 1.1 envelope with one call of one argument; `str(error)` says what is wrong."""

    faultcode = "Client"


class WrongVersion(NotSoap):
    """An envelope of another version of SOAP."""

    faultcode = "VersionMismatch"


class MessageReader(Protocol):
    """The body of a request."""

    def read(self, size: int, /) -> bytes: ...


class SoapCall:
    """`operation` has no namespace, `argument` is base64 without whitespace.

    The argument's name is ignored: PHP without a WSDL says `param0`, SOAP::Lite `c-gensym3`. `key` is the API key of
    the request; the envelope has none. `max_argument`: characters of an argument that are read at most.
    """

    def __init__(self, max_argument: int, key: str = "") -> None:
        self.key = key
        self.operation = ""
        self.argument: bytearray | None = None
        self.too_long = False  # the argument, which is then cut off, or the whole message
        self._max_argument = max_argument
        self._path: list[str] = []
        self._part_count = 0
        self._quiet_bytes = 0  # bytes since the last tag or text

    def parse(self, source: MessageReader) -> None:
        """Raises NotSoap, OSError. Stops where the argument gets too long: what follows is left unread."""
        first = source.read(CHUNK)
        codec = _foreign_codec(first)
        parser = expat.ParserCreate("utf-8" if codec else None, namespace_separator="}")
        parser.buffer_text = True  # otherwise each line of base64 is two calls of _on_text
        parser.StartNamespaceDeclHandler = self._on_namespace
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        parser.StartDoctypeDeclHandler = self._on_doctype
        try:
            self._feed_parser(parser, _each_chunk(first, source), codec)
        except (expat.ExpatError, LookupError, ValueError):  # the last two: an unknown encoding
            raise NotSoap("The message is not well-formed XML.") from None
        if not self.operation:
            raise NotSoap("The message has no call in a soap:Body.")

    def close(self) -> None:
        """Free the memory of the argument."""
        if self.argument is not None:
            self.argument.clear()

    def _feed_parser(self, parser: expat.XMLParserType, chunks: Iterator[bytes], codec: str) -> None:
        decode = codecs.getincrementaldecoder(codec)("replace").decode if codec else None
        # Twice the argument: for UTF-16, or for line ends that are all written as &#xD;&#xA;.
        left = 2 * self._max_argument + CHUNK
        for chunk in chunks:
            left -= len(chunk)
            self._quiet_bytes += len(chunk)
            parser.Parse(decode(chunk) if decode else chunk, False)
            if left < 0 or self.too_long:
                self.too_long = True
                return
            if self._quiet_bytes > _MAX_TOKEN:
                raise NotSoap("The message has more markup than a call needs.")
        parser.Parse(b"", True)

    def _count_parts(self, parts: int) -> None:
        self._quiet_bytes = 0
        self._part_count += parts
        if self._part_count > _MAX_PARTS:
            raise NotSoap("The message has more elements and attributes than a call needs.")

    def _on_namespace(self, prefix: str | None, namespace: str | None) -> None:
        self._count_parts(1)

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        self._count_parts(1 + len(attributes))
        self._path.append(name)
        if len(self._path) == 1:
            _check_envelope(name)
        elif self._path[1] == _SOAP + "Body":
            self._start_in_body(name)

    def _start_in_body(self, name: str) -> None:
        match len(self._path):
            case 3 if self.operation or name == _SOAP + "Fault":
                raise NotSoap("The soap:Body has something else than one call.")
            case 3:
                self.operation = name.rpartition("}")[2]
            case 4 if self.argument is not None:
                raise NotSoap("The call has more than one argument.")
            case 4:
                self.argument = bytearray()
            case depth if depth > 4:
                raise NotSoap("The argument has elements in it; it is base64.")

    def _on_end(self, name: str) -> None:
        self._quiet_bytes = 0
        self._path.pop()

    def _on_text(self, text: str) -> None:
        self._quiet_bytes = 0
        if len(self._path) == 4 and self.argument is not None and self._path[1] == _SOAP + "Body":
            base64 = text.encode("ascii", "replace")
            has_whitespace = any(byte in base64 for byte in _WHITESPACE)  # PHP's base64 has none
            self.argument += base64.translate(None, _WHITESPACE) if has_whitespace else base64
            self.too_long = len(self.argument) > self._max_argument

    def _on_doctype(self, *declaration: object) -> None:
        raise NotSoap("A DTD is not allowed in a SOAP message.")


def _each_chunk(first: bytes, source: MessageReader) -> Iterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = source.read(CHUNK)


def _foreign_codec(beginning: bytes) -> str:
    """Python's codec for the charset that the message declares, if expat does not know it; else empty."""
    match = _DECLARATION.match(beginning)
    name = match[1].lower() if match else b""
    return "" if name in _KNOWN_TO_EXPAT else find_codec(name)


def _check_envelope(name: str) -> None:
    if name != _SOAP + "Envelope":
        if name.endswith("}Envelope"):
            raise WrongVersion("This service speaks SOAP 1.1.")
        raise NotSoap("The message is no SOAP envelope.")
