"""The refusals of TorBox's dialect and their codes: keys, bodies, torrents, paths."""

import json

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from archive.access import api_keys
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from tests import make
from tests.torbox_account import ABSENT, BASE, HASH, MAGNET, TORRENT, Account, error_of, success_data

pytestmark = pytest.mark.django_db


class TestKeys:
    def test_unknown_revoked_and_suspended_keys_have_different_errors(
        self, client: Client, anna: Account
    ) -> None:
        def get(text: str | None) -> tuple[int, str | bool]:
            headers = {} if text is None else {"Authorization": f"Bearer {text}"}
            return error_of(client.get(f"{BASE}mylist", headers=headers))

        assert get(None) == (403, "NO_AUTH")
        assert get("") == (403, "NO_AUTH")
        assert get("nonsense") == (403, "BAD_TOKEN")
        assert get(anna.text[:-1] + "?") == (403, "BAD_TOKEN")
        api_keys.suspend_key(anna.key.prefix)
        assert get(anna.text) == (403, "AUTH_ERROR")
        api_keys.revoke_key(anna.key.prefix)
        assert get(anna.text) == (403, "BAD_TOKEN")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", "torrents/createtorrent"),
            ("post", "torrents/asynccreatetorrent"),
            ("post", "torrents/controltorrent"),
            ("delete", "torrents/controltorrent/1"),
            ("put", "torrents/edittorrent"),
            ("get", "torrents/mylist"),
            ("get", "torrents/checkcached"),
            ("post", "torrents/checkcached"),
            ("get", "torrents/exportdata"),
            ("get", "torrents/getqueued"),
            ("get", "queued/getqueued"),
            ("post", "queued/controlqueued"),
            ("get", "usenet/mylist"),
            ("get", "user/me"),
        ],
    )
    def test_a_method_without_a_key_is_refused(self, client: Client, method: str, path: str) -> None:
        assert error_of(getattr(client, method)(f"/v1/api/{path}")) == (403, "NO_AUTH")

    def test_a_key_has_a_rate_limit(self, anna: Account, settings: Settings) -> None:
        settings.RATE_KEY = 3
        cache.clear()
        answers = [anna("get", "mylist") for _ in range(7)]  # a new minute may begin once
        assert [answer.status_code for answer in answers[:3]] == [200] * 3
        limited = next(answer for answer in answers if answer.status_code == 429)
        assert error_of(limited) == (429, "COOLDOWN_LIMIT")
        assert 0 < int(limited["Retry-After"]) <= 60
        assert Account("Bob")("get", "mylist").status_code == 200

    def test_requests_without_a_valid_key_count_for_their_address(
        self, client: Client, settings: Settings
    ) -> None:
        settings.RATE_ADDRESS = 2
        cache.clear()
        statuses = [
            client.get(f"{BASE}mylist", headers={"Authorization": f"Bearer hk_{n}"}).status_code
            for n in range(6)
        ]
        assert statuses[:2] == [403, 403] and 429 in statuses
        infos = [client.get(f"{BASE}torrentinfo", {"hash": HASH}) for _ in range(5)]
        assert (429, "COOLDOWN_LIMIT") in map(error_of, infos[1:])

    def test_with_uploads_for_keys_a_key_may_store(self, anna: Account, settings: Settings) -> None:
        settings.UPLOADS, settings.LISTING = "keys", False
        id_ = anna.send(TORRENT)["torrent_id"]
        assert anna.list(id=id_)["hash"] == HASH
        assert HASH in success_data(anna("get", "checkcached", {"hash": HASH}))


class TestBodies:
    def test_a_form_may_be_without_its_boundary(self, anna: Account) -> None:
        """As npm @torbox/torbox-api 1.0.9 sends it: fetch makes the form, then the SDK overwrites the header."""
        line = b"------formdata-undici-012345678901"
        part = b'Content-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        kind = b'; filename="blob"\r\nContent-Type: application/octet-stream'
        parts = [
            part % (b"allowZip", b"", b"true"),
            part % (b"file", kind, TORRENT),
            part % (b"name", b"", b"x"),
        ]
        body = b"".join(line + b"\r\n" + each for each in parts) + line + b"--\r\n"
        made = success_data(anna("post", "createtorrent", body, content_type="multipart/form-data"))
        assert anna.list(id=made["torrent_id"])["name"] == "x"

    @pytest.mark.parametrize("spelling", ["add_only_if_cached", "addOnlyIfCached"])
    @pytest.mark.parametrize("form", [True, False])
    def test_field_names_may_be_in_snake_or_camel_case(
        self, anna: Account, spelling: str, form: bool
    ) -> None:
        asked = {"magnet": f"magnet:?xt=urn:btih:{ABSENT}", spelling: "True"}
        how = {} if form else {"content_type": "application/json"}
        answer = anna("post", "createtorrent", asked if form else json.dumps(asked), **how)
        assert error_of(answer) == (404, "DOWNLOAD_NOT_CACHED")

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"{", "application/json"),
            (b"[" * 90_000, "application/json"),
            (b'"\\"x', "application/json"),
            (json.dumps(json.dumps("x")).encode(), "application/json"),
            (b"[1]", "application/json"),
            (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
            (b"", "multipart/form-data; boundary=x"),
            (b"nonsense", "multipart/form-data"),
            (b"--\r\n", "multipart/form-data"),
            (b"magnet=%ff%fe", "application/x-www-form-urlencoded"),
            (b"\xff\xfe", "application/x-www-form-urlencoded"),
            (b"a&" * 5_000, "application/x-www-form-urlencoded"),
            (b"", ""),
        ],
    )
    def test_a_malformed_body_is_refused(self, anna: Account, body: bytes, kind: str) -> None:
        for path in ("createtorrent", "controltorrent", "checkcached", "torrentinfo", "magnettofile"):
            status, code = error_of(anna("post", path, body, content_type=kind))
            assert status in (400, 413, 422), (path, status, code)

    def test_a_body_that_is_too_large_is_refused(self, anna: Account, settings: Settings) -> None:
        settings.MAX_TORRENT_BYTES = 1_000
        large = SimpleUploadedFile("a.torrent", make.v1(size=16_384 * 200))
        assert error_of(anna("post", "createtorrent", {"file": large})) == (413, "TOO_MUCH_DATA")
        huge = SimpleUploadedFile("a.torrent", bytes(200_000))
        assert error_of(anna("post", "createtorrent", {"file": huge})) == (413, "TOO_MUCH_DATA")

    def test_a_link_in_json_is_cut_as_one_in_a_form(self, client: Client) -> None:
        deposit(TORRENT)
        link = f"magnet:?dn={'a' * 20_000}&xt=urn:btih:{HASH}"
        for body, status in ((link, 400), (MAGNET + "&tr=x" * 100_000, 200)):
            answer = client.post(
                f"{BASE}torrentinfo", json.dumps({"magnet": body}), content_type="application/json"
            )
            assert answer.status_code == status


