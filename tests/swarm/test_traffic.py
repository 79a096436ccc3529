"""What leaves this machine, seen on the wire: nothing for private addresses, no announce, no request for content.

Each way to lead us astray names a public address too, which must be contacted: else the test would prove nothing.
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

from swarm import Config, FoundMetadata, SearchEngine, SearchRequest, libtorrent_session
from tests.servers.hostile_behaviours import gossip, silence
from tests.servers.hostile_peer import hostile_node, hostile_peer
from tests.servers.http_server import http_server
from tests.servers.libtorrent_peers import NODES, ROUTER, Address, Peer, create_content, start_dht
from tests.servers.name_server import name_server
from tests.servers.network_namespace import add_ipv6_address, network_namespace
from tests.servers.packet_capture import Packet, capture_packets
from tests.servers.recording_trackers import http_tracker, udp_tracker
from tests.swarm.test_swarm import same, until

US = ("70.1.0.1", "2a02:70::1")
SEEDER: Address = ("44.1.0.1", 6881)

# The ways in which an address may come to us; the number is in each address that comes so.
WAYS = {
    name: number
    for number, name in enumerate(
        (
            "the wish",
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
GOSSIP = 9
OVER_IPV6 = (
    "the wish",
    "a tracker over HTTP",
    "the URL of a tracker",
    "the name of a tracker",
    "a redirect by a tracker",
)


def private(way: int) -> list[str]:
    v4 = f"10.1.{way}.1 127.9.{way}.1 169.254.{way}.1 172.16.{way}.1 192.168.{way}.1 100.64.{way}.1 0.1.{way}.1"
    v6 = f"fd00::{way} fe80::{way} ::ffff:10.2.{way}.1 64:ff9b::a03:{way:02x}01 2002:a04:{way:02x}01::1"
    return [*v4.split(), f"198.18.{way}.1", f"240.1.{way}.1", *v6.split(), f"2001:db8::{way}"]


def public(way: int) -> list[str]:
    return [f"17.1.{way}.1", f"2a01:17::{way}"]


def both(way: int) -> list[Address]:
    return [(host, 8080) for host in (*private(way), *public(way))]


def v4(way: int) -> list[Address]:
    return [(host, port) for host, port in both(way) if ":" not in host]


class Trip(NamedTuple):
    packets: list[Packet]
    dns_host: str

    def reached(self) -> set[str]:
        """By us; an IPv4 address wrapped in one of IPv6 is still that address."""
        hosts = {ip_address(packet.host) for packet in self.packets if not is_answer(packet)}
        return {str(getattr(host, "ipv4_mapped", None) or host) for host in hosts}

    def is_over(self) -> bool:
        """Every way has led to where it may lead."""
        v4, v6 = [public(number)[0] for number in WAYS.values()], [public(WAYS[way])[1] for way in OVER_IPV6]
        return {*v4, *v6} <= self.reached()


def is_answer(packet: Packet) -> bool:
    """From a stranger to us. We speak from US, or else from ::1 or from the very address that is spoken to."""
    return ip_address(packet.source).is_global and packet.source not in (*US, packet.host)


@pytest.fixture(scope="module")
def trip() -> Iterator[Trip]:
    """One search that everybody tries to lead astray."""
    target, number = b"\x5a" * 20, WAYS.__getitem__
    named = {f"n{at}.example": host for at, (host, _) in enumerate(both(number("the name of a tracker")))}
    with network_namespace(), ExitStack() as stack:
        add_ipv6_address(US[1])
        packets = stack.enter_context(capture_packets())
        dns_host = stack.enter_context(name_server(named))
        stack.enter_context(hostile_node(ROUTER, v4(number("the DHT"))))
        gossips = ("66.6.0.1", 6881)
        stack.enter_context(hostile_peer(gossips, gossip(both(GOSSIP) * 200)))
        stack.enter_context(hostile_peer(("17.1.1.1", 8080), silence))
        http = stack.enter_context(
            http_tracker(("81.1.0.1", 6969), {target: both(number("a tracker over HTTP"))})
        )
        udp = stack.enter_context(udp_tracker(("81.2.0.1", 6969), {target: v4(number("a tracker over UDP"))}))
        aims = both(number("a redirect by a tracker"))
        redirects = [
            # At our own address, since of two of IPv6 that live here we might speak from the other.
            stack.enter_context(
                http_server((US[1], 8100 + at) if ":" in aim[0] else (f"81.3.{at}.1", 80), redirect(aim))
            )
            for at, aim in enumerate(aims)
        ]
        by_address = both(number("the URL of a tracker"))
        urls = [http.url, udp.url, *redirects]
        urls += [url(scheme, host) for host, _ in by_address for scheme in ("http", "udp")]
        urls += [url(scheme, name) for name in named for scheme in ("http", "udp")]
        session = SearchEngine(
            Config(f"{US[0]}:6881,[{US[1]}]:6881", bootstrap=("{}:{}".format(*ROUTER),), trackers=())
        )
        wish = SearchRequest(target, trackers=tuple(urls), peers=(*both(number("the wish")), gossips))
        made, found = Trip(packets, dns_host), queue.Queue[FoundMetadata | None]()
        session.search(wish, 120, found.put)
        time.sleep(12)
        with suppress(AssertionError):  # which one did not the tests say
            until(made.is_over, 90)
        session.close()
        assert found.get(timeout=30) is None
        time.sleep(0.5)
        yield made


def url(scheme: str, host: str) -> str:
    return f"{scheme}://[{host}]:8080/announce" if ":" in host else f"{scheme}://{host}:8080/announce"


def redirect(aim: Address) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", url("http", aim[0]) + "?" + self.path.partition("?")[2])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Not on the terminal."""

    return Handler


