"""Provinces in the work list, shown and filtered for readers of several; closed units are marked."""

import json
from datetime import date
from types import SimpleNamespace

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from figures.periods import Month
from records.approval import actions
from records.models import Reminder
from tests.records.conftest import AT, JULY, SINCE, balanced, entered, unit
from tests.support.page_text import squeezed
from units.models import Membership, Role, Succession, Tier, Unit, UnitKind
from units.succession import positions
from units.tree import roster

pytestmark = pytest.mark.django_db
PAGE = "/records/"
OPENED = date(2022, 7, 1)


def client(username: str, *roles: tuple[str, Unit]) -> Client:
    user, _ = User.objects.get_or_create(username=username)
    for role, where in roles:
        Membership.objects.create(user=user, unit=where, role=role, valid_from=SINCE)
    signed_in = Client()
    signed_in.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return signed_in


@pytest.fixture
def country(fields) -> SimpleNamespace:
    """Two provinces with a commune of the same name each; the southern one has sent July."""
    top = unit("vn", Tier.COUNTRY, name="cả nước")
    north = unit("35", Tier.PROVINCE, top, name="tỉnh Hà Nam")
    south = unit("37", Tier.PROVINCE, top, name="tỉnh Ninh Bình")
    namespace = SimpleNamespace(top=top, north=north, south=south)
    namespace.northern = unit("13441", Tier.COMMUNE, north, name="xã Thanh Sơn")
    namespace.southern = unit("14700", Tier.COMMUNE, south, name="xã Thanh Sơn")
    namespace.office = unit("so", Tier.PROVINCE, north, UnitKind.OFFICE, name="Sở Nội vụ")
    roster.rebuild()
    namespace.sent = entered(
        namespace.southern, JULY, {(fields.ho_tich.pk, None): balanced(3)}, upto="sent"
    ).submission
    namespace.reviewer = client("vu", (Role.REVIEWER, top))
    return namespace


def text(answer) -> str:
    return squeezed(answer.content.decode())


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEADER])
def test_the_province_is_shown_to_readers_of_several(country, role):
    page = text(client("xem", (role, country.top)).get(PAGE))
    for name in ("tỉnh Hà Nam", "tỉnh Ninh Bình"):
        assert (
            f'<option value="{getattr(country, "north" if "Hà" in name else "south").pk}">{name}</option>'
            in page
        )
        assert f'Xã Thanh Sơn<span class="note">{name}</span>' in page
    assert 'Sở Nội vụ<span class="note">tỉnh Hà Nam</span>' in page


def test_within_one_province_nothing_is_added(country):
    page = text(client("tinh", (Role.REVIEWER, country.north)).get(PAGE))
    assert "Xã Thanh Sơn" in page and ">tỉnh Hà Nam</span>" not in page and "<select" not in page


def test_waiting_missing_and_returned_months_show_it_too(country):
    page = text(country.reviewer.get(PAGE))
    assert 'Xã Thanh Sơn</a><span class="note">tỉnh Ninh Bình</span>' in page, "waits"
    assert '<b>Xã Thanh Sơn<span class="note">tỉnh Hà Nam</span></b>' in page, "missing"
    actions.return_edition(country.sent.editions.get(), reason="Xem lại", by=None, at=AT)
    page = text(country.reviewer.get(PAGE))
    assert page.count('<b>Xã Thanh Sơn<span class="note">tỉnh Ninh Bình</span></b>') == 2, (
        "missing and returned"
    )


def test_one_province_is_chosen_for_the_whole_page_and_its_files(country):
    here = country.reviewer.get(PAGE, {"tinh": country.south.pk})
    page = text(here)
    assert "tỉnh Ninh Bình · hôm nay" in page and "1 báo cáo chờ duyệt" in page
    assert f'<option value="{country.south.pk}" selected>' in page and "Sở Nội vụ" not in page
    assert [unit.pk for unit, _ in here.context["matrix"].lines] == [country.southern.pk]
    there = country.reviewer.get(PAGE, {"tinh": country.north.pk})
    assert "Không có báo cáo nào chờ duyệt, 2 đơn vị chưa gửi" in text(there)
    for table, rows in (("tinh-hinh", 1), ("cho-duyet", 1), ("con-thieu", 5)):
        answer = country.reviewer.get(PAGE, {"tinh": country.south.pk, "tai": "json", "bang": table})
        file = json.loads(answer.getvalue())
        assert len(file["rows"]) == rows and {row["province"] for row in file["rows"]} == {"tỉnh Ninh Bình"}


@pytest.mark.parametrize("typed", ["0", "x", "٣", "9" * 5000, "-1"])
def test_what_is_no_province_of_the_reader_narrows_nothing(country, typed):
    away = unit("99", Tier.PROVINCE, name="tỉnh khác")
    for value in (typed, str(away.pk), str(country.northern.pk)):
        page = country.reviewer.get(PAGE, {"tinh": value})
        assert page.status_code == 200 and page.context["matrix"].page.paginator.count == 3


def test_only_the_chosen_province_is_urged(country):
    Unit.objects.update(active_from=date(2022, 6, 15))
    for where in (country.northern, country.office):
        client(where.code, (Role.CLERK, where))
    third = unit("14701", Tier.COMMUNE, country.south, active_from=date(2022, 6, 15))
    roster.rebuild()
    client(third.code, (Role.CLERK, third))
    page = text(country.reviewer.get(PAGE, {"tinh": country.north.pk}))
    assert f'action="/records/urge/?tinh={country.north.pk}"' in page
    answer = country.reviewer.post(f"/records/urge/?tinh={country.north.pk}")
    assert answer.headers["Location"] == f"/records/?tinh={country.north.pk}"
    assert set(Reminder.objects.values_list("unit__code", flat=True)) == {"13441", "so"} and mail.outbox == []
    answer = country.reviewer.post(f"/records/approve/?tinh={country.north.pk}")
    assert answer.headers["Location"] == f"/records/?tinh={country.north.pk}"


@pytest.fixture
def merged(country) -> SimpleNamespace:
    """The northern commune merged on 1 July into a southern one of the same name."""
    country.new = unit("14702", Tier.COMMUNE, country.south, name="xã Thanh Sơn", active_from=OPENED)
    Unit.objects.filter(pk=country.northern.pk).update(active_until=date(2022, 6, 30))
    Succession.objects.create(old=country.northern, new=country.new, on=OPENED)
    roster.rebuild()
    positions.rebuild()
    return country


def test_a_clerk_sees_which_of_the_units_is_closed(merged):
    page = text(client("nhap", (Role.CLERK, merged.new)).get(PAGE))
    assert 'xã Thanh Sơn<span class="note">đến 30/6/2022</span>' in page
    assert "xã Thanh Sơn<br>" in page, "the open unit is not marked"


def test_closed_units_are_marked_and_listed_in_their_province(merged):
    page = merged.reviewer.get(PAGE, {"tinh": merged.south.pk})
    assert {unit.code for unit, _ in page.context["matrix"].lines} == {"13441", "14700", "14702"}
    assert 'Xã Thanh Sơn<span class="note">tỉnh Hà Nam, đến 30/6/2022</span>' in text(page)


def test_its_cost_does_not_follow_the_number_of_provinces(country):
    counts = []
    country.reviewer.get(PAGE)
    for size in (0, 3):
        for number in range(size):
            more = unit(f"p{number}", Tier.PROVINCE, country.top)
            entered(unit(f"c{number}", Tier.COMMUNE, more), Month(2022, 6), {}, upto="draft")
        roster.rebuild()
        with CaptureQueriesContext(connection) as caught:
            assert country.reviewer.get(PAGE).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1], counts
