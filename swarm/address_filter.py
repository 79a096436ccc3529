"""Decides which addresses may be contacted: those that belong to one host on the open Internet."""

from ipaddress import IPv4Network, IPv6Network, ip_address

# IANA IPv4 Special-Purpose Address Registry (RFC 6890), without the few anycast addresses inside 192.0.0.0/24
# that are globally reachable but cannot be a peer; then multicast (RFC 5771) and the reserved rest (RFC 1112).
_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a provider's NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; clouds serve credentials here
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# IANA has assigned 2000::/3 for unicast and nothing else (IPv6 Address Space registry), so everything outside it is
# refused: loopback, mapped and translated IPv4, local, multicast. Inside it: IANA IPv6 Special-Purpose Address
# Registry.
_V6 = tuple(
    IPv6Network(network)
    for network in (
        "::/3",
        "2001::/23",  # IETF protocol assignments, Teredo (which wraps an IPv4 address) among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which wraps an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "4000::/2",
        "8000::/1",
    )
)


RESERVED: tuple[IPv4Network | IPv6Network, ...] = (*_V4, *_V6)
"""Networks that are never contacted."""


def is_public(address: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address outside RESERVED; False for a host name or any other text."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return not any(parsed in network for network in RESERVED)