@pytest.mark.parametrize("way", WAYS)
def test_a_private_address_is_never_contacted_though_a_public_one_is(trip: Trip, way: str) -> None:
    number = WAYS[way]
    assert not trip.reached() & {*private(number), f"10.2.{number}.1"}
    assert public(number)[0] in trip.reached()


def test_not_even_the_first_word_goes_to_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes to say which ones these are."""
    number, only_public = WAYS["the DHT"], libtorrent_session.create_ip_filter

    def slowly() -> object:
        time.sleep(0.1)
        return only_public()

    monkeypatch.setattr(libtorrent_session, "create_ip_filter", slowly)
    with network_namespace(), hostile_node(ROUTER, v4(number)), capture_packets() as packets:
        session = SearchEngine(Config(f"{US[0]}:6881", bootstrap=("{}:{}".format(*ROUTER),)))
        until(lambda: any(packet.host in public(number) for packet in packets))
        session.close()
    assert not [packet for packet in packets if packet.host in private(number)]


@pytest.mark.parametrize("way", OVER_IPV6)
def test_a_public_address_of_ipv6_is_contacted(trip: Trip, way: str) -> None:
    """So what the test above says of IPv6 is not for want of it."""
    assert public(WAYS[way])[1] in trip.reached()


def test_peers_that_a_peer_names_are_not_even_looked_at(trip: Trip) -> None:
    assert "66.6.0.1" in trip.reached()
    assert not trip.reached() & {*private(GOSSIP), f"10.2.{GOSSIP}.1", *public(GOSSIP)}


def test_nothing_at_all_goes_to_an_address_that_is_not_of_the_open_internet(trip: Trip) -> None:
    """As Python's ipaddress knows them. Names are asked for where this machine asks for them."""
    assert {host for host in trip.reached() if not ip_address(host).is_global} <= {trip.dns_host}


def test_nothing_is_announced_to_the_dht_and_no_content_is_asked_for(tmp_path: Path) -> None:
    with network_namespace(), capture_packets() as packets:
        nodes = start_dht()
        seeder = Peer(SEEDER, NODES)
        kinds = {
            kind: create_content(tmp_path, kind, kind, size=4_000_000) for kind in ("v1", "hybrid", "v2")
        }
        for held in kinds.values():
            seeder.seed(held)
            seeder.announce(held.v2[:20] if held is kinds["v2"] else held.v1)
        session = SearchEngine(Config(f"{US[0]}:6881", bootstrap=("{}:{}".format(*ROUTER),), trackers=()))
        wishes = {
            kind: SearchRequest(v2=held.v2) if kind == "v2" else SearchRequest(held.v1)
            for kind, held in kinds.items()
        }
        answers: dict[str, queue.Queue[FoundMetadata | None]] = {kind: queue.Queue() for kind in kinds}
        for kind, wish in wishes.items():
            session.search(wish, 120, answers[kind].put)
        assert all(same(answers[kind].get(timeout=150), held) for kind, held in kinds.items())
        session.close()
        until(lambda: any(b"announce_peer" in packet.payload for packet in packets))
        del nodes
    ours = [packet for packet in packets if packet.source == US[0]]
    assert any(b"get_peers" in packet.payload for packet in ours)
    assert not any(b"announce_peer" in packet.payload for packet in ours)
    told = sum(
        len(packet.payload) for packet in packets if (packet.source, packet.host) == (SEEDER[0], US[0])
    )
    assert 0 < told < 200_000
    assert seeder.uploaded() == 0
