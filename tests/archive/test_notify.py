"""Notifications: they reach every listener of their channel, and a listener that dies disturbs no other."""

import resource
import subprocess
import sys
import time

import pytest

from archive.db.notify import NEW_WISHES, SETTLED_WISHES, listen, notify_now, notify_on_commit

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_notification_that_cannot_be_sent_is_lost_without_an_error() -> None:
    """As where a process has no file descriptor left."""
    listener = listen(NEW_WISHES)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        notify_now(NEW_WISHES, ["lost"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        listener.close()


@pytest.mark.django_db(transaction=True)
def test_a_notification_reaches_every_listener_of_its_channel_at_once() -> None:
    listeners = [listen(NEW_WISHES), listen(NEW_WISHES)]
    other = listen(SETTLED_WISHES)
    notify_on_commit(NEW_WISHES, ["1", "2", "3"])
    began = time.monotonic()
    assert [listener.receive(20) for listener in listeners] == [{"1", "2", "3"}] * 2
    assert time.monotonic() - began < 10
    assert other.receive(0.1) == set()
    for listener in (*listeners, other):
        listener.close()


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_was_killed_does_not_disturb_the_others() -> None:
    script = (
        "import django, os; django.setup(); from archive.db.notify import listen, NEW_WISHES; listen(NEW_WISHES);"
        "print('listening', flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == -9
    listener = listen(NEW_WISHES)
    notify_on_commit(NEW_WISHES, ["7"])
    assert listener.receive(20) == {"7"}
    listener.close()
