"""The settings of a test run: the real ones, with a data folder of its own and the database of the option.

`pytest` runs on SQLite, `pytest --database postgres` on a PostgreSQL of its own.
"""

import atexit
import os
import shutil
import sys
import tempfile

from tests.servers.postgres import postgres

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="hashkeep-tests-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
os.environ["RESOLVE"] = "off"  # tests that need a network start their own

if "postgres" in sys.argv:
    _server = postgres()
    os.environ["DATABASE_URL"] = _server.__enter__()
    atexit.register(_server.__exit__, None, None, None)

from hashkeep.settings import *  # noqa: E402, F403  they read the environment

if not DATABASE_URL:  # noqa: F405
    # A file, as in production: SQLite in memory shares one cache between threads and has other locks.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}  # noqa: F405

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real ones are slow on purpose
