"""Attacks by SOAP on a whole server: the time, the memory, the answer and the log of each."""

import base64
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from xml.parsers import expat

import pytest

from tests.servers.hashkeep import Hashkeep
from tests.soap.test_soap import BROKEN, CALL, TORRENT

SOON = 0.1  # seconds

ENTITY = '<?xml version="1.0"?><!DOCTYPE a {}>' + CALL.split("\n", 1)[1].replace(
    base64.b64encode(TORRENT).decode(), "&x;"
)
LAUGHS = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))
ATTACKS = {
    "href bomb": '<a id="a">' + "x" * 1_000_000 + "</a>" + '<b href="#a"/>' * 3_000,
    "href cycle": '<a id="a" href="#b"/><b id="b" href="#a"/>',
    "deep": "<a>" * 100_000 + "</a>" * 100_000,
    "wide": "<a/>" * 500_000,
    "attributes": "<a " + " ".join(f'a{n}=""' for n in range(200_000)) + "/>",
    "attributes of many": "".join(
        "<a " + " ".join(f'a{m}-{n}=""' for n in range(4_000)) + "/>" for m in range(60)
    ),
    "namespaces": "<a " + " ".join(f'xmlns:a{n}="u"' for n in range(150_000)) + "/>",
    "one long attribute": f'<a a="{"x" * 5_000_000}"/>',
    "one long name": f"<{'x' * 5_000_000}/>",
    "one long comment": f"<!--{'x' * 5_000_000}-->",
    "many comments": "<!--x-->" * 500_000,
    "one long instruction": f"<?a {'x' * 5_000_000}?>",
    "XInclude": '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></a>',
}
MESSAGES = {
    **{name: CALL.replace("</ns1:storeTorrent>", part).encode() for name, part in ATTACKS.items()},
    **{f"{name}, first": CALL.replace("<SOAP-ENV:Body>", part).encode() for name, part in ATTACKS.items()},
    "entity of a file": ENTITY.format('[<!ENTITY x SYSTEM "file:///etc/passwd">]').encode(),
    "entity of a URL": ENTITY.format('[<!ENTITY x SYSTEM "http://127.0.0.1:9/">]').encode(),
    "parameter entity": ENTITY.format('[<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]').encode(),
    "external DTD": ENTITY.format('SYSTEM "file:///etc/passwd"').encode(),
    "billion laughs": ENTITY.format(f'[<!ENTITY x0 "ha">{LAUGHS}<!ENTITY x "&x11;">]').encode(),
    "quadratic": ENTITY.format(f'[<!ENTITY x "{"x" * 100_000}">]').replace("&x;", "&x;" * 20_000).encode(),
    "unknown entity": CALL.replace("=", "&x;").encode(),
    "text beside the call": CALL.replace("</ns1:storeTorrent>", "x" * 13_000_000).encode(),
    "never ending argument": CALL.partition("</torrent>")[0].encode() + b"A" * 12_000_000,
    "as large as may be, and broken": CALL.replace("</torrent>", "A" * 13_200_000).encode(),
}


@pytest.mark.parametrize("body", [*MESSAGES.values(), *BROKEN.values()], ids=[*MESSAGES, *BROKEN])
def test_an_attack_gets_a_small_answer_quickly_and_costs_little_memory(server: Hashkeep, body: bytes) -> None:
    said = server.log.stat().st_size
    before = read_memory(server, "VmRSS")
    answers = [time_request(server, body) for _ in range(3)]
    while min(answers)[0] > SOON and len(answers) < 30:  # other programs need the processor too
        answers.append(time_request(server, body))
    more = max(now - before[pid] for pid, now in read_memory(server, "VmHWM").items())
    assert {status for _, status, _ in answers} == {500}
    assert all(b":Fault>" in answer and len(answer) < 1_000 for *_, answer in answers)
    assert not any(b"root:" in answer for *_, answer in answers)
    assert min(answers)[0] < SOON or min(answers)[0] < 2 * baseline_seconds(server, body)
    assert more < 50_000_000
    assert server.log.stat().st_size == said


def baseline_seconds(server: Hashkeep, body: bytes) -> float:
    """Seconds that this machine takes to receive as many bytes and to parse them with bare expat."""
    start = time.perf_counter()
    with suppress(expat.ExpatError):
        expat.ParserCreate().Parse(body, True)
    return time.perf_counter() - start + min(time_request(server, body, "/upload")[0] for _ in range(3))


def time_request(server: Hashkeep, body: bytes, path: str = "/soap") -> tuple[float, int, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.connect()
    start = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "text/xml"})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return time.perf_counter() - start, answer.status, content


def read_memory(server: Hashkeep, figure: str) -> dict[str, int]:
    """Bytes by process of the server: VmRSS now, or VmHWM, the maximum since the last call for VmRSS."""
    figures = {}
    for pid in [str(server.pid), *child_processes(str(server.pid))]:
        if figure == "VmRSS":
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        status = Path(f"/proc/{pid}/status").read_text()
        figures[pid] = 1024 * int(status.partition(f"{figure}:")[2].split()[0])
    return figures


def child_processes(pid: str) -> list[str]:
    own = [
        child
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return own + [grandchild for child in own for grandchild in child_processes(child)]
