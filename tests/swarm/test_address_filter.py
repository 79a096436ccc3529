"""Which addresses are public, compared with Python's own tables of the same registries."""

from ipaddress import IPv4Network, IPv6Network

import pytest

from swarm.address_filter import RESERVED, is_public

PRIVATE = (
    "10.1.2.3",
    "127.9.9.9",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "224.0.0.1",
    "::1",
    "fd00::1",
)


@pytest.mark.parametrize(
    "address",
    [
        *PRIVATE,
        "0.0.0.0",
        "255.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:a00::1",
        "2001:db8::1",
        "fe80::1",
        "ff02::1",
        "::",
        "localhost",
        "",
        "8.8.8.8:80",
        "08.8.8.8",
    ],
)
def test_addresses_outside_the_open_internet_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:4860::8888",
    ],
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("network", RESERVED, ids=str)
def test_neighbours_of_a_reserved_network_are_public_only_if_python_agrees(
    network: IPv4Network | IPv6Network,
) -> None:
    """Its ipaddress module reads the same registries of IANA, and was written by others."""
    assert not is_public(str(network.network_address))
    assert not is_public(str(network.broadcast_address))
    for neighbour in (int(network.network_address) - 1, int(network.broadcast_address) + 1):
        if 0 <= neighbour < 1 << network.max_prefixlen:
            address = type(network.network_address)(neighbour)
            assert address.is_global or not is_public(str(address))
