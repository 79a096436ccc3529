"""Packets that leave this machine: none to private addresses, no DHT announce, no request for content.

Each way by which a private address can reach us carries a public one too, which must be contacted: otherwise the test
would prove nothing.
"""

import queue
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest

from swarm import Config, SearchEngine, SearchOutcome, SearchRequest, libtorrent_session
from tests.servers.hostile_behaviours import send_peer_exchange, stay_silent
from tests.servers.hostile_dht_node import hostile_dht_node
from tests.servers.hostile_peer import hostile_peer
from tests.servers.http_server import http_server
from tests.servers.libtorrent_peers import NODES, ROUTER, Address, Peer, create_content, start_dht
from tests.servers.name_server import name_server
from tests.servers.network_namespace import add_ipv6_address, network_namespace
from tests.servers.packet_capture import Packet, capture_packets
from tests.servers.recording_trackers import http_tracker, udp_tracker
from tests.swarm.searching import is_same_torrent, wait_for

OWN_ADDRESSES = ("70.1.0.1", "2a02:70::1")
SEEDER: Address = ("44.1.0.1", 6881)

# The ways by which an address may reach us; the number is part of each address that comes that way.
WAYS = {
    way: number
    for number, way in enumerate(
        (
            "the request",
            "a tracker over HTTP",
            "a tracker over UDP",
            "the DHT",
            "the URL of a tracker",
            "the name of a tracker",
            "a redirect by a tracker",
        ),
        start=1,
    )
}
PEER_EXCHANGE = 9
OVER_IPV6 = (
    "the request",
    "a tracker over HTTP",
    "the URL of a tracker",
    "the name of a tracker",
    "a redirect by a tracker",
)


def private_hosts(way: int) -> list[str]:
    v4 = f"10.1.{way}.1 127.9.{way}.1 169.254.{way}.1 172.16.{way}.1 192.168.{way}.1 100.64.{way}.1 0.1.{way}.1"
    v6 = f"fd00::{way} fe80::{way} ::ffff:10.2.{way}.1 64:ff9b::a03:{way:02x}01 2002:a04:{way:02x}01::1"
    return [*v4.split(), f"198.18.{way}.1", f"240.1.{way}.1", *v6.split(), f"2001:db8::{way}"]


def public_hosts(way: int) -> list[str]:
    return [f"17.1.{way}.1", f"2a01:17::{way}"]


def all_addresses(way: int) -> list[Address]:
    return [(host, 8080) for host in (*private_hosts(way), *public_hosts(way))]


def ipv4_addresses(way: int) -> list[Address]:
    return [(host, port) for host, port in all_addresses(way) if ":" not in host]


class Traffic(NamedTuple):
    packets: list[Packet]
    name_server: str

    def contacted_hosts(self) -> set[str]:
        """To which we have sent a packet; an IPv4 address that is mapped into IPv6 is still that address."""
        hosts = {ip_address(packet.host) for packet in self.packets if not is_answer(packet)}
        return {str(getattr(host, "ipv4_mapped", None) or host) for host in hosts}

    def has_used_every_way(self) -> bool:
        """Whether the public address of each way has been contacted."""
        v4 = [public_hosts(number)[0] for number in WAYS.values()]
        v6 = [public_hosts(WAYS[way])[1] for way in OVER_IPV6]
        return {*v4, *v6} <= self.contacted_hosts()


def is_answer(packet: Packet) -> bool:
    """Whether it comes from another host. We send from OWN_ADDRESSES, from ::1, or from the address we send to."""
    return ip_address(packet.source).is_global and packet.source not in (*OWN_ADDRESSES, packet.host)


@pytest.fixture(scope="module")
def traffic() -> Iterator[Traffic]:
    """Of one search, to which private addresses come by every way."""
    target = b"\x5a" * 20
    names = {
        f"n{number}.example": host
        for number, (host, _) in enumerate(all_addresses(WAYS["the name of a tracker"]))
    }
    with network_namespace(), ExitStack() as stack:
        add_ipv6_address(OWN_ADDRESSES[1])
        packets = stack.enter_context(capture_packets())
        name_server_host = stack.enter_context(name_server(names))
        stack.enter_context(hostile_dht_node(ROUTER, ipv4_addresses(WAYS["the DHT"])))
        exchanging_peer = ("66.6.0.1", 6881)
        stack.enter_context(
            hostile_peer(exchanging_peer, send_peer_exchange(all_addresses(PEER_EXCHANGE) * 200))
        )
        stack.enter_context(hostile_peer(("17.1.1.1", 8080), stay_silent))
        peers = (*all_addresses(WAYS["the request"]), exchanging_peer)
        engine = SearchEngine(
            Config(
                f"{OWN_ADDRESSES[0]}:6881,[{OWN_ADDRESSES[1]}]:6881",
                bootstrap=("{}:{}".format(*ROUTER),),
                trackers=(),
            )
        )
        request = SearchRequest(target, trackers=tuple(start_trackers(stack, target, names)), peers=peers)
        traffic, outcomes = Traffic(packets, name_server_host), queue.Queue[SearchOutcome]()
        engine.search(request, 120, outcomes.put)
        time.sleep(12)
        with suppress(AssertionError):  # the tests say which way has not been used
            wait_for(traffic.has_used_every_way, 90)
        engine.close()
        assert outcomes.get(timeout=30) is None
        time.sleep(0.5)
        yield traffic


