"""Stores the unit-months of a file with their sums, in a fixed number of statements."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from figures.measures import MEASURES, WHOLES
from figures.periods import Month
from records import storage
from records.calendar.queries import DueDates
from records.catalogue import Catalogue, RowKey, served_in_row
from records.models import DossierCount, Edition, Stage, State, Submission
from records.stored_sums import group_sums
from units.models import Unit

from .reader import NO_VALUES, MeasureValues, served_rules
from .unit_months import UnitMonth
from .validation import APPROVED, DRAFT

_BATCH = 200
_SUM_COLUMNS = (*MEASURES, *(f"blank_{whole}" for whole in WHOLES))
_DELETED_AT_ONCE = 500


@dataclass
class ImportActors:
    """Who writes and approves, what the months become, and when; `about` is logged with the file."""

    becomes: str
    writer: Any
    writer_name: str
    approver: Any
    approver_name: str
    when: Callable[[Unit, Month], datetime]
    about: dict[str, Any] = field(default_factory=dict)


class UnitMonthWriter:
    """Writes changed unit-months, and sends or approves unchanged drafts where the file asks for it."""

    def __init__(self, catalogue: Catalogue, acting: ImportActors) -> None:
        self.catalogue = catalogue
        self.acting = acting
        self.due = DueDates(catalogue.days)
        self.opened: list[Submission] = []

    def write(self, targets: Iterable[UnitMonth]) -> list[UnitMonth]:
        """Returns the unit-months that changed."""
        touched = [
            target for target in targets if not target.locked and (target.changed or self._moves(target))
        ]
        if not touched:
            return []
        was_sent = any(target.edition and target.edition.state == State.SENT for target in touched)
        self._submissions(touched)
        rows = [(target, self._rows(target)) for target in touched]
        self._supersede(touched)
        self._editions(rows)
        self._counts(rows)
        self._writers(touched)
        self._sums(touched, was_sent)
        return touched

    def _moves(self, target: UnitMonth) -> bool:
        """Whether an unchanged month changes its state; a returned one does only when it is approved."""
        state = target.edition.state if target.edition else None
        if self.acting.becomes == APPROVED:
            return state in (State.DRAFT, State.SENT, State.RETURNED)
        return self.acting.becomes != DRAFT and state == State.DRAFT

    def _submissions(self, touched: list[UnitMonth]) -> None:
        unopened = [target for target in touched if target.submission is None]
        made = []
        for target in unopened:
            unit, month = target.first.unit, target.first.month
            due = self.due.of(unit.tier, Month.from_number(month))
            made.append(Submission(unit=unit, month=month, due_on=due))
        self.opened = Submission.objects.bulk_create(made)
        group_sums.mark_handovers({opened.unit for opened in made}, {opened.month for opened in made})
        for target, submission in zip(unopened, self.opened, strict=True):
            target.submission = submission

    def _rows(self, target: UnitMonth) -> dict[RowKey, tuple[MeasureValues, str]]:
        """All rows as they will be, with their reasons: on one level only, and once the month leaves the draft with a
        blank row for each expected field.
        """
        rows = {key: (stored.values, stored.reason) for key, stored in target.stored.items()}
        for line in target.lines:
            before = rows.get(line.key, (NO_VALUES, ""))[1]
            rows[line.key] = (line.values, before if line.reason is None else line.reason)
        answered = [key for key, (values, _) in rows.items() if values != NO_VALUES]
        undivided = any(field == self.catalogue.undivided for field, _ in answered)
        levels = {field: procedure is not None for field, procedure in answered}
        rows = {
            key: row
            for key, row in rows.items()
            if row[0] != NO_VALUES or self._stays(key, bool(answered), undivided, levels)
        }
        if self.acting.becomes != DRAFT and not undivided:
            there = {field for field, _ in rows}
            month = Month.from_number(target.first.month)
            for field in self.catalogue.expected(target.first.unit, month):
                if field not in there:
                    rows[field, None] = (NO_VALUES, "")
        return rows

    def _stays(self, key: RowKey, answered: bool, undivided: bool, levels: dict[int, bool]) -> bool:
        """Whether a blank row is on the level that the edition uses (`levels`: field → by procedure)."""
        field, procedure = key
        if not answered:
            return True
        if undivided != (field == self.catalogue.undivided):
            return False
        return levels.get(field, procedure is not None) == (procedure is not None)

    def _supersede(self, touched: list[UnitMonth]) -> None:
        """Supersede the editions in force by approved corrections, and lock their submissions again."""
        if self.acting.becomes != APPROVED:
            return
        corrected = [target.submission.pk for target in touched if target.edition is not None]
        for start in range(0, len(corrected), _DELETED_AT_ONCE):
            ids = corrected[start : start + _DELETED_AT_ONCE]
            in_force = Edition.objects.filter(submission__in=ids, state=State.APPROVED)
            in_force.update(state=State.SUPERSEDED)
            Submission.objects.filter(pk__in=ids, open_until__isnull=False).update(open_until=None)

    def _editions(self, rows: list[tuple[UnitMonth, dict[RowKey, tuple[MeasureValues, str]]]]) -> None:
        new, existing = [], []
        for target, content in rows:
            edition = target.edition
            if edition is None:
                edition = Edition(submission=target.submission, number=1)
                new.append(target)
            else:
                existing.append(target)
            self._stamp(target, edition)
            self._set_sums(edition, target, content)
            target.edition = edition
        storage.insert_editions([target.edition for target in new])
        if existing:
            names = [
                "state", "revision", "saved_at", "saved_by", "sent_at", "sent_by", "sender", "decided_at",
                "decided_by", "return_reason", "marked_cells", *_SUM_COLUMNS,
            ]  # fmt: skip
            Edition.objects.bulk_update((target.edition for target in existing), names, batch_size=_BATCH)

    def _stamp(self, target: UnitMonth, edition: Edition) -> None:
        """Set state, people and times. A month is entered, sent and approved by its file at the same moment."""
        acting = self.acting
        at = acting.when(target.first.unit, Month.from_number(target.first.month))
        if target.changed:
            edition.revision += 1
            edition.saved_at, edition.saved_by = at, acting.writer_name
        if acting.becomes == DRAFT:
            edition.state = State.RETURNED if edition.state == State.RETURNED else State.DRAFT
            return
        edition.state = State.SENT
        edition.sent_at, edition.sent_by, edition.sender = at, acting.writer_name, acting.writer
        edition.return_reason, edition.marked_cells = "", []
        if acting.becomes == APPROVED:
            edition.state = State.APPROVED
            edition.decided_at, edition.decided_by = at, acting.approver_name

    def _set_sums(
        self, edition: Edition, target: UnitMonth, content: dict[RowKey, tuple[MeasureValues, str]]
    ) -> None:
        """Set the edition's sums from its rows."""
        served_in = self._served(target)
        columns = list(zip(*(values for values, _ in content.values()), strict=True))
        for name, column in zip(MEASURES, columns, strict=True):
            reported = [value for value in column if value is not None]
            setattr(edition, name, sum(reported) if reported else None)
        blanks = [served_in(key).blanks(values) for key, (values, _) in content.items()]
        for whole, column in zip(WHOLES, zip(*blanks, strict=True), strict=True):
            setattr(edition, f"blank_{whole}", sum(column))

    def _served(self, target: UnitMonth) -> Callable:
        month = Month.from_number(target.first.month)
        expected = self.catalogue.expected(target.first.unit, month)
        return lambda key: served_rules(served_in_row(expected, self.catalogue, key))

    def _counts(self, rows: list[tuple[UnitMonth, dict[RowKey, tuple[MeasureValues, str]]]]) -> None:
        """Delete rows that differ or are gone, insert the new ones."""
        gone: list[int] = []
        made: list[tuple] = []
        for target, content in rows:
            served_in = self._served(target)
            for key, stored in target.stored.items():
                if content.get(key) != (stored.values, stored.reason):
                    gone.append(stored.pk)
            for key, (values, reason) in content.items():
                stored = target.stored.get(key)
                if stored is None or (stored.values, stored.reason) != (values, reason):
                    blanks = served_in(key).blanks(values)
                    made.append((target.edition.pk, *key, values != NO_VALUES, reason, *values, *blanks))
        for start in range(0, len(gone), _DELETED_AT_ONCE):
            DossierCount.objects.filter(pk__in=gone[start : start + _DELETED_AT_ONCE]).delete()
        storage.insert_counts(made)

    def _writers(self, touched: list[UnitMonth]) -> None:
        if self.acting.writer is None:
            return
        through = Edition.writers.through
        through.objects.bulk_create(
            (
                through(edition_id=target.edition.pk, user_id=self.acting.writer.pk)
                for target in touched
                if target.changed
            ),
            ignore_conflicts=True,
            batch_size=_BATCH * 5,
        )

    def _sums(self, touched: list[UnitMonth], was_sent: bool) -> None:
        if self.acting.becomes == DRAFT and not was_sent:
            return
        units = {target.first.unit.pk: target.first.unit for target in touched}
        stages = tuple(Stage.values) if self.acting.becomes == APPROVED else (Stage.SUBMITTED,)
        group_sums.refresh_group_sums(units.values(), {target.first.month for target in touched}, stages)


def count_lines(targets: Iterable[UnitMonth]) -> tuple[int, int]:
    """Rows written and unchanged."""
    written = unchanged = 0
    for target in targets:
        written += len(target.changed)
        unchanged += len(target.lines) - len(target.changed)
    return written, unchanged
