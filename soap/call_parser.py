"""A SOAP 1.1 call as it comes in: read as a stream, given up at the first thing that no honest call has.

No tree is built, no DTD is begun, no attribute is looked at (so no href is followed): whatever arrives, there is
never more in memory than the one argument and one chunk.
"""

from typing import Protocol
from xml.parsers import expat

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/}"
CHUNK = 65_536
_LONGEST_TOKEN = 65_536  # bytes with neither a tag nor text in them: one endless tag, name or comment
_MOST_PARTS = 200  # elements, attributes and namespaces; an honest call has a dozen, and perhaps some headers
_WHITESPACE = b" \t\r\n"


class NotSoap(Exception):
    """Not a SOAP 1.1 envelope with one call of one argument; `str()` says what is wrong."""

    faultcode = "Client"


class WrongVersion(NotSoap):
    """An envelope of another SOAP."""

    faultcode = "VersionMismatch"


class MessageReader(Protocol):
    def read(self, size: int, /) -> bytes: ...


class SoapCall:
    """The name of the operation, without its namespace, and its argument, without whitespace.

    Names of arguments are not looked at: PHP without a WSDL says `param0`, SOAP::Lite `c-gensym3`.
    The key came with the request, not in the envelope.
    """

    def __init__(self, longest: int, key: str = "") -> None:
        self.key = key
        self.operation = ""
        self.argument: bytearray | None = None
        self.too_long = False  # the argument, which then is cut off, or all of the message
        self._longest = longest
        self._path: list[str] = []
        self._parts = 0
        self._silence = 0

    def read(self, source: MessageReader) -> None:
        """Raises NotSoap. Stops where the argument gets too long: what follows is left unread."""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True  # else two calls of _text for every line of base64
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            self._feed(parser, source)
        except (expat.ExpatError, LookupError, ValueError):  # the latter two: an encoding that is unknown
            raise NotSoap("The message is not well-formed XML.") from None
        if not self.operation:
            raise NotSoap("The message has no call in a soap:Body.")

    def close(self) -> None:
        """Forget the argument."""
        if self.argument is not None:
            self.argument.clear()

    def _feed(self, parser: expat.XMLParserType, source: MessageReader) -> None:
        # Twice: UTF-16, or an argument whose line ends are all written as &#xD;&#xA;.
        left = 2 * self._longest + CHUNK
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            self._silence += len(chunk)
            parser.Parse(chunk, False)
            if left < 0 or self.too_long:
                self.too_long = True
                return
            if self._silence > _LONGEST_TOKEN:
                raise NotSoap("The message has more markup than a call needs.")
        parser.Parse(b"", True)

    def _count(self, parts: int) -> None:
        self._silence = 0
        self._parts += parts
        if self._parts > _MOST_PARTS:
            raise NotSoap("The message has more elements and attributes than a call needs.")

    def _declare(self, prefix: str | None, namespace: str | None) -> None:
        self._count(1)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count(1 + len(attributes))
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

    def _end(self, name: str) -> None:
        self._silence = 0
        self._path.pop()

    def _text(self, text: str) -> None:
        self._silence = 0
        if len(self._path) == 4 and self.argument is not None and self._path[1] == _SOAP + "Body":
            base64 = text.encode("ascii", "replace")
            has_whitespace = any(one in base64 for one in _WHITESPACE)  # PHP's has none
            self.argument += base64.translate(None, _WHITESPACE) if has_whitespace else base64
            self.too_long = len(self.argument) > self._longest

    def _doctype(self, *declaration: object) -> None:
        raise NotSoap("A DTD is not allowed in a SOAP message.")


def _check_envelope(name: str) -> None:
    if name != _SOAP + "Envelope":
        if name.endswith("}Envelope"):
            raise WrongVersion("This service speaks SOAP 1.1.")
        raise NotSoap("The message is no SOAP envelope.")
