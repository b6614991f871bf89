"""Random small countries whose units report and hand over on any day; steps that the rules refuse are skipped."""

from contextlib import suppress
from datetime import date, timedelta
from fractions import Fraction

from django.db import transaction
from hypothesis import strategies as st

from figures.periods import Month
from records import errors
from records.approval import actions as approval_actions
from tests.records.conftest import AT, entered, unlocked
from tests.units.succession import successions
from units.lifecycle import actions as lifecycle_actions
from units.lifecycle import restructuring, undo
from units.models import Succession, Unit
from units.tree.rules import TreeRefused, UnitDraft

from .handover import START, Land, row

AT_ANY = st.integers(0, 40)  # index into the existing units, modulo their number
MONTHS = range(6, 9)
STATES = ("approved", "approved", "approved", "sent", "draft", "returned", "corrected")
EDGES = (date(2022, 6, 15), date(2022, 6, 16), date(2022, 7, 14), date(2022, 7, 15))
DAYS = st.sampled_from(EDGES) | st.integers(0, 61).map(lambda number: EDGES[0] + timedelta(number))
SHARES = (
    (Fraction(1, 2),) * 2,
    (Fraction(1, 3), Fraction(2, 3)),
    (Fraction(1, 4), Fraction(1, 4), Fraction(1, 2)),
)
OPEN = st.sampled_from([None, 2, 3, 4, 5, 6, 7, 8, 9])
# Two rows of (open at the beginning, open at the end).
ROWS = st.tuples(st.tuples(OPEN, OPEN), st.tuples(OPEN, OPEN))
REPORT = st.tuples(st.just("report"), AT_ANY, st.sampled_from(MONTHS), ROWS, st.sampled_from(STATES))
TREE = st.one_of(
    st.tuples(st.just("merge"), st.lists(AT_ANY, min_size=1, max_size=3), AT_ANY, DAYS),
    st.tuples(st.just("split"), AT_ANY, AT_ANY, DAYS, st.sampled_from(SHARES)),
    st.tuples(st.just("end"), AT_ANY, DAYS),
    st.tuples(st.just("begin"), AT_ANY, DAYS, st.sampled_from([None, None, False])),
    st.tuples(st.just("link"), AT_ANY, AT_ANY),
    st.tuples(st.just("undo"), AT_ANY),
)
HISTORY = st.lists(REPORT | TREE, min_size=12, max_size=24)


class HandoverWorld(Land):
    """Two districts of two communes, an office and external bodies."""

    def __init__(self, fields) -> None:
        super().__init__(fields)
        self.fields = (fields.ho_tich, fields.chung_thuc)
        east = self.open("352", self.province, tier="district")
        for number, district in enumerate((self.west, east)):
            for at in range(2):
                self.open(f"c{number}{at}", district)
            self.open(f"e{number}", district, kind="external")
        self.open("o0", self.west, tier="", kind="office")

    def live(self, history: list[tuple]) -> None:
        for number, (act, *arguments) in enumerate(history):
            with suppress(TreeRefused, errors.ActionRefused), transaction.atomic():
                getattr(self, act)(number, *arguments)

    def some(self, at: int, **which) -> Unit:
        units = list(Unit.objects.filter(**which).order_by("pk"))
        if not units:
            raise TreeRefused([])
        return units[at % len(units)]

    def group(self, at: int) -> Unit:
        return self.some(at, active_until=None, has_children=True)

    def after(self, number: int, old: Unit, parent: Unit, on: date, at: int = 0) -> UnitDraft:
        """A successor's draft: mostly of the old unit's tier, sometimes of its parent's."""
        office, higher = old.kind == "office", parent.tier == "district" and number % 4 == 3
        tier = "" if office else parent.tier if higher else old.tier
        return UnitDraft(f"n{number}-{at}", f"Mới {number}-{at}", old.kind, tier, on, parent=parent)

    def report(self, number: int, at: int, month: int, balances: tuple, state: str) -> None:
        """A month of some neighbouring units and of the two newest."""
        for place in (*range(at, at + 3), -1, -2):
            with suppress(TreeRefused, errors.ActionRefused), transaction.atomic():
                self.sent(self.some(place, reports=True), Month(2022, month), balances, state)

    def sent(self, unit: Unit, which: Month, balances: tuple, state: str) -> None:
        if unit.submissions.filter(month=which.number).exists():
            return
        self.enter(unit, which, balances, state if state in ("sent", "draft", "approved") else "sent")
        submission = unit.submissions.get(month=which.number)
        if state == "returned":
            approval_actions.return_edition(submission.editions.get(), reason="Sửa", by=None, at=AT)
        if state == "corrected":
            approval_actions.approve_edition(submission.editions.get(), by=None, at=AT)
            unlocked(submission)
            self.enter(unit, which, balances[::-1], "sent")

    def enter(self, unit: Unit, month: Month, balances: tuple, upto: str) -> None:
        keys = (
            [(field.pk, None) for field in self.fields]
            if unit.tier == "commune"
            else [(self.undivided.pk, None)]
        )
        rows = {key: row(*balance) for key, balance in zip(keys, balances, strict=False)}
        for key, values in rows.items():
            if key[0] == self.fields[1].pk:
                values |= dict.fromkeys(("received_postal", "returned_postal"))
        entered(unit, month, rows, upto=upto, reasons=dict.fromkeys(rows, "Nhận bàn giao"))

    def merge(self, number: int, several: list[int], at: int, on: date) -> None:
        first, *others = (self.some(place, active_until=None, has_children=False) for place in several)
        # Of one kind, as the merger page requires.
        olds = list({old.pk: old for old in (first, *others) if old.kind == first.kind}.values())
        parent = self.group(at)
        restructuring.merge_units(
            olds, self.after(number, first, parent, on), on, by=None, basis="Nghị quyết 1"
        )

    def split(self, number: int, at: int, above: int, on: date, shares: tuple) -> None:
        old = self.some(at, active_until=None, has_children=False)
        drafts = [
            self.after(number, old, self.group(above + place), on, place) for place in range(len(shares))
        ]
        parts = [restructuring.SplitShare(draft, share) for draft, share in zip(drafts, shares, strict=True)]
        restructuring.split_unit(old, parts, on, by=None, basis="Nghị quyết 1")

    def end(self, number: int, at: int, on: date) -> None:
        lifecycle_actions.close_unit(self.some(at, active_until=None, has_children=False), on, by=None)

    def begin(self, number: int, at: int, on: date, declared: bool | None) -> None:
        self.open(f"n{number}", self.group(at), start=on, declared=declared)

    def link(self, number: int, at: int, new: int) -> None:
        """Record the successor after the old unit has closed and the new one opened."""
        old = self.some(at, active_until__isnull=False, has_children=False)
        if not Succession.objects.filter(old=old).exists():
            on = old.active_until + timedelta(1)
            successions.succeed([old], self.some(new, active_from=on), on, by=None)

    def undo(self, number: int, at: int) -> None:
        undo.undo_restructuring(self.some(at, active_from__gt=START), by=None)
