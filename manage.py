#!/usr/bin/env python
"""Every command of Hashkeep: `python manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "archive.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:  # Django's own commands would show where in Django that was
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"The database cannot be used: {error}")
