#!/usr/bin/env python
"""Every command of Hashkeep: `python manage.py help` lists them."""

import os
import signal
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hashkeep.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:  # Django's own commands would print a traceback
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"The database cannot be used: {error}")
    except KeyboardInterrupt:
        # End by the signal, as shells expect: a shell loop that called this command then ends as well.
        sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
