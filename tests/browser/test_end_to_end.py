"""A month from the clerk's first key to the dashboard, by keyboard: one clerk, one reviewer, sixteen units."""

from datetime import date
from io import StringIO
from itertools import groupby
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from accounts.models import User
from figures.formatting import format_count
from figures.periods import Month
from ledger.models import Entry
from records.models import Field, FieldScope, Submission
from records.submissions.lines import COLUMN_GROUPS
from tests.records.conftest import SINCE, balanced, entered, unit
from units.models import Membership, Role, Tier
from units.tree import roster

from .entry import box, saved, sign_in
from .keyboard import press, tab_to

JUNE, JULY = Month(2022, 6), Month(2022, 7)
FIELDS = (
    ("chung-thuc", "Chứng thực"),
    ("dat-dai", "Đất đai"),
    ("ho-tich", "Hộ tịch"),
    ("bao-tro", "Bảo trợ xã hội"),
    ("nguoi-co-cong", "Người có công"),
    ("xay-dung", "Xây dựng"),
    ("tin-nguong", "Tín ngưỡng, tôn giáo"),
    ("thi-dua", "Thi đua, khen thưởng"),
    ("dau-thau", "Đấu thầu"),
)
LEFT = 5  # dossiers pending at the end of June in each field
OTHERS = 15
COLUMNS = [measure for group in COLUMN_GROUPS for measure in group.measures]
WAY = ["open", "save", "send", "return", "save", "send", "approve"]


@pytest.fixture
def district(live_server) -> SimpleNamespace:
    """Sixteen communes: fifteen have sent July, the last one has not entered it yet."""
    Field.objects.get_or_create(code=Field.UNDIVIDED, defaults={"name": "Không chia theo lĩnh vực"})
    fields = [Field.objects.create(code=code, name=name, order=at) for at, (code, name) in enumerate(FIELDS)]
    for field in fields:
        FieldScope.objects.create(field=field, tier=Tier.COMMUNE, channels="", valid_from=SINCE)
    top = unit("351", Tier.DISTRICT, name="huyện Thanh Liêm")
    started = {"active_from": date(2022, 5, 20)}
    communes = [unit(f"134{at}", Tier.COMMUNE, top, name=f"xã Số {at}", **started) for at in range(OTHERS)]
    own = unit("13474", Tier.COMMUNE, top, name="thị trấn Tân Thanh", **started)
    roster.rebuild()
    clerk = User.objects.create(username="xa-13474", full_name="Công chức một cửa")
    reviewer = User.objects.create(username="tonghop", full_name="Công chức tổng hợp")
    Membership.objects.create(user=clerk, unit=own, role=Role.CLERK, valid_from=SINCE)
    Membership.objects.create(user=reviewer, unit=top, role=Role.REVIEWER, valid_from=SINCE)
    left = balanced(20) | {
        "resolved_on_time": 20 - LEFT,
        "returned_direct": 20 - LEFT,
        "pending_in_time": LEFT,
    }
    entered(own, JUNE, {(field.pk, None): left for field in fields}, by=clerk)
    for at, commune in enumerate(communes):
        entered(commune, JUNE, {(field.pk, None): balanced(20) for field in fields})
        entered(commune, JULY, {(field.pk, None): balanced(21 + at) for field in fields}, upto="sent")
    return SimpleNamespace(url=live_server.url, clerk=clerk, reviewer=reviewer, own=own)


def numbers(at: int) -> dict[str, int]:
    """The numbers to enter for the field at a position; the balance holds."""
    resolved = 30 + at + LEFT - 3
    return balanced(30 + at) | {
        "opening": LEFT,
        "resolved_on_time": resolved,
        "returned_direct": resolved,
        "pending_in_time": 3,
    }


def work_list(page: Page, user: User, district: SimpleNamespace) -> None:
    sign_in(page, user, district.url)
    page.goto(f"{district.url}/records/")


