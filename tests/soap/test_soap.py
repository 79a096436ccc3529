"""SOAP calls, with messages as real clients sent them."""

import base64
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django import Settings

from archive.takedowns.takedown import take_down
from metainfo.infohash import parse_infohash
from tests import make
from tests.servers.hashkeep import Hashkeep

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
THETORRENT, TORRAGE = "urn:torrentcache", "urn:xmethods-delayed-quotes"

# As PHP 8.2's SoapClient and SOAP::Lite 1.27 wrote them on the wire; the latter leaves a newline in the argument.
PHP = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope '
    'xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="{namespace}" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" '
    'SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body><ns1:{operation}>'
    '<torrent xsi:type="xsd:string">{argument}</torrent></ns1:{operation}></SOAP-ENV:Body></SOAP-ENV:Envelope>\n'
)
PERL = (
    '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope '
    'soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:tns="{namespace}" '
    'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body><tns:{operation}>'
    '<torrent xsi:type="xsd:string">{argument}\n</torrent></tns:{operation}></soap:Body></soap:Envelope>'
)
ENDPOINTS = ["/soap", "/soap?wsdl", "/api/storetorrent.wsdl"]
ENDPOINTS_OF_TORRAGE = ["/api/torrage.wsdl", "/torcache.wsdl", "/api/index.php"]
OPERATIONS = [("storeTorrent", THETORRENT), ("cacheTorrent", TORRAGE)]
TORRENT = make.v1()
INFOHASH = make.v1_hash(TORRENT)


def build_message(
    torrent: bytes, operation: str = "storeTorrent", namespace: str = THETORRENT, like: str = PHP
) -> str:
    argument = base64.b64encode(torrent).decode()
    return like.format(namespace=namespace, operation=operation, argument=argument)


def post(client: Client, body: str | bytes, url: str = "/soap") -> tuple[int, ElementTree.Element]:
    """The status, and the content of the soap:Body."""
    answer = client.post(url, body, content_type="text/xml; charset=utf-8")
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    envelope = ElementTree.fromstring(answer.content)
    assert envelope.tag == SOAP + "Envelope"
    [body_element] = envelope
    [content] = body_element
    return answer.status_code, content


def call_operation(client: Client, torrent: bytes, operation: str = "storeTorrent") -> str:
    status, content = post(client, build_message(torrent, operation))
    assert status == 200
    return content.findtext("Result") or ""


@pytest.mark.django_db
@pytest.mark.parametrize("url", ENDPOINTS + ENDPOINTS_OF_TORRAGE)
@pytest.mark.parametrize(("operation", "namespace"), OPERATIONS)
@pytest.mark.parametrize("like", [PHP, PERL], ids=["PHP", "Perl"])
def test_each_endpoint_takes_both_operations(
    client: Client, objects: Path, like: str, operation: str, namespace: str, url: str
) -> None:
    status, content = post(client, build_message(TORRENT, operation, namespace, like), url)
    assert (status, content.tag) == (200, f"{{{namespace}}}{operation}Response")
    assert [(part.tag, part.text) for part in content] == [("Result", INFOHASH)]
    [kept] = objects.rglob("*.torrent")
    assert (kept.name, kept.read_bytes()) == (f"{INFOHASH}.torrent", TORRENT)


@pytest.mark.django_db
def test_a_v2_torrent_is_answered_with_its_long_infohash(client: Client) -> None:
    torrent = make.v2()
    assert call_operation(client, torrent) == make.v2_hash(torrent)


@pytest.mark.django_db
def test_the_answer_names_its_encoding(client: Client) -> None:
    answer = client.post("/soap", build_message(TORRENT), content_type="text/xml")
    assert ElementTree.fromstring(answer.content).get(SOAP + "encodingStyle") == ENCODING


@pytest.mark.django_db
@pytest.mark.parametrize(
    "encode",
    [str.encode, lambda body: body.replace("UTF-8", "UTF-16").encode("utf-16")],
    ids=["UTF-8", "UTF-16"],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "&#xD;\n", " \t "])
