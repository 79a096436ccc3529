"""Create TLS certificates with openssl: an authority of our own, and certificates that it signs."""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    path: Path
    key: Path


def _run_openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def create_authority(folder: Path) -> Certificate:
    made = Certificate(folder / "authority.pem", folder / "authority.key")
    _run_openssl(
        *_REQUEST, "-x509", "-days", 2, "-subj", "/CN=Our own", "-keyout", made.key, "-out", made.path
    )
    return made


def create_certificate(folder: Path, authority: Certificate, host: str, days: int = 1) -> Certificate:
    """A certificate for this address, signed by the authority. With `days` below 0 it has expired."""
    made = Certificate(folder / f"{host} {days}.pem", folder / f"{host} {days}.key")
    request = folder / "request"
    (folder / "names").write_text(f"subjectAltName=IP:{host}\n")
    _run_openssl(*_REQUEST, "-subj", f"/CN={host}", "-keyout", made.key, "-out", request)
    signing = [
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        authority.path,
        "-CAkey",
        authority.key,
        "-CAcreateserial",
    ]
    _run_openssl(*signing, "-days", days, "-extfile", folder / "names", "-out", made.path)
    return made


_REQUEST = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
