"""python -m drill: break things under load, check what survived, print a table, write bench/drill.json.

Example: python -m drill --only kill --minutes 5 --database sqlite --add
"""

import argparse
import signal
import sys
import time
import traceback
from contextlib import closing
from pathlib import Path

from . import rows
from .parts import DATABASES, PARTS
from .rows import Row

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """0 when every drill held."""
    options = _options()
    _end_in_order()
    if options.list:
        print("\n".join(PARTS))
        return 0
    measured = rows.read(options.output) if options.add else []
    passed = True
    for name in options.only or PARTS:
        part, databases = PARTS[name]
        for database in databases:
            if database.lower() not in options.database:
                continue
            with closing(_run(part, name, database, options.minutes)) as results:
                for row in results:
                    # A drill that runs again replaces its earlier row.
                    key = (row.name, row.database)
                    others = [old for old in measured if (old.name, old.database) != key]
                    measured = [*others, row]
                    passed &= row.held
                    _say(rows.table([row]))
                    rows.write(measured, options.output)
    print(rows.table(measured))
    return 0 if passed else 1


def _end_in_order() -> None:
    """On Ctrl+C or SIGTERM stop PostgreSQL and gunicorn too; they run in sessions of their own."""

    def ended(number: int, _) -> None:
        # A second signal must not interrupt the cleanup.
        for signal_number in ENDING:
            signal.signal(signal_number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for signal_number in ENDING:
        # nohup ignores SIGHUP; leave it so.
        if signal_number != signal.SIGHUP or signal.getsignal(signal_number) != signal.SIG_IGN:
            signal.signal(signal_number, ended)


def _run(part, name: str, database: str, minutes: float):
    """The rows of a part; after an exception, a row that reports it."""
    start = time.monotonic()
    try:
        yield from part(database, minutes)
    except Exception as error:
        _say(traceback.format_exc())
        message = f"the drill broke off: {type(error).__name__}: {str(error)[-300:]}"
        yield Row(f"{name}: broken off", database, time.monotonic() - start, broken=(message,))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="PART", choices=PARTS, help=f"of {', '.join(PARTS)}")
    names = [database.lower() for database in DATABASES]
    parser.add_argument("--database", nargs="+", choices=names, default=names, help="both where not given")
    parser.add_argument(
        "--minutes", type=float, default=1, metavar="M", help="of load, for the parts under load"
    )
    parser.add_argument("--add", action="store_true", help="keep the other rows of the file")
    parser.add_argument("--list", action="store_true", help="the names of the parts")
    parser.add_argument("--output", type=Path, default=Path("bench/drill.json"))
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
