#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
    # Results and messages are Vietnamese: a machine without a UTF-8 locale must not stop them.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
