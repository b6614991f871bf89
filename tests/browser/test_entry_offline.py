"""No input of a clerk is lost: offline, in a closed browser, in an ended session, on conflicts with colleagues."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from ledger.models import Entry
from records.models import DossierCount, Field, State, Submission
from records.submissions import actions
from tests.records.conftest import AT
from units.models import Membership, Role

from .entry import box, fits, open_sheet, saved, sign_in

PASSWORD = "mật khẩu đủ dài"


def stored(code: str = "ho-tich") -> DossierCount:
    return DossierCount.objects.get(field__code=code, edition__state=State.DRAFT)


def stored_texts(page: Page) -> list[str]:
    """The texts stored in this browser."""
    return page.evaluate(
        """async () => {
            const result = (request) => new Promise((resolve) => {
                request.onsuccess = () => resolve(request.result);
            });
            const base = await result(indexedDB.open("cchc"));
            const records = await result(base.transaction("cells").objectStore("cells").getAll());
            base.close();
            return records.map((record) => record.text);
        }"""
    )


def wait_until_kept(page: Page, *texts: str) -> None:
    """Wait for the browser to store the texts, a moment after the key."""
    for _ in range(50):
        if sorted(stored_texts(page)) == sorted(texts):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{stored_texts(page)} is kept, not {texts}")


def type_into(page: Page, name: str, text: str) -> None:
    box(page, name).focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def save_as(user: User, office, revision: int, **cells: int) -> None:
    edition = office.july.editions.get()
    row = {(Field.objects.get(code="ho-tich").pk, None): cells}
    actions.save_counts(edition, row, by=user, revision=revision, at=AT)


@pytest.fixture
def colleague(office) -> User:
    user = User.objects.create(username="xa-13474-2", full_name="Trần Thị B")
    unit = office.july.unit
    Membership.objects.create(
        user=user, unit=unit, role=Role.CLERK, valid_from=AT.date() - timedelta(days=700)
    )
    return user


def test_without_a_network_typing_goes_on_and_is_sent_later(office, page, accessible):
    open_sheet(page, office)
    page.context.set_offline(True)
    type_into(page, "ho-tich-received_direct", "1240")
    type_into(page, "ho-tich-withdrawn", "2")
    # At once: on a busy machine a pause after "1" would save it.
    box(page, "ho-tich-awaiting").focus()
    page.keyboard.insert_text("12,5")
    page.keyboard.press("Enter")
    expect(saved(page)).to_have_text("Mất mạng, đã giữ trên máy này (3 ô)")
    expect(box(page, "ho-tich-awaiting")).to_have_attribute("aria-invalid", "true")
    expect(page.locator('tr[data-row="1"] [data-sum="received"]')).to_have_text("1.240")
    accessible(page)
    assert not DossierCount.objects.filter(edition__submission=office.july).exists()
    page.context.set_offline(False)
    expect(saved(page)).to_contain_text("1 ô có lỗi chưa lưu")
    assert (stored().received_direct, stored().withdrawn, stored().awaiting) == (1240, 2, None)
    type_into(page, "ho-tich-awaiting", "12")
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert stored().awaiting == 12
    wait_until_kept(page)


def test_a_closed_browser_brings_the_numbers_back(
    office, browser_type, browser_type_launch_args, browser_context_args, tmp_path
):
    def started():
        return browser_type.launch_persistent_context(
            tmp_path, **browser_type_launch_args, **browser_context_args
        )

    context = started()
    page = open_sheet(context.pages[0], office)
    context.set_offline(True)
    type_into(page, "ho-tich-received_direct", "1240")
    type_into(page, "ho-tich-awaiting", "một")
    expect(saved(page)).to_contain_text("(2 ô)")
    wait_until_kept(page, "1.240", "một")
    context.close()

    context = started()
    page = context.pages[0]
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/")
    waiting = page.locator(".kept")
    expect(waiting).to_contain_text("Trên máy này còn 2 số chưa gửi")
    waiting.get_by_role("link").click()
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
    expect(box(page, "ho-tich-awaiting")).to_have_value("một")
    expect(saved(page)).to_contain_text("1 ô có lỗi chưa lưu")
    assert stored().received_direct == 1240
    context.close()


def test_a_lost_answer_is_asked_for_again_and_changes_once(office, page):
    """The server saves, but the network fails before the response: the same request is repeated."""
    open_sheet(page, office)
    bodies = []

    def lose(route):
        bodies.append(route.request.post_data)
        if len(bodies) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/cells/", lose)
    type_into(page, "ho-tich-received_direct", "7")
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert stored().received_direct == 7
    assert office.july.editions.get().revision == 1
    assert Entry.objects.filter(action="submission.save", subject=office.july.subject).count() == 1


def test_what_is_typed_before_the_sending_script_is_there_is_saved(office, page):
    routes = []
    page.route("**/js/drafts*.js", lambda route: routes.append(route))
    sign_in(page, office.clerk, office.url)
    page.goto(f"{office.url}/records/{office.july.pk}/", wait_until="commit")
    expect(page.locator("#xem-tiep")).to_be_visible()
    type_into(page, "ho-tich-received_direct", "61")
    routes[0].continue_()
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert stored().received_direct == 61


def test_a_server_in_trouble_is_said_and_tried_again(office, page):
    open_sheet(page, office)
    page.route("**/cells/", lambda route: route.fulfill(status=503, json={}))
    type_into(page, "ho-tich-received_direct", "7")
    expect(saved(page)).to_have_text("Chưa lưu được, hệ thống đang bận. Số bạn gõ còn nguyên")
    page.unroute("**/cells/")
    expect(saved(page)).to_have_attribute("data-state", "saved", timeout=10000)
    assert stored().received_direct == 7


def test_an_answer_that_is_not_the_servers_is_no_saving(office, quiet_page):
    """A captive portal answers 200 with its own sign-in page."""
    open_sheet(quiet_page, office)
    quiet_page.route(
        "**/cells/", lambda route: route.fulfill(status=200, body="<html>", content_type="text/html")
    )
    type_into(quiet_page, "ho-tich-received_direct", "7")
    expect(saved(quiet_page)).to_have_text("Chưa lưu được, hệ thống đang bận. Số bạn gõ còn nguyên")
    quiet_page.unroute("**/cells/")
    expect(saved(quiet_page)).to_have_attribute("data-state", "saved", timeout=10000)
    assert stored().received_direct == 7


@pytest.mark.parametrize(
    "broken",
    [
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }",
        "indexedDB.open = () => ({})",
        "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('', 'SecurityError'); } })",
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } });"
        "indexedDB.open = () => { throw new DOMException('', 'SecurityError'); }",
    ],
)
def test_a_browser_that_keeps_nothing_saves_all_the_same_and_says_so(office, quiet_page, broken):
    quiet_page.add_init_script(broken)
    open_sheet(quiet_page, office)
    type_into(quiet_page, "ho-tich-received_direct", "7")
    expect(saved(quiet_page)).to_have_attribute("data-state", "saved")
    assert stored().received_direct == 7
    quiet_page.evaluate("dispatchEvent(new Event('offline'))")
    expect(saved(quiet_page)).to_have_text("Mất mạng. Máy này không giữ lại được: đừng đóng trang")
    quiet_page.get_by_role("button", name="Đăng xuất").click()
    expect(quiet_page).to_have_url(f"{office.url}/accounts/login/")


def test_two_clerks_in_one_cell_choose(office, colleague, page, accessible):
    """Both values are shown with author and time; the colleague's other changes are merged and reported."""
    open_sheet(page, office)
    save_as(colleague, office, 0, received_direct=16, withdrawn=3, awaiting=4)
    page.context.set_offline(True)
    box(page, "ho-tich-awaiting").focus()
    page.keyboard.type("5")
    page.keyboard.press("Shift+Tab")
    type_into(page, "ho-tich-received_direct", "61")
    page.context.set_offline(False)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Người khác vừa sửa cùng ô với bạn")
    expect(dialog).to_contain_text("Trần Thị B sửa lúc")
    accessible(page)
    assert fits(page)
    dialog.get_by_label("Giữ 61").check()
    dialog.get_by_label("Lấy 4").check()
    page.keyboard.press("Enter")
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert (stored().received_direct, stored().awaiting, stored().withdrawn) == (61, 4, 3)
    expect(box(page, "ho-tich-withdrawn")).to_have_value("3")
    box(page, "ho-tich-withdrawn").focus()
    expect(page.locator("#look-theirs")).to_contain_text("Trần Thị B vừa sửa ô này lúc")


