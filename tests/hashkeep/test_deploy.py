"""The files in deploy/: systemd and nginx accept them, and what they close is closed."""

import subprocess
import sys
from pathlib import Path

import requests

from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from tests.servers.nginx import nginx

DEPLOY = ROOT / "deploy"


def test_the_unit_is_valid_and_leaves_the_service_few_rights(tmp_path: Path) -> None:
    """1.6 is systemd's exposure score of a service that listens, connects anywhere and writes its own files."""
    unit = (DEPLOY / "systemd" / "hashkeep@.service").read_text()
    here = tmp_path / "hashkeep@serve.service"
    here.write_text(unit.replace("/opt/hashkeep/.venv/bin/python", sys.executable))
    for check in (["verify"], ["security", "--offline=true", "--threshold=16"]):
        done = subprocess.run(["systemd-analyze", *check, here], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert check != ["verify"] or not done.stderr


def test_health_and_metrics_are_closed_through_nginx(server: Hashkeep) -> None:
    conf = (DEPLOY / "nginx.conf").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    for watcher, status in (("127.0.0.1", 200), ("192.0.2.1", 403)):
        with nginx(conf.replace("allow 127.0.0.1;", f"allow {watcher};")) as url:
            for path in ("/health", "/metrics"):
                assert requests.get(url + path, timeout=60).status_code == status
            assert requests.get(f"{url}/api/v1/stats", timeout=60).status_code == 200


def test_a_client_cannot_forge_the_headers_of_nginx(tmp_path: Path) -> None:
    """granian takes an underscore in a header's name for a hyphen; nginx drops such headers."""
    with hashkeep(tmp_path, BEHIND_PROXY="on", ALLOWED_HOSTS="*") as archive:
        conf = (DEPLOY / "nginx.conf").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{archive.port}")
        with nginx(conf) as url:
            forged = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil.example"}
            assert f'location="{url}/' in requests.get(f"{url}/soap?wsdl", headers=forged, timeout=60).text
