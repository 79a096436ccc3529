"""Ceph's S3 server: a monitor, objects in memory, a gateway. It honours If-None-Match and checks signatures.

Debian: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

from boto3.session import Session
from types_boto3_s3 import S3Client

from tests.servers import free_port, run_process, wait_until

# The gateway hangs for ever without cephx, and answers each GET 40 ms late without tcp_nodelay. The start
# changes the map many times, each after the propose interval: at its usual second, it took 12 s instead of 1.
SETTINGS = """
[global]
fsid = {fsid}
keyring = {home}/keyring
run dir = {home}
admin socket = {home}/$name.asok
log file = {home}/$name.log
mon host = [v2:127.0.0.1:{monitor}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
paxos propose interval = 0.05
[mon.a]
mon data = {home}/mon
mon addr = 127.0.0.1:{monitor}
[osd.0]
osd data = {home}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw]
rgw data = {home}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway} tcp_nodelay=1
rgw enable apis = s3
rgw thread pool size = 64
"""
CAPABILITIES = {
    "mon.": ["mon", "allow *"],
    "client.admin": ["mon", "allow *", "--cap", "osd", "allow *"],
    "client.rgw": ["mon", "allow *", "--cap", "osd", "allow *"],
    "osd.0": ["mon", "allow profile osd", "--cap", "osd", "allow *"],
}


CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "SKTESTSKTEST"}


class Radosgw(NamedTuple):
    endpoint: str
    client: S3Client

    def bucket(self) -> str:
        """Create a bucket; its name."""
        name = f"torrents-{uuid4().hex}"
        self.client.create_bucket(Bucket=name)
        return name


@contextmanager
def radosgw() -> Iterator[Radosgw]:
    """The gateway with one user and no bucket."""
    with TemporaryDirectory(prefix="radosgw-") as folder, ExitStack() as servers:
        home, monitor, gateway = Path(folder), free_port(), free_port()
        settings = write_settings(home, monitor, gateway)
        log, endpoint = home / "output", f"http://127.0.0.1:{gateway}"

        def start(*command: str) -> subprocess.Popen[bytes]:
            return servers.enter_context(run_process([*command, *settings, "-f"], log))

        start("ceph-mon", "-i", "a")
        run_command("ceph", *settings, "osd", "new", osd := str(uuid4()))
        run_command("ceph-osd", *settings, "-i", "0", "--mkfs", "--osd-uuid", osd)
        start("ceph-osd", "-i", "0")
        process = start("radosgw", "-n", "client.rgw")
        wait_until(lambda: is_answering(endpoint), process, log)
        access, secret = CREDENTIALS.values()
        keys = [f"--access-key={access}", f"--secret-key={secret}"]
        run_command("radosgw-admin", *settings, "user", "create", "--uid=test", "--display-name=test", *keys)
        session = Session(access, secret, region_name="us-east-1")
        yield Radosgw(endpoint, session.client("s3", endpoint_url=endpoint))


def write_settings(home: Path, monitor: int, gateway: int) -> list[str]:
    """Settings, keys and the monitor's database; returns the options by which every program of Ceph finds them."""
    fsid, path = str(uuid4()), home / "ceph.conf"
    keyring, monmap = str(home / "keyring"), str(home / "monmap")
    path.write_text(SETTINGS.format(fsid=fsid, home=home, monitor=monitor, gateway=gateway))
    settings = ["-c", str(path)]
    for name in ["mon", "osd", "rgw"]:
        (home / name).mkdir()
    run_command("ceph-authtool", "--create-keyring", keyring)
    for entity, capabilities in CAPABILITIES.items():
        run_command("ceph-authtool", keyring, "--gen-key", "-n", entity, "--cap", *capabilities)
    run_command(
        "monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor}/0]", monmap
    )
    run_command("ceph-mon", *settings, "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", keyring)
    return settings


def run_command(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{command!r}: {done.stdout}{done.stderr}")


def is_answering(endpoint: str) -> bool:
    try:
        with urlopen(endpoint, timeout=10) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
