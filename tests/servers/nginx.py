"""A real nginx. Debian: apt-get install nginx-light."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.servers import free_port, run_process, wait_until

SETTINGS = """
daemon off;
pid {home}/pid;
error_log stderr;
{user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    {http}
}}
"""


@contextmanager
def nginx(http: str) -> Iterator[str]:
    """The URL of an nginx with this in its http block, as from conf.d/, but for the port in `listen 80;`."""
    with TemporaryDirectory(prefix="nginx-") as folder:
        home, port = Path(folder), free_port()
        here = http.replace("listen 80;", f"listen 127.0.0.1:{port};")
        # The workers read what tests write, and tests write into folders of their own user.
        user = "user root;" if os.getuid() == 0 else ""
        conf, log, url = home / "nginx.conf", home / "log", f"http://127.0.0.1:{port}"
        conf.write_text(SETTINGS.format(home=home, user=user, http=here))
        with run_process(["/usr/sbin/nginx", "-c", str(conf)], log) as process:
            wait_until(lambda: is_answering(url), process, log)
            yield url


def is_answering(url: str) -> bool:
    try:
        urlopen(url, timeout=10).close()
    except HTTPError as answer:
        answer.close()
    except OSError:
        return False
    return True
