"""The rows that the grid of an edition has, with what is stored, what was, and what is proposed."""

from collections.abc import Mapping

from figures import rules
from figures.measures import MEASURES
from figures.periods import Month
from records.forms.lines import Line
from records.models import DossierCount, Edition
from records.queries.catalogue import Catalogue
from records.queries.checks import rows_of, served_of
from records.queries.past import Past, RowKey, past_of
from records.queries.rows import values_of


def lines_of(
    edition: Edition,
    catalogue: Catalogue,
    *,
    rows: list[DossierCount] | None = None,
    past: Past | None = None,
) -> list[Line]:
    """In the order of the catalogue: the fields that the unit reports in the month, by procedure where they were
    counted so, and whatever else holds a number. Three queries; `rows` and `past` spare theirs.
    """
    submission = edition.submission
    month = Month.from_number(submission.month)
    expected = catalogue.expected(submission.unit, month)
    stored = {(row.field_id, row.procedure_id): row for row in (rows_of(edition) if rows is None else rows)}
    past = past_of(submission) if past is None else past
    return [
        _line(key, stored.get(key), past.get(key, {}), month, served_of(expected, catalogue, key), catalogue)
        for key in _keys(list(expected), stored, catalogue)
    ]


def _keys(expected: list[int], stored: dict[RowKey, DossierCount], catalogue: Catalogue) -> list[RowKey]:
    answered = [key for key, row in stored.items() if row.answered]
    if (catalogue.undivided, None) in answered:
        return answered
    keys: list[RowKey] = []
    for number in expected:
        procedures = [key for key in stored if key[0] == number and key[1]]
        keys += sorted(procedures, key=lambda key: catalogue.procedures[key[1]].code) or [(number, None)]
    return keys + [key for key in answered if key not in keys]


def _line(
    key: RowKey,
    row: DossierCount | None,
    past: Mapping[int, Mapping],
    month: Month,
    served: frozenset[str],
    catalogue: Catalogue,
) -> Line:
    field = catalogue.fields[key[0]]
    procedure = catalogue.procedures[key[1]] if key[1] else None
    before = past.get(month.previous().number)
    return Line(
        key=key,
        code=f"{field.code}/{procedure.code}" if procedure else field.code,
        label=f"{field.name}: {procedure.name}" if procedure else field.name,
        served=served,
        values=values_of(row) if row else dict.fromkeys(MEASURES),
        reason=row.reason if row else "",
        of_procedure=procedure is not None,
        proposed=rules.closing(before) if before else None,
        past=past,
    )
