"""E-mails to administrators about faults: page, place in the code and request id, and nothing that was typed."""

import logging
import smtplib

import pytest

from cchc_dashboard.monitoring import alarm
from ledger import jobs, timer_runs

from .test_request_logging import SECRETS
from .test_request_logging import someone as someone

PAGE = "/planted/token-2/?k=mật-khẩu-1"


@pytest.fixture(autouse=True)
def alarm_mail(settings, tmp_path, monkeypatch):
    settings.ADMINS, settings.DATA_DIR = [("", "quantri@example.vn")], tmp_path
    settings.ROOT_URLCONF = "tests.product.test_request_logging"
    monkeypatch.setattr(alarm, "_sent_at", {})


@pytest.fixture
def faulty(client):
    client.raise_request_exception = False
    return client


def test_a_fault_is_mailed_without_anything_that_was_typed(faulty, someone, settings, mailoutbox):
    faulty.cookies["a"] = "token-2"
    answer = faulty.post(PAGE, {"name": "Nguyễn Văn Ba", "received": "14700"})
    (mail,) = mailoutbox
    number = answer["X-Request-ID"]
    assert mail.to == ["quantri@example.vn"]
    assert mail.subject == f"[CCHC] Lỗi khi xử lý yêu cầu, mã {number}"
    for words in (
        f"grep {number}",
        "POST planted",
        f"Người dùng số: {someone.pk}",
        "builtins.ValueError",
        "test_request_logging.py",
    ):
        assert words in mail.body, words
    whole = mail.subject + mail.body
    assert not [
        secret for secret in (*SECRETS, settings.SECRET_KEY, someone.username, "/planted/") if secret in whole
    ]


def test_the_same_fault_is_mailed_once_by_all_workers_and_after_a_while_again(
    faulty, db, mailoutbox, monkeypatch
):
    for _ in range(3):
        faulty.get("/planted/x/")
    assert len(mailoutbox) == 1
    alarm._sent_at.clear()  # like another worker, or this one after a restart
    faulty.get("/planted/x/")
    assert len(mailoutbox) == 1
    alarm._sent_at.clear()
    late = alarm.time.time() + 3601
    monkeypatch.setattr("core.rate_limit.time.time", lambda: late)
    faulty.get("/planted/x/")
    assert len(mailoutbox) == 2


def test_a_disk_that_keeps_no_count_does_not_bring_an_email_for_each(
    faulty, db, settings, tmp_path, mailoutbox
):
    (tmp_path / "file").write_text("")
    settings.DATA_DIR = tmp_path / "file"
    for _ in range(3):
        faulty.get("/planted/x/")
    assert len(mailoutbox) == 1


def test_many_different_faults_end_at_a_number(db, mailoutbox):
    for number in range(alarm.MOST + 5):
        logging.getLogger("ledger.failed_runs").error("việc %d", number)
    assert len(mailoutbox) == alarm.MOST


def test_a_strange_request_is_no_fault(faulty, db, mailoutbox):
    assert faulty.get("/healthz", headers={"host": "evil.example"}).status_code == 400
    assert faulty.get("/nowhere/").status_code == 404
    assert not mailoutbox


def test_a_failed_background_job_is_mailed(db, mailoutbox):
    def work(job, follow):
        raise RuntimeError("Nguyễn Văn Ba")

    kind = next(iter(jobs.JOB_KINDS))
    job = kind.model(pk=7)
    jobs.carry_out(jobs.JobKind(kind.model, work, "Hệ thống gặp lỗi."), job)
    (mail,) = mailoutbox
    assert mail.subject == "[CCHC] Việc chạy nền bị lỗi: Drawing 7"
    assert "builtins.RuntimeError" in mail.body and "Nguyễn Văn Ba" not in mail.body


def test_a_failed_timer_run_is_mailed_except_delivery(db, mailoutbox):
    for kind in timer_runs.RUN_INTERVALS:
        with timer_runs.record(kind) as run:
            run.good, run.words = False, "Mục số 7 không khớp mã băm"
    assert [mail.subject for mail in mailoutbox] == [
        f"[CCHC] Việc chạy theo giờ bị lỗi: {timer_runs.RUN_NAMES[kind]}: Mục số 7 không khớp mã băm"
        for kind in (timer_runs.BACKUP, timer_runs.VERIFY_LOG, timer_runs.REMIND)
    ]


def test_without_administrators_or_a_mail_server_the_answer_is_the_same(
    faulty, db, settings, mailoutbox, monkeypatch
):
    def away(*_):
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
    assert faulty.get("/planted/x/").status_code == 500
    settings.ADMINS = []
    assert faulty.get("/planted/y/").status_code == 500
