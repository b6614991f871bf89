"""The program that reads one table, without Django, and ends: the file on standard input, JSON by lines on standard
output (spreadsheets.child_process).

Started by core.child_process with `lines|sheets LIMITS…`, the limits as spreadsheets.cells has them. Whatever goes
wrong but a fault of the file is a status other than 0.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # A program started with -I knows only the standard library.
    sys.path.append(str(next(place for place in Path(__file__).parents if (place / "manage.py").exists())))
    from spreadsheets.child_process import run_child as main

    main()
