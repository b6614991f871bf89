"""A sheet of the Excel form held against what is stored: what it changes, what is wrong with it, what is odd in it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from figures.periods import Month
from figures.rulebook import RULES
from figures.writing import count
from records.actions import Refused
from records.actions.common import must_be_open, must_be_owed
from records.forms.lines import Line
from records.models import DossierCount
from records.outlets.form_layout import BALANCE, Remark, fingerprint
from records.queries.at_hand import AtHand
from records.queries.catalogue import Catalogue
from records.queries.changes import Change, Changes, since
from records.queries.checks import Finding, check, served_of
from records.queries.rows import fill, values_of
from units.words import clean

from .form_cells import Changed, Checked, Clash, Reading
from .form_reading import Sheet

_CHANGED_FORM = (
    "Danh mục lĩnh vực, nhóm cột hoặc các dòng của báo cáo đã đổi từ khi tải biểu này. "
    "Hãy tải biểu mới rồi chép số sang."
)


def check_form(
    sheet: Sheet, month: AtHand, lines: Sequence[Line], *, catalogue: Catalogue, end: date, at: datetime
) -> Checked:
    """`lines`: the rows of the page. end: the last day of the month. Reads the log where somebody saved meanwhile."""
    found = Checked(sheet, month, lines)
    found.remarks += [
        Remark(sheet.name, fault.cell, "", fault.code, fault.message, True) for fault in sheet.faults
    ]
    if sheet.sign.layout != fingerprint(lines, end):
        found.remarks.append(Remark(sheet.name, "", "", "old_form", _CHANGED_FORM, True))
        return found
    try:
        must_be_open(month.edition, at)
        must_be_owed(month.submission, catalogue.days)
    except Refused as refusal:
        found.remarks.append(Remark(sheet.name, "", "", refusal.code, refusal.message, True))
        return found
    Reading(found, end).read()
    _merge(found)
    _look(found, catalogue)
    return found


def _merge(found: Checked) -> None:
    """What others saved since the form was downloaded stays where the file does not touch it; where it does, both are
    told. Before the first saving, openings that only repeat what is proposed are no change.
    """
    edition, sign = found.month.edition, found.sheet.sign
    if sign.revision != edition.revision or sign.edition != edition.number:
        theirs = since(found.month.submission, sign.revision, edition.revision)
        mine = [one for one in found.changes if not _untouched(one, theirs)]
        found.kept = len(found.changes) - len(mine)
        found.clashes = list(_clashes(mine, theirs, found.month))
        found.changes = mine
    elif edition.revision == 0:
        proposed = {line.key: line.proposed for line in found.lines}
        if all(one.measure == "opening" and one.after == proposed[one.key] for one in found.changes):
            found.changes = []


def _untouched(one: Changed, theirs: Changes | None) -> bool:
    """Whether the file holds what was stored when it was made."""
    change = theirs.get(one.name) if theirs is not None else None
    return change is not None and _plain(change.before) == one.after


def _plain(value: int | str | None) -> int | str | None:
    """A stored reason as a sheet holds it."""
    return clean(value) if isinstance(value, str) else value


def _clashes(mine: Sequence[Changed], theirs: Changes | None, month: AtHand) -> Iterator[Clash]:
    for one in mine:
        change: Change | None = theirs.get(one.name) if theirs is not None else None
        if change is not None:
            yield Clash(one, change.by, change.at)
        elif theirs is None:
            yield Clash(one, month.edition.saved_by, month.edition.saved_at)


def _look(found: Checked, catalogue: Catalogue) -> None:
    """What the rules say to the rows as they would be: what keeps them from being sent does not keep a draft from being
    saved, and is told all the same.
    """
    wrong = {one.key[0] for one in found.remarks if one.blocks and one.key}
    broken = any(one.blocks for one in found.remarks)
    rows = list(_rows(found, catalogue))
    by_code = {line.code: line for line in found.lines}
    for one in check(found.month.edition, catalogue, rows=rows, past=found.month.past):
        code = f"{one.field}/{one.procedure}" if one.procedure else one.field
        if code in wrong or (broken and not code):
            continue
        found.remarks.append(_remark(one, code, by_code.get(code), found.sheet))


def _remark(one: Finding, code: str, line: Line | None, sheet: Sheet) -> Remark:
    blocks = one.blocks and not RULES[one.code].draft
    if line is None:
        return Remark(sheet.name, "", "Toàn báo cáo", one.code, one.message, blocks)
    # Of a row as a whole: where its balance stands.
    name = one.measure if one.measure in sheet.names else BALANCE
    cell = sheet.address(code, name)
    return Remark(sheet.name, cell, line.label, one.code, one.message, blocks, (code, name))


def _rows(found: Checked, catalogue: Catalogue) -> Iterator[DossierCount]:
    """The rows of the edition as they would be; not stored."""
    month = found.month
    kept = {(row.field_id, row.procedure_id): row for row in month.rows}
    changes, reasons = found.rows(), found.reasons()
    expected = catalogue.expected(month.submission.unit, Month.from_number(month.submission.month))
    for key in dict.fromkeys((*kept, *changes)):
        row = kept.get(key)
        made = DossierCount(
            edition=month.edition,
            field=catalogue.fields[key[0]],
            procedure=catalogue.procedures[key[1]] if key[1] else None,
            reason=reasons.get(key, row.reason if row else ""),
        )
        values: Mapping[str, int | None] = values_of(row) if row else {}
        fill(made, {**values, **changes.get(key, {})}, served_of(expected, catalogue, key))
        yield made


def clash_words(clash: Clash) -> str:
    """Both values of a clash, for whoever mends the file."""
    mine, theirs = (_said(value) for value in (clash.changed.after, clash.changed.before))
    return f"{clash.by or 'Người khác'} đã lưu {theirs} sau khi tải biểu; trong tệp là {mine}."


def _said(value: int | str | None) -> str:
    return (
        f"“{value}”" if isinstance(value, str) and value else count(value if isinstance(value, int) else None)
    )