def test_line_ends_and_encoding_make_no_difference(
    client: Client, encode: Callable[[str], bytes], line_end: str
) -> None:
    torrent = make.v1(b"long", 100_000_000)
    argument = base64.encodebytes(torrent).decode().replace("\n", line_end)
    body = PHP.format(namespace=THETORRENT, operation="storeTorrent", argument=argument)
    assert post(client, encode(body))[1].findtext("Result") == make.v1_hash(torrent)


@pytest.mark.django_db
@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_base64_needs_no_padding(client: Client, size: int, padding: str) -> None:
    """PHP's base64_decode, with which the old caches read it, stops at none that is missing or too many."""
    torrent = make.v1(b"a" * size)
    argument = base64.b64encode(torrent).decode().rstrip("=") + padding
    body = PHP.format(namespace=THETORRENT, operation="storeTorrent", argument=argument)
    assert post(client, body)[1].findtext("Result") == make.v1_hash(torrent)


CHARSETS = ["GB2312", "gbk", "GB18030", "Big5", "EUC-JP", "Shift_JIS", "EUC-KR", "windows-1251", "KOI8-R"]
CHARSETS += ["ISO-8859-1", "ISO-8859-15", "windows-1252", "us-ascii", "cp866", "x-sjis", "ks_c_5601-1987"]


@pytest.mark.django_db
@pytest.mark.parametrize("charset", CHARSETS)
def test_a_message_may_be_in_any_charset(client: Client, charset: str) -> None:
    """PHP's SoapServer reads them (libxml2 and iconv). A text of that charset stands in a header of the envelope."""
    texts = {
        "G": "中文",
        "g": "中文",
        "B": "中文",
        "E": "한국",
        "k": "한국",
        "S": "日本",
        "K": "Музыка",
        "c": "Музыка",
    }
    text = "日本" if charset in ("EUC-JP", "x-sjis") else texts.get(charset[0], "")
    codec = {"x-sjis": "shift_jis"}.get(charset, charset)
    header = f"<SOAP-ENV:Header><a>{text}</a></SOAP-ENV:Header><SOAP-ENV:Body>"
    body = CALL.replace("UTF-8", charset).replace("<SOAP-ENV:Body>", header).encode(codec)
    assert post(client, body)[1].findtext("Result") == INFOHASH


@pytest.mark.django_db
def test_headers_of_the_envelope_are_ignored(client: Client) -> None:
    headers = "<SOAP-ENV:Header><a><b><c><d><e>text</e></d></c></b></a></SOAP-ENV:Header><SOAP-ENV:Body>"
    body = build_message(TORRENT).replace("<SOAP-ENV:Body>", headers)
    assert post(client, body)[1].findtext("Result") == INFOHASH


# What the archive refuses is an answer. Numbers: Torrage 0.4, and our own from 15 on.


def assert_refused(client: Client, torrent: bytes, code: str, text: str) -> None:
    assert call_operation(client, torrent, "cacheTorrent") == code
    assert call_operation(client, torrent).startswith(f"error: {text}")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("torrent", "code", "text"),
    [
        (b"", "11", ""),
        (b"<html></html>", "12", ""),
        (TORRENT[:-1], "12", ""),
        (b"l" * 10_000, "12", ""),
        (make.v1(private=1), "16", "This torrent is private"),
    ],
    ids=["empty", "no torrent", "cut off", "too deep", "private"],
)
def test_a_refusal_is_a_number_in_torrages_dialect_and_a_text_in_the_other(
    client: Client, torrent: bytes, code: str, text: str
) -> None:
    assert_refused(client, torrent, code, text)


@pytest.mark.django_db
def test_a_call_without_an_argument_is_refused(client: Client) -> None:
    body = build_message(b"").replace('<torrent xsi:type="xsd:string"></torrent>', "")
    assert (post(client, body)[1].findtext("Result") or "").startswith("error: Nothing arrived")
    assert post(client, body.replace("store", "cache"))[1].findtext("Result") == "10"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "argument", ["ZDQ6aW5mb2RlZ", "not base64!", "ZDQ6\u00e9", "Z===", "ZDQ6==ZDQ6", "ZDQ6Z====="]
)
def test_an_argument_that_is_no_base64_is_refused_as_no_torrent(client: Client, argument: str) -> None:
    body = PHP.format(namespace=THETORRENT, operation="storeTorrent", argument=argument)
    assert post(client, body)[1].findtext("Result") == "error: The argument is not base64."
    assert post(client, body.replace("store", "cache"))[1].findtext("Result") == "12"