def test_an_older_draft_does_not_overwrite_a_colleague(office, colleague, page):
    """Stored offline and sent days later with the revision of that time."""
    open_sheet(page, office)
    page.context.set_offline(True)
    type_into(page, "ho-tich-received_direct", "61")
    expect(saved(page)).to_contain_text("Mất mạng")
    wait_until_kept(page, "61")
    # Before leaving the page: its last request would bypass Playwright's offline mode.
    save_as(colleague, office, 0, received_direct=16)
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(f"{office.url}/records/{office.july.pk}/")
    expect(page.get_by_role("dialog")).to_contain_text("Trần Thị B sửa lúc")
    assert stored().received_direct == 16
    page.get_by_role("dialog").get_by_label("Lấy 16").check()
    page.get_by_role("button", name="Lưu lựa chọn").click()
    expect(box(page, "ho-tich-received_direct")).to_have_value("16")
    expect(page.get_by_role("dialog")).to_have_count(0)
    wait_until_kept(page)


def test_an_ended_session_loses_nothing(office, page, accessible, settings):
    office.clerk.set_password(PASSWORD)
    office.clerk.save()
    open_sheet(page, office)
    settings.SESSION_IDLE_SECONDS = -1
    type_into(page, "ho-tich-received_direct", "1240")
    expect(page.get_by_role("dialog")).to_contain_text("Phiên làm việc đã hết hạn")
    accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Kiểm tra và gửi").click()
    expect(page.get_by_role("dialog")).to_contain_text("Phiên làm việc đã hết hạn")
    settings.SESSION_IDLE_SECONDS = 1800
    page.get_by_role("link", name="Đăng nhập lại").click()
    page.get_by_label("Tên đăng nhập").fill(office.clerk.username)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert stored().received_direct == 1240


