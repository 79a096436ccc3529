"""Clients behind TLS: real ones with an nginx before them, and certificates good and bad."""

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from clients import ClientAddress, Unreachable, open_client, parse_client_addresses
from tests.servers import free_port
from tests.servers.certificates import Certificate, create_authority, create_certificate
from tests.servers.network_namespace import network_namespace
from tests.servers.nginx import nginx
from tests.servers.qbittorrent import qbittorrent
from tests.servers.transmission import transmission

KINDS = ("qbittorrent", "transmission")
SERVER = """
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate "{certificate.path}";
    ssl_certificate_key "{certificate.key}";
    location / {{ proxy_pass http://127.0.0.1:{web}; proxy_set_header Host $http_host; }}
}}
"""


class TlsServers(NamedTuple):
    """nginx in front of each client, once for each certificate."""

    authority: Certificate
    ports: dict[tuple[str, str], int]
    """By kind of client, and by certificate."""
    plain: int
    """The port of a server without TLS."""

    def at(self, kind: str, certificate: str) -> ClientAddress:
        port = self.ports[kind, certificate]
        [address] = parse_client_addresses(f"a={kind}+https://admin:a%20password@127.0.0.1:{port}").values()
        return address


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServers]:
    folder = tmp_path_factory.mktemp("certificates")
    ours = create_authority(folder)
    certificates = {
        "good": create_certificate(folder, ours, "127.0.0.1"),
        "another's": create_certificate(folder, ours, "127.0.0.2"),
        "expired": create_certificate(folder, ours, "127.0.0.1", -1),
    }
    with (
        network_namespace(),
        qbittorrent(tmp_path_factory.mktemp("q"), "5.3") as q,
        transmission(tmp_path_factory.mktemp("t"), "4.1") as t,
    ):
        behind = dict(zip(KINDS, (q.web, t.web), strict=True))
        ports = {(kind, name): free_port() for kind in KINDS for name in certificates}
        blocks = [
            SERVER.format(port=port, certificate=certificates[name], web=behind[kind])
            for (kind, name), port in ports.items()
        ]
        with nginx("server { listen 80; return 204; }" + "".join(blocks)) as url:
            yield TlsServers(ours, ports, int(url.rpartition(":")[2]))


@pytest.fixture
def trust_authority(servers: TlsServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(servers.authority.path))


def read_version(address: ClientAddress) -> str:
    with closing(open_client(address, 20)) as client:
        client.torrents()
        return client.version()


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_with_a_trusted_certificate_is_used(
    servers: TlsServers, kind: str, trust_authority: None
) -> None:
    assert read_version(servers.at(kind, "good")).lower().startswith(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_authority_is_not_trusted(servers: TlsServers, kind: str) -> None:
    with pytest.raises(Unreachable, match=r"cannot be trusted: its certificate is not valid \(.*issuer.*\)"):
        read_version(servers.at(kind, "good"))


@pytest.mark.parametrize(("certificate", "why"), [("another's", "mismatch"), ("expired", "expired")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_must_be_valid_now_and_for_this_name(
    servers: TlsServers, kind: str, certificate: str, why: str, trust_authority: None
) -> None:
    with pytest.raises(Unreachable, match=f"cannot be trusted: .*{why}") as raised:
        read_version(servers.at(kind, certificate))
    assert "a password" not in str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_without_tls_is_reported_as_such(servers: TlsServers, kind: str) -> None:
    url = f"a={kind}+https://admin:a%20password@127.0.0.1:{servers.plain}"
    with pytest.raises(Unreachable, match="does not speak TLS"):
        read_version(parse_client_addresses(url)["a"])
