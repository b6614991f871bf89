"""Checks after every fault, with SQL instead of the product: nothing acknowledged is lost, no month is half written,
the log's chain and all sums are right.
"""

import json
from collections import Counter

from .rows import Row
from .world import Snapshot, World
from .writers import SAME, Writer

SAVES = """SELECT sequence, subject, detail FROM ledger_entry WHERE action = 'submission.save' AND sequence > ?
ORDER BY sequence"""
NEWEST = """SELECT e.id, e.revision FROM records_edition e WHERE e.submission_id = ? ORDER BY e.number DESC LIMIT 1"""
CELLS = """SELECT received_direct, returned_direct, resolved_on_time FROM records_dossiercount WHERE edition_id = ?"""
SENT = "SELECT count(*) FROM ledger_entry WHERE action = 'submission.send' AND subject = ?"
UNITS = "SELECT id, parent_id, code, kind FROM units_unit"
COUNTS = """SELECT s.unit_id, e.submission_id, e.state, e.id, {} FROM records_dossiercount c
JOIN records_edition e ON e.id = c.edition_id JOIN records_submission s ON s.id = e.submission_id
WHERE s.month = ? AND e.state IN ('sent', 'approved')"""
MEASURES = (
    *SAME,
    "received_online_full",
    "returned_online",
    "resolved_early",
    "resolved_late",
    "pending_in_time",
)


class Look:
    """Compares acknowledged saves with stored ones; `lost` and `broken` accumulate over calls."""

    def __init__(self, here: World, clerks: list[Writer]) -> None:
        self.here, self.clerks = here, clerks
        self.broken: list[str] = []
        self._read, self._stored = 0, Counter()
        self._sent_lost = 0
        self._lost: set[tuple[str, int]] = set()

    @property
    def lost(self) -> int:
        return len(self._lost) + self._sent_lost

    def at_once(self) -> None:
        """While clerks save: every acknowledged save is in the log exactly once, every month is complete."""
        acknowledged = [(clerk, len(clerk.saved), clerk.sent) for clerk in self.clerks]
        with self.here.reading() as snapshot:
            self._follow(snapshot)
            months = [self._month(snapshot, clerk) for clerk in self.clerks]
            sent = [snapshot.rows(SENT, clerk.subject)[0][0] for clerk in self.clerks]
        for (clerk, saved, sendings), (numbers, revision), logged in zip(
            acknowledged, months, sent, strict=True
        ):
            for number, _ in clerk.saved[:saved]:
                if self._stored[clerk.subject, number] != 1:
                    self._lost.add((clerk.subject, number))
            if logged < sendings:
                self._sent_lost += sendings - logged
                self.broken.append(f"{clerk.name}: {sendings} sendings acknowledged, {logged} stored")
            if saved:
                self._month_is_whole(clerk, saved, numbers, revision)
        # Waiting for a lock is no loss, but a save logged twice is a fault.
        twice = [place for place, times in self._stored.items() if times > 1]
        if twice:
            self.broken.append(f"carried out twice: {twice[:3]}")

    def _month_is_whole(self, clerk: Writer, saved: int, numbers: set[int | None], revision: int) -> None:
        last, least = clerk.saved[saved - 1]
        if len(numbers) != 1 or None in numbers:
            self.broken.append(f"{clerk.name}: half a month, {sorted(map(str, numbers))}")
        elif not (last <= min(numbers) <= clerk.trying and revision >= least):
            self.broken.append(
                f"{clerk.name}: holds {numbers} of revision {revision}, acknowledged {last} of {least}"
            )

    def _follow(self, snapshot: Snapshot) -> None:
        """Read the log entries since the last call."""
        for sequence, subject, detail in snapshot.rows(SAVES, self._read):
            self._read = sequence
            cells = (detail if isinstance(detail, dict) else json.loads(detail))["cells"]
            numbers = {new["received_direct"][1] for new in cells.values() if "received_direct" in new}
            self._stored.update((subject, number) for number in numbers)

    def _month(self, snapshot: Snapshot, clerk: Writer) -> tuple[set[int | None], int]:
        """The numbers in the newest edition of a clerk's month, and its revision."""
        ((edition, revision),) = snapshot.rows(NEWEST, clerk.month.submission)
        cells = snapshot.rows(CELLS, edition)
        return {number for row in cells for number in row}, revision

    def whole(self) -> None:
        """At rest: `at_once`, plus the database, the log, the sums and the figures."""
        self.at_once()
        self.broken += faults_at_rest(self.here)


class Tally:
    """Adds up the results of looks for a row."""

    def __init__(self) -> None:
        self.acts, self.acknowledged, self.lost, self.broken = 0, 0, 0, []

    def add(self, look: Look) -> None:
        """Add a look's results and its clerks' counts."""
        self.acts += sum(clerk.answers.total() - clerk.answers[0] for clerk in look.clerks)
        self.acknowledged += sum(len(clerk.saved) + clerk.sent for clerk in look.clerks)
        self.lost += look.lost
        self.broken += [*look.broken, *(fault for clerk in look.clerks for fault in clerk.broken)]

    def must(self, right: bool, words: str) -> None:
        """Report `words` unless `right`."""
        if not right:
            self.broken.append(words)

    def row(self, name: str, database: str, seconds: float, faults: int, measured: dict) -> Row:
        broken = tuple(self.broken[:20])
        return Row(name, database, seconds, self.acts, self.acknowledged, self.lost, faults, broken, measured)


def faults_at_rest(here: World) -> list[str]:
    """Faults of a database at rest."""
    broken = []
    if not here.server:
        with here.reading() as snapshot:
            result = snapshot.rows("PRAGMA integrity_check")
            broken += [f"integrity_check: {result[:3]}"] if result != [("ok",)] else []
    for command in (("verify_log",), ("recount", "--check")):
        process = here.manage(*command)
        if process.returncode:
            broken.append(f"{command[0]}: {(process.stdout + process.stderr)[-500:]}")
    return broken + [result for month in (202206, 202207) for result in _figures(here, month)]


def _figures(here: World, month: int) -> list[str]:
    """Differences between the product's figures of a month and sums computed here."""
    period = f"{month // 100}-M{month % 100:02}"
    options = ("--unit", "351", "--period", period, "--include", "submitted", "--format", "json")
    product = json.loads(here.must("summary", *options))["total"]["counts"]
    counted = _count(here, month)
    return [
        f"{period} {name}: the product says {product[name]}, counted {counted[name]}"
        for name in MEASURES
        if product[name] != counted[name]
    ]


def _count(here: World, month: int) -> dict[str, int]:
    """A month's sums below the district, of each report's sent edition, else of the approved one."""
    with here.reading() as snapshot:
        units = {pk: (parent, code, kind) for pk, parent, code, kind in snapshot.rows(UNITS)}
        rows = snapshot.rows(COUNTS.format(", ".join(f"c.{name}" for name in MEASURES)), month)
    sent = {submission for _, submission, state, *_ in rows if state == "sent"}
    total = dict.fromkeys(MEASURES, 0)
    for unit, submission, state, _, *values in rows:
        if (state == "sent") != (submission in sent) or not _below(units, unit, "351"):
            continue
        if units[unit][2] != "external":
            for name, value in zip(MEASURES, values, strict=True):
                total[name] += value or 0
    return total


def _below(units: dict, unit: int | None, code: str) -> bool:
    while unit is not None:
        parent, own, _ = units[unit]
        if own == code:
            return True
        unit = parent
    return False