@pytest.mark.django_db
def test_a_blocked_torrent_is_refused(client: Client) -> None:
    """Also where the reason has characters that XML cannot hold."""
    take_down(parse_infohash(INFOHASH), "By order of\x00\x1b the court")
    assert_refused(client, TORRENT, "17", "")


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1_000, 1_001, 1_002, 1_003, 1_900, 200_000, 20_000_000])
def test_a_torrent_that_is_too_large_is_refused_however_large(
    client: Client, settings: Settings, size: int
) -> None:
    settings.MAX_TORRENT_BYTES = 999
    assert_refused(client, make.random_bytes(size, b"large"), "15", "The file has more than the 999 bytes")


@pytest.mark.django_db
def test_a_torrent_of_the_largest_size_is_stored(client: Client, settings: Settings) -> None:
    settings.MAX_TORRENT_BYTES = len(TORRENT)
    assert call_operation(client, TORRENT) == INFOHASH


@pytest.mark.django_db
def test_an_outage_is_number_14(client: Client, objects: Path) -> None:
    objects.write_text("not a folder")
    assert_refused(client, TORRENT, "14", "The storage cannot be used right now")


# A message that is no SOAP is answered with a fault.

CALL = build_message(TORRENT)
BROKEN = {
    "nothing": b"",
    "no XML": b"torrent=abc",
    "zero bytes": bytes(1000),
    "bad UTF-8": CALL.replace("urn:torrentcache", "\udcff").encode("utf-8", "surrogateescape"),
    "unknown encoding": CALL.replace("UTF-8", "klingon").encode(),
    "cut off": CALL.encode()[:-30],
    "two roots": CALL.encode() + b"<a/>",
    "other root": b"<html><body>hello</body></html>",
    "no prefix declared": b"<soap:Envelope><soap:Body/></soap:Envelope>",
    "empty envelope": CALL[: CALL.index("<SOAP-ENV:Body>")].encode() + b"</SOAP-ENV:Envelope>",
    "empty body": CALL.replace("ns1:storeTorrent", "!--").replace("</!--", "--").encode(),
    "a fault": CALL.replace("ns1:storeTorrent", "SOAP-ENV:Fault").encode(),
    "two calls": CALL.replace("</SOAP-ENV:Body>", "<ns1:storeTorrent/></SOAP-ENV:Body>").encode(),
    "two arguments": CALL.replace("</torrent>", "</torrent><torrent/>").encode(),
    "elements in the argument": CALL.replace("</torrent>", "<a/></torrent>").encode(),
    "unknown operation": CALL.replace("storeTorrent", "dropTorrents").encode(),
    "no operation of ours": CALL.replace("storeTorrent", "__init__").encode(),
    "multipart": b'--b\r\nContent-Type: text/xml\r\n\r\n<a href="cid:x"/>\r\n--b--\r\n',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_soap_is_a_fault_of_the_client(client: Client, body: bytes) -> None:
    status, content = post(client, body)
    assert (status, content.tag) == (500, SOAP + "Fault")
    assert (content.findtext("faultcode") or "").endswith(":Client")
    assert content.findtext("faultstring")


def test_soap_1_2_is_a_version_mismatch(client: Client) -> None:
    body = CALL.replace(
        "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
    )
    status, content = post(client, body)
    assert status == 500
    assert (content.findtext("faultcode") or "").endswith(":VersionMismatch")


# Chunked messages.


def test_a_chunked_message_is_accepted(server: Hashkeep) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = build_message(TORRENT).encode()
    chunks = (body[start : start + 100] for start in range(0, len(body), 100))
    connection.request("POST", "/soap", chunks, {"Content-Type": "text/xml"})
    assert f"<Result>{INFOHASH}</Result>".encode() in connection.getresponse().read()
    connection.close()
