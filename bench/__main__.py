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

# Measured on both databases; what hardly uses the database is measured once.
EVERYWHERE = ("P1", "P2", "P3", "P11", "P5b", "P17", "Approving", "P9", "Before", "Merged", "Gaps")
# Takes minutes, so only with --only; on PostgreSQL, which many concurrent clerks need.
LOAD = "P10"
# With scripts/bench --peers only, which installs what it needs.
PEERS = "Peers"
# Likewise, on both databases.
CASES = "E3"
# With scripts/bench --superset only: P5, and P5b and P17 beside Superset itself.
SUPERSET = "Superset"
# P9 writes to the country database, so it runs after the parts that only read it.
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
    "Approving",
    "P9",
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
    """0 when every part ran; a missed goal is a result, not an error."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="cchc-bench-") as folder:
        databases.configure(Path(folder))
        # Models can be imported once there is a database.
        from bench.parts import results
        from bench.stage import Stage

        stage = Stage(Path(folder), options.small)
        parts = [part for part in (EVERYWHERE if options.add else ALL) if part in (options.only or ALL)]
        optional = (LOAD, PEERS, CASES, SUPERSET) if options.add else (CASES,)
        parts += [part for part in optional if part in (options.only or ())]
        merge = options.add or options.only
        measured, failed = (measurement.read(options.output) if merge else []), []
        for part in parts:
            try:
                for result in results(part, stage, options.minutes):
                    # A part that runs again replaces its earlier row.
                    measured = [*(earlier for earlier in measured if earlier.name != result.name), result]
                    say(measurement.table([result]).splitlines()[1])
            except Exception:
                failed.append(part)
                say(f"{part} could not be measured:\n{traceback.format_exc()}")
            measurement.write(measured, options.output)
    print(measurement.table(measured))
    if failed:
        say(f"not measured: {', '.join(failed)}")
    return 1 if failed else 0


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
