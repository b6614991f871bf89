"""Whether the unit-months of a file may be stored: errors refuse the file, warnings do not."""

from collections.abc import Iterable

from accounts.models import User
from figures import count_rules, rule_catalogue
from figures.measures import MEASURES
from figures.outliers import find_outlier
from figures.periods import Month
from figures.rule_catalogue import RULES
from records.catalogue import Catalogue, RowKey, UnitFields, served_in_row
from records.models import Edition, State
from records.submissions.checks import explain_switched_off
from spreadsheets.cells import FileFaults

from .reader import NO_VALUES, PLACE_OF_MEASURE, CountLine, MeasureValues, is_outlier, served_rules
from .unit_months import FileHistory, UnitMonth

DRAFT, SENT, APPROVED = "draft", "sent", "approved"


class Validator:
    """Checks unit-months against locks, levels, the catalogue, the balance and their history."""

    def __init__(self, catalogue: Catalogue, becomes: str, approver: User | None = None) -> None:
        self.catalogue = catalogue
        self.becomes = becomes
        self.approver = approver
        self.errors = FileFaults()
        self.warnings = FileFaults()

    def validate(self, targets: list[UnitMonth]) -> None:
        """Fill `errors` and `warnings`. `targets` in the order of their months."""
        for target in targets:
            if target.locked:
                self._locked(target)
            else:
                self._rows(target)
                self._levels(target)
        unlocked = [target for target in targets if not target.locked]
        self._own_entries(unlocked)
        self._compare_history(unlocked)

    def _own_entries(self, targets: list[UnitMonth]) -> None:
        """Nobody approves an edition that they entered or sent, not even through a file (acceptance S4)."""
        if self.becomes != APPROVED or self.approver is None:
            return
        written = Edition.writers.through.objects.filter(user_id=self.approver.pk)
        own = set(written.values_list("edition_id", flat=True))
        for target in targets:
            edition = target.edition
            if edition is None:
                continue
            sent = edition.state == State.SENT and edition.sender_id == self.approver.pk
            if edition.pk in own or sent:
                did = "nhập số liệu của" if edition.pk in own else "gửi"
                message = f"{self.approver} đã {did} báo cáo này nên không được duyệt."
                self.errors.append(target.first.row.fault("", "own_entries", message))

    def _locked(self, target: UnitMonth) -> None:
        for line in target.changed:
            month = Month.from_number(line.month)
            message = (
                f"Báo cáo {month.label} của {line.unit.name} đã duyệt nên đã khóa, mà số trong tệp khác."
            )
            self.errors.append(line.row.fault("", "locked", message))
        for line in target.lines:
            stored = target.stored.get(line.key)
            if line.reason and (stored is None or line.reason != stored.reason):
                message = "Báo cáo đã duyệt nên đã khóa: lý do trong tệp không được ghi."
                self.warnings.append(line.row.fault("reason", "reason_ignored", message))

    def _rows(self, target: UnitMonth) -> None:
        """Cells and balances of the file's lines, and of stored rows when the edition leaves the draft."""
        expected = self.catalogue.expected(target.first.unit, Month.from_number(target.first.month))
        for line in target.lines:
            names = served_in_row(expected, self.catalogue, line.key)
            if not names:
                self._not_reported(line)
            elif not served_rules(names).clean(line.values):
                violations = [
                    explain_switched_off(violation, expected.off)
                    for violation in count_rules.check_row(_named_measures(line.values), names)
                ]
                # The balance cannot be checked while a cell of the row cannot be read.
                self._faults(line.row, (fault for fault in violations if fault.measure or not line.unread))
        if self.becomes != DRAFT and target.edition is not None and target.edition.state != State.SENT:
            self._stored(target, expected)

    def _not_reported(self, line: CountLine) -> None:
        field = self.catalogue.fields[line.field]
        message = f"{line.unit.name} không báo cáo lĩnh vực “{field.name}” trong tháng này theo danh mục."
        self.errors.append(line.row.fault("field", "not_served", message))

    def _stored(self, target: UnitMonth, expected: UnitFields) -> None:
        in_file = {line.key for line in target.lines}
        for key, stored in target.stored.items():
            names = served_in_row(expected, self.catalogue, key)
            if key not in in_file and names and not served_rules(names).clean(stored.values):
                field = self.catalogue.fields[key[0]].name
                for fault in count_rules.check_row(_named_measures(stored.values), names):
                    fault = explain_switched_off(fault, expected.off)
                    message = f"{field} (đã lưu, không có trong tệp): {fault.message}"
                    self._add(target.first, fault, message)

    def _faults(self, row, faults: Iterable[rule_catalogue.RuleViolation]) -> None:
        for fault in faults:
            file_fault = row.fault(fault.measure or "", fault.code, fault.message)
            # A draft may be unfinished, but not hold values that are always wrong.
            lenient = self.becomes == DRAFT and RULES[fault.code].draft
            (self.warnings if lenient or fault.severity == "warning" else self.errors).append(file_fault)

    def _add(self, line: CountLine, fault: rule_catalogue.RuleViolation, message: str | None = None) -> None:
        lenient = fault.severity == "warning"
        file_fault = line.row.fault(fault.measure or "", fault.code, message or fault.message)
        (self.warnings if lenient else self.errors).append(file_fault)

    def _levels(self, target: UnitMonth) -> None:
        rows = target.result()
        unread = {line.key for line in target.lines if line.unread}
        answered = [key for key, values in rows.items() if values != NO_VALUES or key in unread]
        fault = count_rules.check_mixed_level(
            (self.catalogue.fields[field].code, self._procedure(procedure)) for field, procedure in answered
        )
        if fault:
            self._add(target.first, fault)
        if not answered and self.becomes != DRAFT:
            nothing = count_rules.check_nothing_reported([{}])
            if nothing:
                self._add(target.first, nothing)

    def _procedure(self, number: int | None) -> str | None:
        return None if number is None else self.catalogue.procedures[number].code

    def _compare_history(self, targets: list[UnitMonth]) -> None:
        """Warn of breaks with the month before and of outliers."""
        history = FileHistory(targets)
        for target in targets:
            for line in target.changed:
                if line.unread:
                    continue
                fault = count_rules.check_continuity(
                    line.values[PLACE_OF_MEASURE["opening"]], history.closing(line)
                )
                if fault:
                    self._add(line, fault)
                for name, value, earlier in history.watched(line):
                    if is_outlier(value, earlier) and (odd := find_outlier(value, earlier)):
                        self._add(line, odd.fault(name))
        self._reports([target for target in targets if target.changed and target.read], history)

    def _reports(self, targets: list[UnitMonth], history: FileHistory) -> None:
        """Warn of months of zeros only, and of months that repeat the one before."""
        repeated = history.repeated(targets)
        for target in targets:
            rows, last = target.result(), repeated.get(target.key)
            # Skip building dicts of whole rows where the check cannot fire.
            if last is None and any(map(any, rows.values())):
                continue
            fault = count_rules.check_odd_report(_any_reported(rows), _any_reported(last or {}))
            if fault:
                self._add(target.first, fault)


def _any_reported(rows: dict[RowKey, MeasureValues]) -> dict[RowKey, dict[str, int | None]]:
    return {key: _named_measures(values) for key, values in rows.items()}


def _named_measures(values: MeasureValues) -> dict[str, int | None]:
    return dict(zip(MEASURES, values, strict=True))
