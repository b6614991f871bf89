"""The country has stored sums for approved reports only."""

from types import SimpleNamespace

import pytest
from django.db.models import F

from figures.periods import Month, Period
from records.approval import actions
from records.models import GroupSum, Stage
from records.stored_sums import group_sums, recount
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import AT, balanced, entered, unit
from units.models import Tier
from units.tree import roster

JUNE = Month(2022, 6)


@pytest.fixture
def nation(fields) -> SimpleNamespace:
    """Two provinces with a commune each: one month approved, the other sent."""
    namespace = SimpleNamespace(top=unit("vn", Tier.COUNTRY))
    for name, upto, number in (("approved", "approved", 10), ("sent", "sent", 5)):
        province = unit(f"tinh-{name}", Tier.PROVINCE, namespace.top)
        commune = unit(f"xa-{name}", Tier.COMMUNE, province)
        roster.rebuild()
        setattr(
            namespace, name, entered(commune, JUNE, {(fields.ho_tich.pk, None): balanced(number)}, upto=upto)
        )
    return namespace


def stored_stages(nation) -> set[str]:
    return set(GroupSum.objects.filter(group=nation.top).values_list("stage", flat=True))


def received(nation, include: str) -> int:
    return summary(FiguresQuery(nation.top, Period.of(JUNE, JUNE), include=include)).total.counts[
        "received_direct"
    ]


def test_it_keeps_what_is_approved_and_adds_up_what_is_sent(nation):
    assert stored_stages(nation) == {Stage.APPROVED} and list(recount.sum_differences()) == []
    assert (received(nation, Stage.APPROVED), received(nation, Stage.SUBMITTED)) == (10, 15)
    actions.approve_edition(nation.sent, by=None, at=AT)
    assert received(nation, Stage.APPROVED) == 15 and list(recount.sum_differences()) == []


def test_it_answers_from_one_sum_a_month(nation):
    """Not from the sums of each province."""
    GroupSum.objects.filter(group=nation.top, field=None).update(received_direct=F("received_direct") + 1)
    assert received(nation, Stage.APPROVED) == 11
    assert len(list(recount.sum_differences())) == 1
    assert recount.recount_sums() == 1 and received(nation, Stage.APPROVED) == 10


def test_only_who_approves_waits_for_it(nation, fields, monkeypatch):
    locked: list[set[str]] = []
    lock = group_sums.lock_groups
    monkeypatch.setattr(group_sums, "lock_groups", lambda *arguments: _record_tiers(lock(*arguments), locked))
    commune = unit("xa-moi", Tier.COMMUNE, nation.sent.submission.unit.parent)
    roster.rebuild()
    draft = entered(commune, JUNE, {(fields.ho_tich.pk, None): balanced(1)}, upto="sent")
    assert [Tier.COUNTRY in tiers for tiers in locked] == [False]
    actions.approve_edition(draft, by=None, at=AT)
    assert [Tier.COUNTRY in tiers for tiers in locked] == [False, True]


def _record_tiers(groups: list[group_sums.SumGroup], locked: list[set[str]]) -> list[group_sums.SumGroup]:
    locked.append({group.tier for group in groups})
    return groups


def test_superfluous_sums_are_reported_and_removed(nation):
    GroupSum.objects.filter(group=nation.top).update(stage=Stage.SUBMITTED)
    assert {sign for _, sign in recount.sum_differences()} == {"thừa", "thiếu"}
    recount.recount_sums()
    assert stored_stages(nation) == {Stage.APPROVED} and list(recount.sum_differences()) == []
