"""Level and change: the rows of a Summary by unit, each against the same period last year."""

from dataclasses import replace

from figures.change import Change
from figures.summary import Figures, Summary, build
from records.queries.over import received
from records.queries.unit_rows import unit_rows

from .dashboard import Wanted


def with_changes(wanted: Wanted, summary: Summary) -> Summary:
    """The same Summary with `change` in its rows by unit; rows by field or month stay as they are. A fixed number of
    queries.
    """
    if summary.by != "unit":
        return summary
    before = _before(wanted)
    rows = (
        replace(row, change=Change.between(row.figures, before.get(row.extra["pk"]))) for row in summary.rows
    )
    return replace(summary, rows=tuple(rows))


def _before(wanted: Wanted) -> dict[int, Figures]:
    """Last year's figures of the rows that can be compared, by number of the unit."""
    question = wanted.last_year
    if wanted.of_field is not None:
        rows = wanted.of_field.unit_rows(question)
    else:
        rows = unit_rows(question, received(question))
    found = build(
        unit=wanted.unit.code,
        unit_name=wanted.unit.name,
        period=question.period,
        tiers={},
        by="unit",
        rows=rows,
        calendar=wanted.calendar,
        decimals=wanted.decimals,
    )
    left_out = wanted.comparable.left_rows if wanted.comparable else ()
    return {row.extra["pk"]: row.figures for row in found.rows if row.extra["pk"] not in left_out}
