"""What must be true after every fault, read past the product: nothing acknowledged is lost, no half month, the log's
chain and every sum are right.
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
    """Compares what writers were told with what is stored, as often as asked; `lost` and `broken` add up."""

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
        """While the clerks go on: every saving acknowledged so far is in the log once, every month is whole."""
        told = [(clerk, len(clerk.saved), clerk.sent) for clerk in self.clerks]
        with self.here.reading() as found:
            self._follow(found)
            months = [self._month(found, clerk) for clerk in self.clerks]
            sent = [found.rows(SENT, clerk.subject)[0][0] for clerk in self.clerks]
        for (clerk, saved, sendings), (numbers, revision), logged in zip(told, months, sent, strict=True):
            for number, _ in clerk.saved[:saved]:
                if self._stored[clerk.subject, number] != 1:
                    self._lost.add((clerk.subject, number))
            if logged < sendings:
                self._sent_lost += sendings - logged
                self.broken.append(f"{clerk.name}: {sendings} sendings acknowledged, {logged} stored")
            if saved:
                self._month_is_whole(clerk, saved, numbers, revision)
        # Half a minute of waiting for a lock is no loss, but twice in the log is a fault of its own.
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

    def _follow(self, found: Snapshot) -> None:
        """Read on in the log from where the last look ended."""
        for sequence, subject, detail in found.rows(SAVES, self._read):
            self._read = sequence
            cells = (detail if isinstance(detail, dict) else json.loads(detail))["cells"]
            numbers = {new["received_direct"][1] for new in cells.values() if "received_direct" in new}
            self._stored.update((subject, number) for number in numbers)

    def _month(self, found: Snapshot, clerk: Writer) -> tuple[set[int | None], int]:
        """The numbers that the newest edition of a clerk's month holds, and its revision."""
        ((edition, revision),) = found.rows(NEWEST, clerk.month.submission)
        cells = found.rows(CELLS, edition)
        return {number for row in cells for number in row}, revision

    def whole(self) -> None:
        """At rest: what `at_once` looks at, and the database, the log, the sums and the figures."""
        self.at_once()
        self.broken += everything(self.here)


class Tally:
    """What looks found, added up for a row."""

    def __init__(self) -> None:
        self.acts, self.acknowledged, self.lost, self.broken = 0, 0, 0, []

    def add(self, look: Look) -> None:
        """What a look found in the end, and what its clerks met."""
        self.acts += sum(clerk.answers.total() - clerk.answers[0] for clerk in look.clerks)
        self.acknowledged += sum(len(clerk.saved) + clerk.sent for clerk in look.clerks)
        self.lost += look.lost
        self.broken += [*look.broken, *(told for clerk in look.clerks for told in clerk.broken)]

    def must(self, right: bool, words: str) -> None:
        """Something else that is to be as it should."""
        if not right:
            self.broken.append(words)

    def row(self, name: str, database: str, seconds: float, faults: int, measured: dict) -> Row:
        broken = tuple(self.broken[:20])
        return Row(name, database, seconds, self.acts, self.acknowledged, self.lost, faults, broken, measured)


def everything(here: World) -> list[str]:
    """What is wrong with a database at rest."""
    broken = []
    if not here.server:
        with here.reading() as found:
            told = found.rows("PRAGMA integrity_check")
            broken += [f"integrity_check: {told[:3]}"] if told != [("ok",)] else []
    for command in (("verify_log",), ("recount", "--check")):
        done = here.manage(*command)
        if done.returncode:
            broken.append(f"{command[0]}: {(done.stdout + done.stderr)[-500:]}")
    return broken + [told for month in (202206, 202207) for told in _figures(here, month)]


def _figures(here: World, month: int) -> list[str]:
    """The product's figures of a month beside those counted here, row by row."""
    period = f"{month // 100}-M{month % 100:02}"
    asked = ("--unit", "351", "--period", period, "--include", "submitted", "--format", "json")
    theirs = json.loads(here.must("summary", *asked))["total"]["counts"]
    ours = _counted(here, month)
    return [
        f"{period} {name}: the product says {theirs[name]}, counted {ours[name]}"
        for name in MEASURES
        if theirs[name] != ours[name]
    ]


def _counted(here: World, month: int) -> dict[str, int]:
    """The sums of a month below the district, of the sent edition of each report, else of the approved one."""
    with here.reading() as found:
        units = {pk: (parent, code, kind) for pk, parent, code, kind in found.rows(UNITS)}
        rows = found.rows(COUNTS.format(", ".join(f"c.{name}" for name in MEASURES)), month)
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
