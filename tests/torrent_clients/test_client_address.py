"""How clients are written in CLIENTS."""

import pytest

from clients import ClientAddress, parse_client_addresses


def test_several_clients_are_read_from_one_line() -> None:
    text = "home=qbittorrent://admin:s%2Fe%40c%2Cret@localhost:8081, seedbox=transmission+https://me:word@box.example"
    assert parse_client_addresses(text) == {
        "home": ClientAddress("qbittorrent", False, "localhost", 8081, "/", "admin", "s/e@c,ret"),
        "seedbox": ClientAddress("transmission", True, "box.example", 443, "/transmission/rpc", "me", "word"),
    }
    assert list(parse_client_addresses(text)) == ["home", "seedbox"]
    assert parse_client_addresses("") == parse_client_addresses(" , ") == {}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("qbittorrent://h", ClientAddress("qbittorrent", False, "h", 8080, "/", "", "")),
        ("transmission://h", ClientAddress("transmission", False, "h", 9091, "/transmission/rpc", "", "")),
        (
            "transmission+http://h:1",
            ClientAddress("transmission", False, "h", 1, "/transmission/rpc", "", ""),
        ),
        ("qbittorrent+https://h/qbt/", ClientAddress("qbittorrent", True, "h", 443, "/qbt/", "", "")),
        ("qbittorrent://[::1]:1/", ClientAddress("qbittorrent", False, "::1", 1, "/", "", "")),
    ],
)
def test_missing_parts_of_an_address_have_usual_values(url: str, expected: ClientAddress) -> None:
    assert parse_client_addresses(f"a={url}") == {"a": expected}


@pytest.mark.parametrize(
    "text",
    [
        "qbittorrent://me:secret@host",
        "=qbittorrent://me:secret@host",
        "A Name=qbittorrent://me:secret@host",
        "home=qbittorrent://me:sec,ret@host",
        "home=qbittorrent://me:secret/@host",
        "home=qbittorrent://me:secret@host:port",
        "home=qbittorrent://me:secret@",
        "home=deluge://me:secret@host",
        "home=qbittorrent+ftp://me:secret@host",
        "home=qbittorrent://me:secret@host?secret",
        "home=qbittorrent://me:secret@host,home=transmission://me:secret@host",
        "home=qbittorrent://me:secret@[host",
        "home=secret",
    ],
)
def test_a_wrong_address_is_refused_without_repeating_its_password(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as raised:
        parse_client_addresses(text)
    assert "sec" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_no_repr_shows_a_password() -> None:
    [address] = parse_client_addresses("home=qbittorrent://me:secret@[::1]:9").values()
    assert str(address) == "qBittorrent at [::1]:9"
    assert "secret" not in f"{address!r} {address} {[address]} {vars(type(address))}"
