"""The address block: what counts as one address where requests or peers are counted."""

import pytest

from archive.address_block import address_block


def test_an_ipv4_address_is_a_block_of_its_own() -> None:
    assert address_block("192.0.2.1") == bytes([192, 0, 2, 1])
    assert address_block("192.0.2.1") != address_block("192.0.2.2")


def test_of_an_ipv6_address_the_first_64_bits_count() -> None:
    assert address_block("2001:db8:1:2::1") == bytes.fromhex("20010db800010002")
    assert address_block("2001:db8:1:2::1") == address_block("2001:DB8:1:2:ffff:ffff:ffff:ffff")
    assert address_block("2001:db8:1:2::1") != address_block("2001:db8:1:3::1")


@pytest.mark.parametrize("text", ["", "unix:", "192.0.2.1:80"])
def test_a_text_that_is_no_address_stands_for_itself(text: str) -> None:
    assert address_block(text) == text.encode()
