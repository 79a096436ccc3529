"""Multipart forms: RFC 7578, RFC 2046, and what old scripts made of them."""

import base64

import pytest
from django.test import Client

from archive.models import Torrent
from tests import make

NAMES = {
    "Latin-1": b'filename="caf\xe9.torrent"',
    "Windows-1251": b'filename="\xd4\xe8\xeb\xfc\xec.torrent"',
    "no encoding at all": b'filename="\xff\xfe\x80.torrent"',
    "UTF-8": 'filename="фильм.torrent"'.encode(),
    "a folder": b'filename=".."',
    "a path": b'filename="C:\\my files\\a.torrent"',
    "quotes within": b'filename="say "hello".torrent"',
    "no quotes": b"filename=a.torrent",
    "a semicolon": b'filename="a;b=c.torrent"',
    "RFC 5987 alone": b"filename*=UTF-8''%D1%84.torrent",
    "both": b"filename=\"a.torrent\"; filename*=UTF-8''%D1%84.torrent",
    "before the field's": None,
}


def post_form(client: Client, body: bytes, boundary: str = "x") -> bytes:
    answer = client.post("/autoupload.php", body, content_type=f"multipart/form-data; boundary={boundary}")
    assert answer.status_code == 200
    return bytes(answer.content)


def form_part(torrent: bytes, *lines: bytes, name: bytes = b'name="torrent"; filename="a.torrent"') -> bytes:
    head = b"\r\n".join([b"Content-Disposition: form-data; " + name, *lines])
    return b"--x\r\n" + head + b"\r\n\r\n" + torrent + b"\r\n"


@pytest.mark.django_db
@pytest.mark.parametrize("how", NAMES)
def test_a_file_is_read_whatever_its_name(client: Client, how: str) -> None:
    torrent = make.v1()
    name = b'name="torrent"; ' + named if (named := NAMES[how]) else b'filename="a"; name="torrent"'
    assert post_form(client, form_part(torrent, name=name) + b"--x--\r\n") == make.v1_hash(torrent).encode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end",
    [b"--x--\r\n", b"--x--", b"--x--\r\nepilogue", b""],
    ids=["usual", "no newline", "epilogue", "none"],
)
def test_a_form_may_end_in_many_ways(client: Client, end: bytes) -> None:
    torrent = make.v1(size=16_384 * 8_000)  # more than one read
    assert post_form(client, form_part(torrent) + end) == make.v1_hash(torrent).encode()


@pytest.mark.django_db
def test_other_fields_preambles_and_quoted_boundaries_are_accepted(client: Client) -> None:
    torrent = make.v1()
    other = form_part(b"junk", name=b'name="other"; filename="b.torrent"') + form_part(
        b"words", name=b'name="submit"'
    )
    form = b"a preamble\r\n" + other + form_part(torrent, b"Content-Type: application/x-bittorrent") + other
    assert post_form(client, form + b"--x--\r\n", '"x"') == make.v1_hash(torrent).encode()


@pytest.mark.django_db
def test_base64_is_undone_where_the_part_says_so(client: Client) -> None:
    torrent = make.v1()
    coded = form_part(base64.encodebytes(torrent), b"Content-Transfer-Encoding: Base64")
    assert post_form(client, coded + b"--x--\r\n") == make.v1_hash(torrent).encode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"--x",
        b"--x--\r\n",
        b"--y\r\n" + form_part(b"")[4:],
        b"--x\r\nnonsense\r\n\r\nd4:infode\r\n--x--\r\n",
        b"--x\r\n" + b"A: b\r\n" * 100_000,
        b"--x\r\nContent-Disposition: " + b"a" * 1_000_000,
        form_part(b"d", name=b'name="torrent"; filename=""') + b"--x--\r\n",
        form_part(b"d", name=b'name="torrent"') + b"--x--\r\n",
        form_part(b"d", name=b'filename="a"') + b"--x--\r\n",
        b"--x\r\n\xff\xff: \xff\r\n\r\n" + make.v1() + b"\r\n--x--\r\n",
    ],
    ids=range(11),
)
def test_a_form_without_a_file_is_refused(client: Client, form: bytes) -> None:
    assert post_form(client, form) == b"Error 10: File not found.\n"


@pytest.mark.django_db
def test_a_form_with_several_files_is_refused(client: Client) -> None:
    form = form_part(make.v1(b"one")) + form_part(make.v1(b"another")) + b"--x--\r\n"
    assert post_form(client, form).startswith(b"Error 19: Several files arrived")
    assert not Torrent.objects.exists()
