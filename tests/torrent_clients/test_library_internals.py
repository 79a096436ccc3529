"""The two names of libraries that are not public and that clients/ uses all the same (it says why) must be there."""

import requests
from qbittorrentapi import Client


def test_requests_keeps_a_body_that_was_read_under_the_name_that_we_set() -> None:
    response = requests.Response()
    response._content = b"a body"
    assert response.content == b"a body"


def test_qbittorrentapi_closes_its_connections_and_can_be_used_again() -> None:
    client = Client(host="http://client.invalid")
    session = client._session
    client._trigger_session_initialization()
    assert client._session is not session