class TestRefusals:
    def test_a_request_has_either_a_link_or_a_file(self, anna: Account) -> None:
        assert error_of(anna("post", "createtorrent", {"seed": "1"})) == (400, True)
        both = {"magnet": MAGNET, "file": SimpleUploadedFile("a.torrent", TORRENT)}
        assert error_of(anna("post", "createtorrent", both)) == (400, True)
        assert anna.list() == []

    def test_an_empty_file_beside_a_link_is_a_field_left_empty(self, anna: Account) -> None:
        """Judge: libraries that send each field of a form always; a torrent of no bytes can be meant by nobody."""
        anna.send(TORRENT)
        both = {"magnet": MAGNET, "file": SimpleUploadedFile("file", b"")}
        assert success_data(anna("post", "createtorrent", both))["hash"] == HASH

    @pytest.mark.parametrize("link", ["nonsense", "magnet:?dn=x", "magnet:?xt=urn:btih:x", "http://[", "\0"])
    def test_a_malformed_magnet_link_is_refused(self, anna: Account, link: str) -> None:
        assert error_of(anna("post", "createtorrent", {"magnet": link})) == (422, "BOZO_TORRENT")

    @pytest.mark.parametrize("torrent", [b"", b"<html>", TORRENT[:-9], make.v1(private=1)])
    def test_a_malformed_or_private_torrent_is_refused(self, anna: Account, torrent: bytes) -> None:
        file = SimpleUploadedFile("a.torrent", torrent)
        assert error_of(anna("post", "createtorrent", {"file": file})) == (422, "BOZO_TORRENT")
        assert anna.list() == []

    def test_without_a_network_a_torrent_that_is_not_held_is_not_found(self, anna: Account) -> None:
        answer = anna("post", "createtorrent", {"magnet": f"magnet:?xt=urn:btih:{ABSENT}"})
        assert error_of(answer) == (404, "ITEM_NOT_FOUND")
        assert anna.list() == []

    def test_a_torrent_that_is_taken_down_is_nowhere(self, anna: Account, client: Client) -> None:
        id_ = anna.send(TORRENT)["torrent_id"]
        take_down(bytes.fromhex(HASH), "a court order")
        for answer in (
            anna("post", "createtorrent", {"file": SimpleUploadedFile("a.torrent", TORRENT)}),
            anna("post", "createtorrent", {"magnet": MAGNET}),
            anna("get", "mylist", {"id": id_}),
            anna("get", "exportdata", {"torrent_id": id_, "type": "file"}),
            client.get(f"{BASE}torrentinfo", {"hash": HASH}),
        ):
            assert error_of(answer) == (451, "ITEM_NOT_FOUND")
            assert "a court order" in answer.json()["detail"]
            assert answer["Link"].endswith('/takedowns>; rel="blocked-by"')
        assert anna.list() == []
        assert success_data(anna("get", "checkcached", {"hash": HASH})) is None
        success_data(anna.does(all=True, operation="delete"))

    @pytest.mark.parametrize("path", ["/v1/", "/v1/api/torrents/dance", "/v1/api/torrents/mylist/x", "/v1/x"])
    def test_an_unknown_path_is_404(self, client: Client, path: str) -> None:
        for method in (client.get, client.post, client.put, client.delete):
            assert error_of(method(path)) == (404, "ENDPOINT_NOT_FOUND")

    def test_a_wrong_method_is_405(self, anna: Account) -> None:
        assert error_of(anna("post", "mylist")) == (405, "ENDPOINT_NOT_FOUND")
        assert error_of(anna("get", "createtorrent")) == (405, "ENDPOINT_NOT_FOUND")
