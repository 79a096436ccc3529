"""Certificates, by openssl: of an authority of our own, and what it signs."""

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
    _run_openssl(*_NEW, "-x509", "-days", 2, "-subj", "/CN=Our own", "-keyout", made.key, "-out", made.path)
    return made


def create_certificate(folder: Path, by: Certificate, host: str, days: int = 1) -> Certificate:
    """For this address. With days below 0 it has expired."""
    made, asked = Certificate(folder / f"{host} {days}.pem", folder / f"{host} {days}.key"), folder / "asked"
    (folder / "names").write_text(f"subjectAltName=IP:{host}\n")
    _run_openssl(*_NEW, "-subj", f"/CN={host}", "-keyout", made.key, "-out", asked)
    _run_openssl(
        *("x509", "-req", "-in", asked, "-CA", by.path, "-CAkey", by.key, "-CAcreateserial"),
        *("-days", days, "-extfile", folder / "names", "-out", made.path),
    )
    return made


_NEW = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