def on_the_dashboard(page: Page, district: SimpleNamespace) -> tuple[str, str]:
    """The district's July on the dashboard: received dossiers, reporting units."""
    sign_in(page, district.reviewer, district.url)
    page.goto(f"{district.url}/?unit=351&period={JULY}")
    row = page.get_by_role("row", name="Tổng: huyện Thanh Liêm")
    return tuple(row.locator(f'[data-l="{head}"]').inner_text().strip() for head in ("Tiếp nhận", "Báo cáo"))


def enter_the_month(page: Page) -> None:
    """Row by row, from the first cell to the last; offline in every second row."""
    tab_to(page, box(page, f"{FIELDS[0][0]}-opening"))
    for at, (code, _) in enumerate(FIELDS):
        offline = at % 2 == 0
        page.context.set_offline(offline)
        for measure in COLUMNS:
            expect(box(page, f"{code}-{measure}")).to_be_focused()
            page.keyboard.type(str(numbers(at)[measure]))
            page.keyboard.press("Tab")
        if offline:
            expect(saved(page)).to_contain_text("Mất mạng, đã giữ trên máy này")
    page.context.set_offline(False)
    expect(saved(page)).to_have_attribute("data-state", "saved")


def correct(page: Page, code: str, change: int) -> None:
    """Add `change` to the received, resolved and returned dossiers of a field."""
    values = numbers([name for name, _ in FIELDS].index(code))
    for measure in ("received_direct", "resolved_on_time", "returned_direct"):
        tab_to(page, box(page, f"{code}-{measure}"))
        page.keyboard.type(str(values[measure] + change))
        page.keyboard.press("Enter")


def send(page: Page) -> None:
    """Through the check page."""
    press(page, "button", "Kiểm tra và gửi")
    expect(page.get_by_role("heading", level=1)).to_have_text("Không có lỗi, có thể gửi")
    press(page, "button", "Gửi báo cáo")
    expect(page.get_by_text("Đã gửi. Báo cáo đang chờ duyệt.")).to_be_visible()


def return_with_a_marked_cell(page: Page) -> None:
    press(page, "link", "Thị trấn Tân Thanh")
    tab_to(page, page.locator('input[value="ho-tich-received_direct"]'))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Lý do, cần sửa gì"))
    page.keyboard.type("Đối chiếu sổ tiếp nhận hộ tịch")
    press(page, "button", "Trả lại")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_month_from_the_first_key_to_the_figures(district, page):
    assert on_the_dashboard(page, district) == ("—", "0/16")

    work_list(page, district.clerk, district)
    press(page, "button", "Nhập báo cáo tháng 7/2022")
    enter_the_month(page)
    send(page)

    work_list(page, district.reviewer, district)
    return_with_a_marked_cell(page)

    work_list(page, district.clerk, district)
    expect(page.get_by_text("Đối chiếu sổ tiếp nhận hộ tịch")).to_be_visible()
    press(page, "link", "Sửa báo cáo tháng 7/2022")
    expect(page.locator(".is-warn")).to_have_count(1)
    correct(page, "ho-tich", 2)
    send(page)

    work_list(page, district.reviewer, district)
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(OTHERS + 1)
    press(page, "button", "Duyệt báo cáo đã chọn")
    expect(page.get_by_text("Đã duyệt 16 báo cáo.")).to_be_visible()

    mine = sum(30 + at for at in range(len(FIELDS))) + 2
    others = sum(len(FIELDS) * (21 + at) for at in range(OTHERS))
    assert on_the_dashboard(page, district) == (format_count(mine + others), "16/16")
    july = Submission.objects.get(unit=district.own, month=JULY.number)
    acts = Entry.objects.filter(subject=july.subject).order_by("pk").values_list("action", flat=True)
    assert [act.removeprefix("submission.") for act, _ in groupby(acts)] == WAY
    for command, *options in (("verify_log",), ("recount", "--check")):
        call_command(command, *options, stdout=StringIO())
