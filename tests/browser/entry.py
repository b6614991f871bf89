"""Helpers for tests of the entry sheet: a commune with a month to enter, sign-in, cells of the grid."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from figures.periods import Month
from records.models import Field, FieldScope
from records.submissions import actions
from tests.records.conftest import AT, SINCE, balanced, entered, unit
from units.models import Membership, Role, Tier
from units.tree import roster


@pytest.fixture
def office(live_server) -> SimpleNamespace:
    """A commune with June approved and July open, its clerk and reviewer, and the server's address."""
    # The flush between transactional tests also deletes the rows that migrations wrote.
    Field.objects.get_or_create(code=Field.UNDIVIDED, defaults={"name": "Không chia theo lĩnh vực"})
    fields = []
    for code, name, channels in [
        ("chung-thuc", "Chứng thực", "direct online_partial online_full"),
        ("ho-tich", "Hộ tịch", ""),
    ]:
        fields.append(Field.objects.create(code=code, name=name, order=len(fields)))
        FieldScope.objects.create(field=fields[-1], tier=Tier.COMMUNE, channels=channels, valid_from=SINCE)
    district = unit("351", Tier.DISTRICT, name="huyện Thanh Liêm")
    commune = unit("13474", Tier.COMMUNE, district, name="thị trấn Tân Thanh", active_from=date(2022, 5, 20))
    roster.rebuild()
    clerk = User.objects.create(username="xa-13474", full_name="Công chức một cửa")
    reviewer = User.objects.create(username="tonghop", full_name="Công chức tổng hợp")
    Membership.objects.create(user=clerk, unit=commune, role=Role.CLERK, valid_from=SINCE)
    Membership.objects.create(user=reviewer, unit=district, role=Role.REVIEWER, valid_from=SINCE)
    left = {**balanced(20), "resolved_on_time": 15, "pending_in_time": 5}
    entered(commune, Month(2022, 6), {(fields[1].pk, None): left}, by=clerk)
    july = actions.open_submission(commune, Month(2022, 7), by=clerk, at=AT)
    return SimpleNamespace(url=live_server.url, clerk=clerk, reviewer=reviewer, july=july)


def sign_in(page: Page, user: User, url: str) -> None:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    page.context.clear_cookies()
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def open_sheet(page: Page, office: SimpleNamespace) -> Page:
    """The clerk's July sheet, once its script runs."""
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    expect(page.locator("#xem-tiep")).to_be_visible()
    return page


def box(page: Page, name: str) -> Locator:
    return page.locator(f'input[name="{name}"]')


def saved(page: Page) -> Locator:
    """The status line that says whether the input is saved; "Đang lưu…" from the first key on."""
    return page.locator("#trang-thai")


def fits(page: Page) -> bool:
    """Whether the page has no horizontal scroll bar."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
