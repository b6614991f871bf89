"""The child process that reads one table without Django: the file on standard input, JSON lines on standard output.

Started by spreadsheets.sandboxed_reader with `lines|sheets LIMITS…`, the fields of ReadLimits. Faults of the file are
part of the output, all others a non-zero status.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # With -I only the standard library is on the path.
    sys.path.append(str(next(place for place in Path(__file__).parents if (place / "manage.py").exists())))
    from spreadsheets.sandboxed_reader import run_child as main

    main()
