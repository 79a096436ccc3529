"""Builds upload requests as old clients send them: curl with a form, PHP with a SOAP call."""

import base64
from typing import NamedTuple

_FORM = (
    b'--boundary\r\nContent-Disposition: form-data; name="torrent"; filename="a.torrent"\r\n'
    b"Content-Type: application/x-bittorrent\r\n\r\n%s\r\n--boundary--\r\n"
)
_ENVELOPE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope'
    b' xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="urn:xmethods-delayed-quotes">'
    b"<SOAP-ENV:Body><ns1:cacheTorrent><torrent>%s</torrent></ns1:cacheTorrent></SOAP-ENV:Body>"
    b"</SOAP-ENV:Envelope>\n"
)


class UploadRequest(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes

    def raw(self) -> bytes:
        """The bytes of the HTTP/1.1 request."""
        fields = {"Host": "127.0.0.1", **self.headers, "Content-Length": str(len(self.body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {self.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


def build_post(torrent: bytes) -> UploadRequest:
    kind = "multipart/form-data; boundary=boundary"
    return UploadRequest("/autoupload.php", {"Content-Type": kind}, _FORM % torrent)


def build_soap(torrent: bytes) -> UploadRequest:
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"cacheTorrent"'}
    return UploadRequest("/api/index.php", headers, _ENVELOPE % base64.b64encode(torrent))