def test_signing_in_again_elsewhere_goes_on_here(office, page, settings):
    """After a sign-in in another tab this tab uses the new token."""
    office.clerk.set_password(PASSWORD)
    office.clerk.save()
    open_sheet(page, office)
    settings.SESSION_IDLE_SECONDS = -1
    type_into(page, "ho-tich-received_direct", "1240")
    page.get_by_role("button", name="Để sau").click()
    settings.SESSION_IDLE_SECONDS = 1800
    other = page.context.new_page()
    other.goto(f"{office.url}/accounts/login/?next=/records/")
    other.get_by_label("Tên đăng nhập").fill(office.clerk.username)
    other.get_by_label("Mật khẩu").fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", level=1)).to_be_visible()
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert stored().received_direct == 1240


def test_a_month_locked_while_open_keeps_what_was_typed_readable(office, page, accessible):
    open_sheet(page, office)
    Submission.objects.filter(pk=office.july.pk).update(closes_at=timezone.now() - timedelta(days=3000))
    type_into(page, "ho-tich-received_direct", "1240")
    expect(page.get_by_role("alert")).to_contain_text("1 số bạn vừa gõ chưa được ghi vào báo cáo")
    expect(page.get_by_role("alert")).to_contain_text("khóa")
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
    expect(box(page, "ho-tich-received_direct")).not_to_be_editable()
    accessible(page)
    page.reload()
    expect(page.locator(".kept")).to_contain_text("Hộ tịch: Tiếp nhận trực tiếp: 1.240")
    accessible(page)
    page.get_by_role("button", name="Xóa các số này khỏi máy").click()
    expect(page.locator(".kept")).to_have_count(0)
    wait_until_kept(page)


def test_a_clerk_without_the_unit_sees_why(office, page):
    open_sheet(page, office)
    Membership.objects.filter(user=office.clerk).delete()
    type_into(page, "ho-tich-received_direct", "1240")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
    expect(box(page, "ho-tich-received_direct")).not_to_be_editable()


