"""The server dies during a save, or the unit is closed while its clerk types."""

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from tests.support.server import Server
from units.lifecycle.actions import close_unit

from .entry import box, open_sheet, saved


def type_into(page: Page, name: str, text: str) -> None:
    box(page, name).focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_unit_closed_while_its_month_is_open(office, page, accessible):
    """The page says why, and the input stays readable."""
    open_sheet(page, office)
    close_unit(office.july.unit, date(2022, 6, 14), by=None)
    type_into(page, "ho-tich-received_direct", "1240")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("thị trấn Tân Thanh đã hết hoạt động ngày 14/6/2022")
    expect(alert).to_contain_text("1 số bạn vừa gõ chưa được ghi vào báo cáo")
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
    expect(box(page, "ho-tich-received_direct")).not_to_be_editable()
    accessible(page)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("đã hết hoạt động")
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    """A served product with the demo's data."""
    server = Server(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.end()


def savings(server: Server) -> list[dict]:
    """The saves from the page that are in the log on disk."""
    with closing(sqlite3.connect(f"file:{server.folder / 'cchc.sqlite3'}?mode=ro", uri=True)) as base:
        rows = base.execute(
            "SELECT detail FROM ledger_entry WHERE action = 'submission.save' ORDER BY sequence"
        )
        return [json.loads(detail) for (detail,) in rows if '"page"' in detail]


def test_a_server_killed_between_save_and_answer(server, page):
    """Killed after the save (kill -9) and restarted, it gets the same request and changes nothing twice."""
    page.goto(f"{server.address}/accounts/login/?next=/records/")
    page.get_by_label("Tên đăng nhập").fill("xa-13486")
    page.get_by_label("Mật khẩu").fill("demo")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Sửa báo cáo tháng 7/2022").click()
    expect(page.locator("#xem-tiep")).to_be_visible()
    before = savings(server)
    sent = []

    def die(route):
        sent.append(route.request.post_data_json)
        if len(sent) > 1:
            route.continue_()
            return
        assert route.fetch().status == 200
        server.end(signal.SIGKILL)
        route.abort()

    page.route("**/cells/", die)
    type_into(page, "ho-tich-withdrawn", "7")
    expect(saved(page)).to_contain_text("Mất mạng, đã giữ trên máy này (1 ô)", timeout=20_000)
    server.start()
    expect(saved(page)).to_have_attribute("data-state", "saved", timeout=40_000)
    assert len(sent) > 1
    assert all(save == sent[0] for save in sent)
    new = savings(server)[len(before) :]
    assert [list(save["cells"]["ho-tich"]) for save in new] == [["withdrawn"]]
    page.reload()
    expect(box(page, "ho-tich-withdrawn")).to_have_value("7")
