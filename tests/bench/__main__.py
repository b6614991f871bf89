"""python -m tests.bench: measure, print the table, write the results. scripts/bench runs it on both databases.

Example: python -m tests.bench --only P1 P2 --small
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from . import databases, measuring
from .measuring import Result

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
PAGES = ("/", "/records/", "/units/", "/reports/reviews/", "/reports/reviews/1/")


class Stage:
    """The generated databases, each made when a part first asks for it."""

    def __init__(self, folder: Path, small: bool) -> None:
        self.folder, self.small = folder, small

    @cached_property
    def district(self) -> tuple:
        from records.generating import country

        return self._made("district", country.DISTRICT)

    @cached_property
    def long_district(self) -> tuple:
        from records.generating import country

        return self._made("long_district", replace(country.DISTRICT, months=self.before[2].months))

    @cached_property
    def before(self) -> tuple:
        from records.generating import country

        return self._made("before", country.SMALL_BEFORE if self.small else country.BEFORE)

    @cached_property
    def nation(self) -> tuple:
        from records.generating import country

        return self._made("nation", country.SMALL if self.small else country.NATION)

    @cached_property
    def merged(self) -> tuple:
        from records.generating import country

        return self._made("merged", country.SMALL_MERGED if self.small else country.MERGED)

    @cached_property
    def gaps(self) -> tuple:
        from records.generating import country
        from records.management.commands.generate_country import GAPS

        return self._made("gaps", replace(country.SMALL_MERGED if self.small else country.MERGED, gaps=GAPS))

    @cached_property
    def demo(self) -> Any:
        from django.core.management import call_command

        connection = databases.create("demo")
        with databases.use(connection):
            call_command("seed_demo", stdout=sys.stderr)
        return connection

    def _made(self, name: str, scale: Any) -> tuple:
        from records.generating import country

        start = time.monotonic()
        connection = databases.create(name)
        with databases.use(connection):
            top = country.fill(scale)
            country.settle()
        _say(f"generated: {scale} in {time.monotonic() - start:.0f} s")
        return connection, top, scale


def results(part: str, stage: Stage, minutes: float) -> Iterator[Result]:
    """The rows of one part; `minutes` of load."""
    from . import (
        approving,
        entry,
        files,
        load,
        memory,
        pages,
        prints,
        questions,
        saving,
        start,
        tables,
        visit,
        weight,
    )

    match part:
        case "P1":
            yield from questions.rows(stage.nation, stage.district)
        case "Before":
            name = "country before 2025"
            yield from questions.rows(stage.before, stage.district, name, questions.GOAL_BEFORE)
            yield from pages.country_rows(stage.before, stage.district, name, 1.5)
            yield from questions.long_rows(stage.before, stage.long_district)
            yield from pages.export_rows(stage.before, stage.district)
        case "Merged":
            yield from questions.merged_rows(stage.merged, stage.district)
            yield from pages.merged_rows(stage.merged)
        case "Gaps":
            yield from questions.gap_rows(stage.gaps, stage.district)
            yield from pages.today_export_rows(stage.gaps)
        case "Approving":
            yield from approving.rows(stage.nation, stage.district)
        case "P2":
            yield from pages.country_rows(stage.nation, stage.district)
        case "P3":
            yield from pages.bare_rows(stage.district)
        case "P5b":
            yield from visit.rows(stage.nation)
        case "P17":
            yield from memory.rows(stage.nation)
        case "Superset":
            from . import answers

            yield from answers.rows(stage.nation)
        case "P7":
            yield from pages.table_rows(stage.nation)
        case "P8":
            yield from weight.rows(stage.demo, PAGES, "demo (28 units)")
        case "P9":
            yield from saving.rows(stage.nation)
        case "P10":
            yield from load.rows(stage.nation, 60 * minutes)
        case "Peers":
            from . import peers

            yield from peers.rows(stage.nation)
        case "P11":
            yield from files.import_rows(stage.nation, stage.folder, 4_000 if stage.small else 40_000)
        case "E1":
            yield from files.check_rows(stage.nation, stage.folder, 4_000 if stage.small else 40_000)
        case "E2":
            yield from tables.export_rows(4_000 if stage.small else 40_000)
        case "E3":
            from . import cases

            yield from cases.rows(stage.district, stage.folder, 20_000 if stage.small else 1_000_000)
        case "P12":
            yield from files.export_rows(stage.nation, 4_000 if stage.small else 40_000)
        case "P13":
            yield from prints.rows(stage.demo)
        case "P14":
            yield from prints.page_rows(stage.demo)
            yield from prints.province_rows()
        case "P15":
            yield from entry.rows(small=stage.small)
        case "P16":
            yield from start.rows(stage.folder / "start")


def main() -> int:
    """0 when every part ran; a missed goal is a result and no error."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="cchc-bench-") as folder:
        databases.configure(Path(folder))
        stage = Stage(Path(folder), options.small)
        parts = [part for part in (EVERYWHERE if options.add else ALL) if part in (options.only or ALL)]
        asked = (LOAD, PEERS, CASES, SUPERSET) if options.add else (CASES,)
        parts += [part for part in asked if part in (options.only or ())]
        kept = options.add or options.only
        found, broken = (measuring.read(options.output) if kept else []), []
        for part in parts:
            try:
                for result in results(part, stage, options.minutes):
                    # A part that is measured again takes the place of its earlier row.
                    found = [*(one for one in found if one.name != result.name), result]
                    _say(measuring.table([result]).splitlines()[1])
            except Exception:
                broken.append(part)
                _say(f"{part} could not be measured:\n{traceback.format_exc()}")
            measuring.write(found, options.output)
    print(measuring.table(found))
    if broken:
        _say(f"not measured: {', '.join(broken)}")
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
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


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
