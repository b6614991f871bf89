"""Days on which the server dies under a save, or the unit is closed under the clerk who types."""

from datetime import date

from playwright.sync_api import Page, expect

from units.actions import close_unit

from .entry import box, open_sheet


def type_into(page: Page, name: str, text: str) -> None:
    box(page, name).focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_unit_closed_while_its_month_is_open(office, page, accessible):
    """The page says why, and what was typed stays to be read."""
    open_sheet(page, office)
    close_unit(office.july.unit, date(2022, 6, 14), by=None)
    type_into(page, "ho-tich-received_direct", "1240")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("thị trấn Tân Thanh đã hết hoạt động ngày 14/6/2022")
    expect(told).to_contain_text("1 số bạn vừa gõ chưa được ghi vào báo cáo")
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
    expect(box(page, "ho-tich-received_direct")).not_to_be_editable()
    accessible(page)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("đã hết hoạt động")
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
