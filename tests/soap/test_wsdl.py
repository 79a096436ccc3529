"""The WSDL of each SOAP dialect."""

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django import Settings

from tests.soap.test_soap import ENDPOINTS, ENDPOINTS_OF_TORRAGE, THETORRENT, TORRAGE

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
WSDL_SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"

# The names are those of Torrage 0.4, api/torrage.wsdl: clients have generated code from them.
NAMES_OF_TORRAGE = {
    "portType": "CachePortType",
    "binding": "CacheBinding",
    "service": "CacheService",
    "port": "CachePort",
    "operation": "cacheTorrent",
}


@pytest.mark.parametrize("url", ENDPOINTS_OF_TORRAGE)
def test_the_wsdl_has_the_names_of_torrages_clients(client: Client, url: str) -> None:
    wsdl = read_wsdl(client, url)
    assert (wsdl.get("name"), wsdl.get("targetNamespace")) == ("Cache", "urn:Torrage")
    for kind, name in NAMES_OF_TORRAGE.items():
        assert {element.get("name") for element in wsdl.iter(WSDL + kind)} == {name}
    assert read_address(wsdl) == "http://testserver/api/index.php"


@pytest.mark.parametrize("url", ENDPOINTS)
def test_the_wsdl_has_the_operation_of_thetorrents_clients(client: Client, url: str) -> None:
    wsdl = read_wsdl(client, url)
    assert {element.get("name") for element in wsdl.iter(WSDL + "operation")} == {"storeTorrent"}
    assert read_address(wsdl) == "http://testserver/soap"


@pytest.mark.parametrize(
    ("url", "operation", "namespace"),
    [("/soap", "storeTorrent", THETORRENT), ("/torcache.wsdl", "cacheTorrent", TORRAGE)],
)
def test_a_call_has_one_string_each_way_as_rpc_literal(
    client: Client, url: str, operation: str, namespace: str
) -> None:
    wsdl = read_wsdl(client, url)
    parts = [(part.get("name"), part.get("type")) for part in wsdl.iter(WSDL + "part")]
    assert parts == [("torrent", "xsd:string"), ("Result", "xsd:string")]
    assert [element.get("style") for element in wsdl.iter(WSDL_SOAP + "binding")] == ["rpc"]
    actions = [element.get("soapAction") for element in wsdl.iter(WSDL_SOAP + "operation")]
    assert actions == [f"{namespace}#{operation}"]
    bodies = [body.attrib for body in wsdl.iter(WSDL_SOAP + "body")]
    assert bodies == [{"use": "literal", "namespace": namespace}] * 2, "WS-I Basic Profile 1.1, R2706"


def read_wsdl(client: Client, url: str, **how: Any) -> ElementTree.Element:
    answer = client.get(url, **how)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml; charset=utf-8")
    return ElementTree.fromstring(answer.content)


def read_address(wsdl: ElementTree.Element) -> str | None:
    [address] = wsdl.iter(WSDL_SOAP + "address")
    return address.get("location")


@pytest.mark.parametrize("url", ENDPOINTS + ENDPOINTS_OF_TORRAGE)
def test_head_has_the_headers_of_get_and_other_methods_are_not_allowed(client: Client, url: str) -> None:
    head, get = client.head(url), client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == get["Content-Length"] == str(len(get.content))
    assert client.put(url).status_code == client.delete(url).status_code == 405


def test_the_address_follows_the_host_and_the_scheme_of_each_request(
    client: Client, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["one.example", ".onion", "[::1]"]
    for host in "one.example", "abc.onion", "one.example:8080", "[::1]:8000":
        assert read_address(read_wsdl(client, "/soap", headers={"Host": host})) == f"http://{host}/soap"
    https = read_wsdl(client, "/torcache.wsdl", headers={"Host": "one.example"}, secure=True)
    assert read_address(https) == "https://one.example/api/index.php"


PROXIED = {"Host": "127.0.0.1", "X-Forwarded-Host": "one.example", "X-Forwarded-Proto": "https"}


def test_behind_a_proxy_the_address_is_the_one_of_the_original_request(
    client: Client, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["one.example", "127.0.0.1"]
    settings.USE_X_FORWARDED_HOST = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert read_address(read_wsdl(client, "/soap", headers=PROXIED)) == "https://one.example/soap"


def test_without_a_proxy_forwarding_headers_are_ignored(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["one.example", "127.0.0.1"]
    assert read_address(read_wsdl(client, "/soap", headers=PROXIED)) == "http://127.0.0.1/soap"


def test_public_url_overrides_the_request(client: Client, settings: Settings) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://keep.example:8443", ["keep.example"]
    settings.USE_X_FORWARDED_HOST = True
    assert read_address(read_wsdl(client, "/soap")) == "https://keep.example:8443/soap"
    assert read_address(read_wsdl(client, "/soap", headers=PROXIED)) == "https://keep.example:8443/soap"


@pytest.mark.parametrize("host", ["evil.example", 'a"><b', "one.example/x"])
def test_an_unknown_host_gets_a_small_400(client: Client, host: str) -> None:
    for answer in client.get("/soap", headers={"Host": host}), client.post("/soap", headers={"Host": host}):
        assert answer.status_code == 400
        assert host.encode() not in answer.content
        assert len(answer.content) < 5_000
