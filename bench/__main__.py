"""python -m bench: measure, print the table, write the results. scripts/bench runs it on both databases.

Example: python -m bench --only P1 P2 --small
"""

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

from . import databases, measurement
from .measurement import say

# Measured on both databases; what does not ask the database, or hardly, is measured once.
EVERYWHERE = ("P1", "P2", "P3", "P11", "P5b", "P17", "P9", "Approving", "Before", "Merged", "Gaps")
# Minutes of load, so only when asked for; on PostgreSQL, which is what many clerks at once need.
LOAD = "P10"
# With scripts/bench --peers only, which installs what it needs.
PEERS = "Peers"
# Likewise, on both databases.
CASES = "E3"
# With scripts/bench --superset only: P5, and P5b and P17 beside Superset itself.
SUPERSET = "Superset"
# P9 writes into the country, so it comes after everything that reads it.
ALL = (
    "P1",
    "P2",
    "P3",
    "P7",
    "P11",
    "E1",
    "E2",
    "P12",
    "P5b",
    "P17",
    "P9",
    "Approving",
    "Before",
    "Merged",
    "Gaps",
    "P8",
    "P13",
    "P14",
    "P15",
    "P16",
)


def main() -> int:
    """0 when every part ran; a missed goal is a result and no error."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="cchc-bench-") as folder:
        databases.configure(Path(folder))
        # Models can be imported once there is a database.
        from bench.parts import results
        from bench.stage import Stage

        stage = Stage(Path(folder), options.small)
        parts = [part for part in (EVERYWHERE if options.add else ALL) if part in (options.only or ALL)]
        asked = (LOAD, PEERS, CASES, SUPERSET) if options.add else (CASES,)
        parts += [part for part in asked if part in (options.only or ())]
        kept = options.add or options.only
        found, broken = (measurement.read(options.output) if kept else []), []
        for part in parts:
            try:
                for result in results(part, stage, options.minutes):
                    # A part that is measured again takes the place of its earlier row.
                    found = [*(one for one in found if one.name != result.name), result]
                    say(measurement.table([result]).splitlines()[1])
            except Exception:
                broken.append(part)
                say(f"{part} could not be measured:\n{traceback.format_exc()}")
            measurement.write(found, options.output)
    print(measurement.table(found))
    if broken:
        say(f"not measured: {', '.join(broken)}")
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="P", help="parts, such as P1 P9")
    parser.add_argument("--small", action="store_true", help="a small country, to try the benchmark itself")
    parser.add_argument(
        "--add", action="store_true", help="add to the results of a run on the other database"
    )
    parser.add_argument(
        "--minutes", type=float, default=1, metavar="M", help="of P10, 10 for the whole of it"
    )
    parser.add_argument("--output", type=Path, default=Path("bench/latest.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
