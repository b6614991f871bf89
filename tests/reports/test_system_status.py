"""The system status page: correct, for administrators only, each seeing their own units (issue 7)."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from axes.models import AccessFailureLog
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from ledger import log, outbox, timer_runs
from ledger.models import Message
from reports import system_status
from reports.models import Drawing, Review
from reports.system_status import latest_month
from tests.product.test_rights_matrix import cast as cast
from tests.product.test_rights_matrix import person
from units.models import Role, Unit

PAGE = "/reports/status/"


@pytest.fixture
def top(cast, settings, tmp_path) -> User:
    """An administrator of the top unit; data and media in a temporary folder."""
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return person(Role.ADMINISTRATOR, Unit.objects.get(code="35"))


def page_words(client, user: User) -> str:
    client.force_login(user)
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def fail(username: str, *, times: int = 1, hours: int = 0, locked: bool = False) -> None:
    for _ in range(times):
        failure = AccessFailureLog.objects.create(username=username, ip_address="10.0.0.1", locked_out=locked)
        AccessFailureLog.objects.filter(pk=failure.pk).update(
            attempt_time=timezone.now() - timedelta(hours=hours)
        )


@pytest.mark.parametrize("name", ["clerk 13474", "leader 351", "viewer 351", "nobody"])
def test_others_have_no_such_page(cast, client, name):
    client.force_login(cast.people[name])
    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/records/").content.decode()


def test_timer_runs_are_shown_with_their_outcome(top, client):
    assert page_words(client, top).count("Chưa chạy lần nào") == 4
    call_command("verify_log")
    with timer_runs.record(timer_runs.BACKUP) as run:
        run.words, run.size = "15 tệp", 1_234_567
    page = page_words(client, top)
    assert page.count("Chưa chạy lần nào") == 2 and f"{log.head()[0]} mục, 0 mốc" in page
    assert re.search(r"Sao lưu Bình thường \d\d:\d\d ngày [\d/]+: 15 tệp, 1,2.MB", page)
    with pytest.raises(OSError), timer_runs.record(timer_runs.BACKUP):
        raise OSError
    page = page_words(client, top)
    assert "Sao lưu Lần gần nhất bị lỗi" in page and "Lần tốt gần nhất:" in page


@pytest.mark.parametrize(("hours", "words"), [(25, "Bình thường"), (27, "Quá lâu chưa chạy")])
def test_a_backup_older_than_26_hours_is_warned_of(top, client, monkeypatch, hours, words):
    then = timezone.now() - timedelta(hours=hours)
    monkeypatch.setattr("ledger.timer_runs.timezone.now", lambda: then)
    with timer_runs.record(timer_runs.BACKUP):
        pass
    monkeypatch.undo()
    assert f"Sao lưu {words}" in page_words(client, top)


def test_waiting_and_failed_work_is_shown(top, client, settings):
    at = timezone.now()
    review = Review.objects.first()
    Drawing.objects.create(review=review, asked_at=at, state="failed", words="Lỗi")
    Drawing.objects.create(review=review, asked_at=at - timedelta(hours=25), state="failed")
    Drawing.objects.create(review=review, asked_at=at)
    outbox.put("x", "y", {}, [1, 2, 3], at=at)
    Message.objects.filter(destination=2).update(attempts=1)
    Message.objects.filter(destination=3).update(state="failed")
    settings.DISK_FREE_MIN_BYTES = 1 << 60
    page = page_words(client, top)
    assert "Bản vẽ PDF Có việc không xong 1 đang chờ, 0 đang làm, 1 không làm được trong 24 giờ" in page
    assert "Có tin không gửi được 2 chờ gửi, trong đó 1 đã thử mà chưa được; 1 đã thôi gửi" in page
    assert "Sắp hết chỗ" in page and f"số {log.head()[0]}, mã băm {log.head()[1][:16]}…" in page


def test_version_and_commit_are_shown_at_the_top_only(top, cast, client):
    release = system_status.release()
    assert re.fullmatch(r"\d+\.\d+\.\d+( \([0-9a-f]{12}\))?", release)
    assert release in page_words(client, top)
    page = page_words(client, cast.people["administrator 351"])
    assert "0.1.0" not in page and "Phiên bản" not in page and "Sao lưu" not in page and "mã băm" not in page


def test_silent_units_are_those_of_the_own_subtree(top, cast, client):
    """The cast's months have counts, and were never sent."""
    assert latest_month(date(2022, 8, 12)).label == "tháng 7/2022"
    assert latest_month(date(2022, 8, 14)).label == "tháng 7/2022"
    assert latest_month(date(2022, 8, 15)).label == "tháng 8/2022"
    whole, part = page_words(client, top), page_words(client, cast.people["administrator 351"])
    assert "Chưa gửi báo cáo tháng 7/2022 3 đơn vị" in whole and "đơn vị 13500" in whole
    assert "Chưa gửi báo cáo tháng 7/2022 2 đơn vị" in part and "đơn vị 13500" not in part


def test_wrong_passwords_are_shown_for_own_people_and_never_under_unknown_names(top, cast, client):
    """People type passwords into the name field."""
    fail("clerk-13474", times=3)
    fail("clerk-13474", locked=True)
    fail("reviewer-35")
    fail("mật khẩu của tôi", times=2)
    fail("viewer-351", hours=25)
    whole = page_words(client, top)
    assert "7 lần sai mật khẩu" in whole and "mật khẩu của tôi" not in whole and "viewer-351" not in whole
    assert re.search(r"clerk-13474 4 \d\d:\d\d ngày [\d/]+ Đã bị tạm khóa", whole)
    assert re.search(r"Tên không có tài khoản 2 ", whole) and re.search(r"reviewer-35 1 ", whole)
    part = page_words(client, cast.people["administrator 351"])
    assert "4 lần sai mật khẩu" in part and "reviewer-35" not in part and "Tên không có" not in part


def test_the_files_hold_what_the_page_shows(top, client):
    fail("clerk-13474", times=2)
    client.force_login(top)
    silent = client.get(PAGE + "?tai=csv&bang=chua-gui").getvalue().decode()
    tried = client.get(PAGE + "?tai=csv&bang=dang-nhap-sai").getvalue().decode()
    assert all(f"{code}," in silent for code in ("13474", "13480", "13500"))
    assert "clerk-13474,clerk-13474,2," in tried


def test_the_cost_does_not_grow_with_what_waits(top, client, django_assert_max_num_queries):
    client.force_login(top)
    outbox.put("x", "y", {}, range(1, 200), at=datetime(2022, 8, 1, tzinfo=UTC))
    fail("clerk-13474", times=50)
    with django_assert_max_num_queries(22):
        client.get(PAGE)