def start_trackers(stack: ExitStack, target: bytes, names: dict[str, str]) -> list[str]:
    """URLs of trackers that name private peers, redirect to private hosts, or are private hosts themselves."""
    http = stack.enter_context(
        http_tracker(("81.1.0.1", 6969), {target: all_addresses(WAYS["a tracker over HTTP"])})
    )
    udp = stack.enter_context(
        udp_tracker(("81.2.0.1", 6969), {target: ipv4_addresses(WAYS["a tracker over UDP"])})
    )
    redirects = [
        # For IPv6 at our own address: of two IPv6 addresses in the namespace we might send from the other.
        stack.enter_context(
            http_server(
                (OWN_ADDRESSES[1], 8100 + number) if ":" in goal[0] else (f"81.3.{number}.1", 80),
                redirect_to(goal),
            )
        )
        for number, goal in enumerate(all_addresses(WAYS["a redirect by a tracker"]))
    ]
    hosts = [host for host, _ in all_addresses(WAYS["the URL of a tracker"])]
    by_host = [announce_url(scheme, host) for host in (*hosts, *names) for scheme in ("http", "udp")]
    return [http.url, udp.url, *redirects, *by_host]


def announce_url(scheme: str, host: str) -> str:
    return f"{scheme}://[{host}]:8080/announce" if ":" in host else f"{scheme}://{host}:8080/announce"


def redirect_to(goal: Address) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", announce_url("http", goal[0]) + "?" + self.path.partition("?")[2])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keeps requests out of the test's output."""

    return Handler


@pytest.mark.parametrize("way", WAYS)
def test_a_private_address_is_never_contacted_though_a_public_one_is(traffic: Traffic, way: str) -> None:
    number = WAYS[way]
    assert not traffic.contacted_hosts() & {*private_hosts(number), f"10.2.{number}.1"}
    assert public_hosts(number)[0] in traffic.contacted_hosts()


def test_not_even_the_first_packet_goes_to_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes to create the address filter."""
    number, create_ip_filter = WAYS["the DHT"], libtorrent_session.create_ip_filter

    def create_slowly() -> object:
        time.sleep(0.1)
        return create_ip_filter()

    monkeypatch.setattr(libtorrent_session, "create_ip_filter", create_slowly)
    with (
        network_namespace(),
        hostile_dht_node(ROUTER, ipv4_addresses(number)),
        capture_packets() as packets,
    ):
        engine = SearchEngine(Config(f"{OWN_ADDRESSES[0]}:6881", bootstrap=("{}:{}".format(*ROUTER),)))
        wait_for(lambda: any(packet.host in public_hosts(number) for packet in packets))
        engine.close()
    assert not [packet for packet in packets if packet.host in private_hosts(number)]


@pytest.mark.parametrize("way", OVER_IPV6)
def test_a_public_ipv6_address_is_contacted(traffic: Traffic, way: str) -> None:
    """So IPv6 is in use, and the private IPv6 addresses above are avoided for another reason."""
    assert public_hosts(WAYS[way])[1] in traffic.contacted_hosts()


def test_peers_named_by_peer_exchange_are_never_contacted(traffic: Traffic) -> None:
    assert "66.6.0.1" in traffic.contacted_hosts()
    exchanged = {*private_hosts(PEER_EXCHANGE), f"10.2.{PEER_EXCHANGE}.1", *public_hosts(PEER_EXCHANGE)}
    assert not traffic.contacted_hosts() & exchanged


def test_no_packet_goes_to_an_address_outside_the_open_internet(traffic: Traffic) -> None:
    """By Python's ipaddress module. Names are resolved at the name server that this machine uses."""
    outside = {host for host in traffic.contacted_hosts() if not ip_address(host).is_global}
    assert outside <= {traffic.name_server}


def test_no_torrent_is_announced_to_the_dht_and_no_content_is_requested(tmp_path: Path) -> None:
    with network_namespace(), capture_packets() as packets:
        nodes = start_dht()
        seeder = Peer(SEEDER, NODES)
        contents = {
            kind: create_content(tmp_path, kind, kind, size=4_000_000) for kind in ("v1", "hybrid", "v2")
        }
        for content in contents.values():
            seeder.seed(content)
            seeder.announce(content.v2[:20] if content is contents["v2"] else content.v1)
        engine = SearchEngine(
            Config(f"{OWN_ADDRESSES[0]}:6881", bootstrap=("{}:{}".format(*ROUTER),), trackers=())
        )
        outcomes: dict[str, queue.Queue[SearchOutcome]] = {kind: queue.Queue() for kind in contents}
        for kind, content in contents.items():
            request = SearchRequest(v2=content.v2) if kind == "v2" else SearchRequest(content.v1)
            engine.search(request, 120, outcomes[kind].put)
        assert all(
            is_same_torrent(outcomes[kind].get(timeout=150), content) for kind, content in contents.items()
        )
        engine.close()
        wait_for(lambda: any(b"announce_peer" in packet.payload for packet in packets))
        del nodes
    sent = [packet for packet in packets if packet.source == OWN_ADDRESSES[0]]
    assert any(b"get_peers" in packet.payload for packet in sent)
    assert not any(b"announce_peer" in packet.payload for packet in sent)
    from_seeder = (SEEDER[0], OWN_ADDRESSES[0])
    received = sum(len(packet.payload) for packet in packets if (packet.source, packet.host) == from_seeder)
    assert 0 < received < 200_000
    assert seeder.count_uploaded_bytes() == 0
