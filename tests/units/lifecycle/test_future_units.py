"""The administrator of a replaced unit manages its successor before its first day: sees, prepares and undoes it."""

from datetime import date

import pytest

from core.web import Right
from tests.units.conftest import person
from units.access.queries import is_allowed, known_units, managed_condition, managed_people
from units.models import Membership, Unit

from .test_views import signed_in, text_of

DAY, ON = date(2025, 6, 20), date(2025, 7, 1)


@pytest.fixture
def cast(tree, settings):
    """June; the province's administrator has recorded another province as its successor from July."""
    settings.DEMO, settings.DEMO_TODAY = True, DAY
    tree.user = person("tinh", ("administrator", tree.province))
    tree.clerk = person("xa-13474", ("clerk", tree.tan_thanh))
    tree.leader = person("lanhdao", ("leader", tree.province))
    tree.admin = signed_in(tree.user)
    form = {"olds": [tree.province.pk], "codes": "", "on": "1/7/2025", "basis": "NQ 202", "code": "37"}
    form |= {"name": "tỉnh Ninh Bình", "tier": "province", "parent": "", "sure": "1"}
    tree.answer = tree.admin.post(f"/units/{tree.province.pk}/succeed/", form, follow=True)
    tree.new = Unit.objects.get(code="37")
    return tree


def test_the_page_of_the_new_unit_is_shown_and_undoes_it(cast):
    assert cast.answer.status_code == 200 and "Hoàn tác" in text_of(cast.answer)
    page = text_of(cast.admin.get("/units/?q=ninh+binh&state=all"))
    assert f'href="/units/{cast.new.pk}/"' in page
    answer = cast.admin.post(f"/units/{cast.new.pk}/undo-merger/")
    assert answer.status_code == 302 and not Unit.objects.filter(code="37").exists()
    assert Unit.objects.get(pk=cast.province.pk).active_until is None


def test_it_is_prepared_before_its_first_day(cast):
    below = Unit.objects.get(code="13474", active_from=ON)
    form = {"role": "viewer", "unit": f"13474@{ON}", "valid_from": "1/7/2025", "valid_until": ""}
    answer = cast.admin.post(f"/units/people/{cast.clerk.pk}/grant/", form)
    assert answer.status_code == 302
    assert Membership.objects.filter(user=cast.clerk, unit=below, role="viewer").exists()


def test_the_people_stay_in_hand(cast):
    assert cast.clerk in managed_people(cast.user, DAY)
    assert "xa-13474" in text_of(cast.admin.get("/units/people/"))


def test_its_figures_and_those_of_others_wait_for_the_day(cast):
    assert cast.admin.get("/?unit=37&basis=today").status_code == 404
    assert not is_allowed(cast.user, Right.READ, cast.new, DAY)
    assert is_allowed(cast.user, Right.READ, cast.new, ON)
    # A leader's role of July shows no page of the unit in June.
    assert signed_in(cast.leader).get(f"/units/{cast.new.pk}/").status_code == 404
    assert cast.new not in known_units(cast.leader, DAY)


def test_a_role_that_begins_later_in_a_unit_that_is_there_gives_nothing(tree):
    user = person("mai-moi")
    Membership.objects.create(user=user, unit=tree.province, role="administrator", valid_from=ON)
    assert not is_allowed(user, Right.MANAGE, tree.province, DAY)
    assert not Unit.objects.filter(managed_condition(user, DAY)).exists()
