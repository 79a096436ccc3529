"""The part of an IP address that stands for one customer of a provider: all of IPv4, the first 64 bits of IPv6."""

from ipaddress import ip_address


def address_block(address: str) -> bytes:
    """4 bytes of IPv4, the 8 bytes of an IPv6 address's network (/64), or the text itself where it is no address.

    A provider gives each IPv6 customer at least a /64, so one machine has 2**64 addresses and changes them daily.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address.encode()
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed  # ::ffff:192.0.2.1, where a server listens at ::
    return parsed.packed if parsed.version == 4 else parsed.packed[:8]
