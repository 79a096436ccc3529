"""A request of the RSGI interface as the environ that WSGI applications read (PEP 3333)."""

import sys
from io import BytesIO
from wsgiref.types import WSGIEnvironment

from server.rsgi_types import Scope


def wsgi_environ(scope: Scope) -> WSGIEnvironment:
    """The environ of this request, with an empty body.

    A header whose name has an underscore is left out: it would pass for one with a hyphen, and so for what a proxy
    in front of this server has set.
    """
    server_name, _, server_port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": server_name,
        "SERVER_PORT": server_port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    return environ


def has_body(environ: WSGIEnvironment) -> bool:
    """Whether the request announces a body (RFC 9112, 6.3)."""
    return environ.get("CONTENT_LENGTH", "0") not in ("", "0") or is_chunked(environ)


def is_chunked(environ: WSGIEnvironment) -> bool:
    """Whether the body comes in chunks, so that its length is not announced."""
    codings = str(environ.get("HTTP_TRANSFER_ENCODING", ""))
    return codings.lower().rpartition(",")[2].strip() == "chunked"