def test_two_tabs_of_one_person_keep_step(office, page):
    first = open_sheet(page, office)
    second = first.context.new_page()
    second.goto(first.url)
    type_into(first, "ho-tich-received_direct", "1240")
    expect(box(second, "ho-tich-received_direct")).to_have_value("1.240")
    type_into(second, "ho-tich-withdrawn", "3")
    expect(box(first, "ho-tich-withdrawn")).to_have_value("3")
    type_into(first, "ho-tich-awaiting", "4")
    expect(saved(first)).to_have_attribute("data-state", "saved")
    assert (stored().received_direct, stored().withdrawn, stored().awaiting) == (1240, 3, 4)
    second.close()


def test_a_cell_typed_in_both_tabs_is_asked_about(office, page):
    first = open_sheet(page, office)
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator("#xem-tiep")).to_be_visible()
    second.route("**/cells/", lambda route: route.abort())
    type_into(second, "ho-tich-received_direct", "43")
    type_into(first, "ho-tich-received_direct", "42")
    expect(saved(first)).to_have_attribute("data-state", "saved")
    type_into(first, "ho-tich-withdrawn", "1")
    expect(box(second, "ho-tich-withdrawn")).to_have_value("1")
    expect(box(second, "ho-tich-received_direct")).to_have_value("43")
    second.unroute("**/cells/")
    second.get_by_role("radio", name="Giữ 43").check(timeout=10000)
    second.keyboard.press("Enter")
    expect(saved(second)).to_have_attribute("data-state", "saved", timeout=10000)
    assert stored().received_direct == 43
    second.close()


def test_the_back_button_finds_everything(office, page):
    open_sheet(page, office)
    type_into(page, "ho-tich-received_direct", "1240")
    box(page, "ho-tich-withdrawn").focus()
    page.keyboard.type("3")
    page.goto(f"{office.url}/records/")
    page.go_back()
    expect(box(page, "ho-tich-received_direct")).to_have_value("1.240")
    expect(box(page, "ho-tich-withdrawn")).to_have_value("3")
    type_into(page, "ho-tich-awaiting", "4")
    expect(saved(page)).to_have_attribute("data-state", "saved")
    assert (stored().received_direct, stored().withdrawn, stored().awaiting) == (1240, 3, 4)


def test_signing_out_leaves_nothing_in_the_browser(office, page, accessible):
    open_sheet(page, office)
    page.route("**/cells/", lambda route: route.abort())
    type_into(page, "ho-tich-received_direct", "1240")
    expect(saved(page)).to_contain_text("Mất mạng")
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("dialog")).to_contain_text("Còn 1 số bạn đã gõ chưa gửi được")
    accessible(page)
    page.get_by_role("button", name="Ở lại").click()
    wait_until_kept(page, "1.240")
    page.get_by_role("button", name="Đăng xuất").click()
    page.get_by_role("button", name="Đăng xuất, xóa các số này").click()
    expect(page.get_by_label("Tên đăng nhập")).to_be_visible()
    wait_until_kept(page)


def test_another_person_finds_nothing_of_the_first(office, page):
    open_sheet(page, office)
    page.route("**/cells/", lambda route: route.abort())
    type_into(page, "ho-tich-received_direct", "1240")
    expect(saved(page)).to_contain_text("Mất mạng")
    sign_in(page, office.reviewer, office.url)
    page.goto(f"{office.url}/records/")
    expect(page.locator(".who")).to_contain_text(office.reviewer.full_name)
    expect(page.locator(".kept")).to_have_count(0)
    wait_until_kept(page)


def test_what_waits_goes_before_the_month_is_sent(office, page):
    """ "Kiểm tra và gửi" right after a key: the number is saved first, and the form has the new revision."""
    open_sheet(page, office)
    box(page, "ho-tich-received_direct").focus()
    page.keyboard.type("1240")
    sheet = page.url
    page.get_by_role("button", name="Kiểm tra và gửi").click()
    page.wait_for_url(lambda url: url != sheet)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert stored().received_direct == 1240
