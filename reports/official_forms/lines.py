"""An official form as lines: tiers, fields and total, and what stands under the table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from figures.formatting import format_signed, tier_name
from figures.official_forms import Cells, OfficialForm
from figures.summary import Summary
from figures.tally import sum_reported
from records.official_form.queries import DOSSIER_FORM, official_forms

# What a form has no column for is mapped by its data and said under the table.

LETTERS = "ABCDEG"
TOTAL = "Tổng cộng"


@dataclass(frozen=True)
class FormRow:
    """A line: a cell for each column with figures; None is "nobody reported". `key` is the field's or unit's code."""

    mark: str
    name: str
    cells: Cells
    is_total: bool = False
    key: str = ""


def form_table(doc: dict[str, Any]) -> dict[str, Any]:
    """`official`, `form_rows` and `form_note` of a review's document, by the form in force at its period's end."""
    form = official_forms().on(DOSSIER_FORM, date.fromisoformat(doc["review"]["to"]))
    assert form is not None  # it comes with the system
    now = Summary.from_dict(doc["figures"])
    total = now.total
    parts = [(one["tier"], Summary.from_dict(one["figures"])) for one in doc["by_field"]]
    rows = form_lines(form, parts, total.counts)
    return {
        "official": form,
        "form_rows": rows,
        "form_note": form.note(total.counts, estimated=total.estimated, handed=bool(now.handover)),
    }


def form_lines(
    form: OfficialForm, parts: Sequence[tuple[str, Summary]], total: Mapping[str, int | None]
) -> list[FormRow]:
    """Each tier, then its fields that anybody reported, or nobody is asked for; the total where there are several."""
    rows: list[FormRow] = []
    for place, (tier, summary) in enumerate(parts):
        rows.append(FormRow(LETTERS[place], tier_name(tier), form.cells(summary.total.counts), True))
        rows += [
            FormRow(str(number), row.name, form.cells(row.figures.counts), key=row.key)
            for number, row in enumerate(summary.rows, 1)
            if row.figures.completeness.reported or not row.figures.completeness.expected
        ]
    if len(parts) > 1:
        rows.append(FormRow("", TOTAL, form.cells(total), True))
    return rows


def lines_below(rows: Sequence[FormRow], place: int) -> list[tuple[int, FormRow]]:
    """The lines that a total adds up, with their places: of a tier its fields, of the whole the tiers, or all lines
    where there is no tier.
    """
    row = rows[place]
    if not row.is_total:
        return []
    if not row.mark:
        tiers = [(at, one) for at, one in enumerate(rows) if one.is_total and one.mark]
        return tiers or [(at, one) for at, one in enumerate(rows) if not one.is_total]
    found = []
    for at in range(place + 1, len(rows)):
        if rows[at].is_total:
            break
        found.append((at, rows[at]))
    return found


def form_notes(form: OfficialForm, note: str) -> list[str]:
    """What stands under the table: the form's rules, and where what it has no column for was counted."""
    lacking = f"{form.lacking}: {note}" if form.lacking else note
    return [text for text in (f"{form.rules}." if form.rules else "", lacking) if text]


def broken_identities(form: OfficialForm, rows: Iterable[FormRow]) -> list[str]:
    """Names of the lines in which an identity does not hold, with the identity and the difference."""
    return [
        f"{row.name}: {identity.words}, lệch {format_signed(gap)}"
        for row in rows
        for identity, gap in form.gaps(row.cells)
    ]


def unequal_totals(form: OfficialForm, rows: Sequence[FormRow]) -> list[str]:
    """Totals that the lines below them do not add up to, column by column; such as where a unit reports the sum of
    those below itself.
    """
    told = []
    for at, row in enumerate(rows):
        parts = lines_below(rows, at)
        for column in form.columns if parts else ():
            place = form.places[column.number]
            found, total = sum_reported(one.cells[place] for _, one in parts), row.cells[place]
            if found is not None and total is not None and found != total:
                told.append(
                    f"{row.name}, cột ({column.number}): lệch {format_signed(total - found)} so với các dòng"
                )
    return told
