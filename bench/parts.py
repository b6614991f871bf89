"""The parts of the benchmark by name."""

from collections.abc import Callable, Iterator

from . import (
    approval,
    entry,
    figures_queries,
    first_visit,
    load,
    memory,
    page_weight,
    pages,
    printing,
    saves,
    start,
    tables,
)
from .files import check_rows, export_rows, import_rows
from .measurement import Result
from .stage import Stage

PAGES = ("/", "/records/", "/units/", "/reports/reviews/", "/reports/reviews/1/")


def results(part: str, stage: Stage, minutes: float) -> Iterator[Result]:
    """The rows of one part; `minutes`: of load, for P10."""
    if part == "P10":
        return load.rows(stage.nation, 60 * minutes)
    return PARTS[part](stage)


def _before(stage: Stage) -> Iterator[Result]:
    name = "country before 2025"
    yield from figures_queries.rows(stage.before, stage.district, name, figures_queries.GOAL_BEFORE)
    yield from pages.country_rows(stage.before, stage.district, name, 1.5)
    yield from figures_queries.long_rows(stage.before, stage.long_district)
    yield from pages.export_rows(stage.before, stage.district)


def _merged(stage: Stage) -> Iterator[Result]:
    yield from figures_queries.merged_rows(stage.merged, stage.district)
    yield from pages.merged_rows(stage.merged)


def _gaps(stage: Stage) -> Iterator[Result]:
    for nation, name, figures, page in (
        (stage.nation_gaps, "country with gaps everywhere", figures_queries.GOAL, 1.3),
        (stage.before_gaps, "country before 2025 with gaps everywhere", figures_queries.GOAL_BEFORE, 1.5),
    ):
        yield from figures_queries.rows(nation, stage.district_gaps, name, figures)
        yield from pages.country_rows(nation, stage.district_gaps, name, page)
    yield from figures_queries.gap_rows(stage.merged_gaps, stage.district)
    yield from pages.today_export_rows(stage.merged_gaps)


def _printed_pages(stage: Stage) -> Iterator[Result]:
    yield from printing.page_rows(stage.demo)
    yield from printing.province_rows()


def _superset(stage: Stage) -> Iterator[Result]:
    from bench import responses as answers

    yield from answers.rows(stage.nation)


def _peers(stage: Stage) -> Iterator[Result]:
    from bench import peers

    yield from peers.rows(stage.nation)


def _cases(stage: Stage) -> Iterator[Result]:
    from bench import cases

    yield from cases.rows(stage.district, stage.folder, 20_000 if stage.small else 1_000_000)


def _lines(stage: Stage) -> int:
    """Rows of the generated files."""
    return 4_000 if stage.small else 40_000


# Parts that need packages of their own (Superset, DuckDB) are imported on use.
PARTS: dict[str, Callable[[Stage], Iterator[Result]]] = {
    "P1": lambda stage: figures_queries.rows(stage.nation, stage.district),
    "Before": _before,
    "Merged": _merged,
    "Gaps": _gaps,
    "Approving": lambda stage: approval.rows(stage.nation, stage.district),
    "P2": lambda stage: pages.country_rows(stage.nation, stage.district),
    "P3": lambda stage: pages.bare_rows(stage.district),
    "P5b": lambda stage: first_visit.rows(stage.nation),
    "P17": lambda stage: memory.rows(stage.nation),
    "Superset": _superset,
    "P7": lambda stage: pages.table_rows(stage.nation),
    "P8": lambda stage: page_weight.rows(stage.demo, PAGES, "demo (28 units)"),
    "P9": lambda stage: saves.rows(stage.nation),
    "Peers": _peers,
    "P11": lambda stage: import_rows(stage.nation, stage.folder, _lines(stage)),
    "E1": lambda stage: check_rows(stage.nation, stage.folder, _lines(stage)),
    "E2": lambda stage: tables.export_rows(_lines(stage)),
    "E3": _cases,
    "P12": lambda stage: export_rows(stage.nation, _lines(stage)),
    "P13": lambda stage: printing.rows(stage.demo),
    "P14": _printed_pages,
    "P15": lambda stage: entry.rows(small=stage.small),
    "P16": lambda stage: start.rows(stage.folder / "start"),
}
