"""Run schemathesis over the REST API of a real Hashkeep: `python -m tests.fuzz_rest --cases 5000`.

No answer may be an error of the server or other than described, and no request that violates the description may
succeed. (A request that follows the description need not succeed: a string is no torrent.)
"""

import argparse
import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from tests import make
from tests.servers.hashkeep import hashkeep

# The default list lacks 413, 414 and 431: a request that is too long is refused before it is parsed.
_CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 413, 414, 415, 422, 429, 431, 451, 503]
"""
_FILES: dict[tuple[bytes, ...], int] = {(b"folder", b"file %d" % n): n + 1 for n in range(60)}
_TORRENTS = [make.v1(files=_FILES), make.v2(), make.hybrid(), make.v1("½\N{PILE OF POO}".encode())]


def fuzz(folder: Path, examples: int, seed: int = 1) -> int:
    """How many requests were made; raises with all findings. `examples`: the most for each operation."""
    with hashkeep(folder, RATE_ADDRESS=0, RATE_KEY=0) as archive:
        for torrent in _TORRENTS:
            requests.post(f"{archive.url}/upload", files={"torrent": torrent}, timeout=60).raise_for_status()
        archive.manage("take_down", "0B" * 20, "--reason", "Because.")
        key = archive.manage("keys", "issue", "schemathesis").stdout.strip()
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            str(folder / "st.toml"),
        ]
        (folder / "st.toml").write_text(_CONFIG)
        options = ["--checks", "all", "--exclude-checks", "positive_data_acceptance,ignored_auth"]
        amount = ["--max-examples", str(examples), "--seed", str(seed), "--header", f"X-Api-Key: {key}"]
        run = [
            "run",
            f"{archive.url}/api/v1/schema",
            *options,
            *amount,
            "--no-color",
            "--request-timeout",
            "60",
        ]
        done = subprocess.run(command + run, capture_output=True, text=True, cwd=folder, timeout=7200)
        found = re.search(r"([\d,]+) generated, ([\d,]+) passed$", done.stdout, re.MULTILINE)
        log = archive.log.read_text()
    assert done.returncode == 0 and found and found[1] == found[2], done.stdout + done.stderr
    assert "Traceback" not in log, log
    return int(found[1].replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000)
    cases = parser.parse_args().cases
    done = 0
    for seed in count(1):
        with TemporaryDirectory() as folder:
            done += fuzz(Path(folder), examples=100, seed=seed)
        print(f"{done:,} cases, no fault", flush=True)
        if done >= cases:
            return


if __name__ == "__main__":
    main()
