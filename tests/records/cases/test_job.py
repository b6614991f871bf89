"""The job that reads an export: cancelled, interrupted, resumed; and uploads that nobody maps."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from core import clock
from ledger import jobs
from records.cases import actions
from records.models import CaseFile, CaseRow

from .clerk import address, mapped, uploaded
from .exports import as_csv, rows


def test_what_nobody_reads_is_forgotten(as_, july, people):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(10)))
    uploaded(client, july, as_csv(rows(11)))
    assert [case_file.state for case_file in CaseFile.objects.all()] == ["cancelled", "mapping"]
    CaseFile.objects.update(unit=people.beta)
    uploaded(client, july, as_csv(rows(12)))
    assert CaseFile.objects.filter(state="mapping").count() == 2
    for file in CaseFile.objects.filter(state="mapping", unit=people.beta):
        CaseFile.objects.filter(pk=file.pk).update(asked_at=file.asked_at - timedelta(days=2))
    uploaded(client, july, as_csv(rows(13)))
    actions.delete_stale_uploads(at=clock.now())
    assert CaseFile.objects.filter(state="mapping").count() == 1
    assert len(list(Path(settings.MEDIA_ROOT).rglob("*.csv"))) == 1
    given_up = CaseFile.objects.filter(state="cancelled", unit=people.alpha).first()
    assert client.post(address("case_cancel", july.pk, given_up.pk)).status_code == 302


def test_an_upload_and_a_reading_are_given_up(as_, july, work):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(10)))
    file = CaseFile.objects.get()
    client.get(address("case_cancel", july.pk, file.pk))
    file.refresh_from_db()
    assert file.state == "mapping"
    mapped(client, july)
    client.post(address("case_cancel", july.pk, file.pk))
    work()
    file.refresh_from_db()
    assert file.state == "cancelled" and file.columns == [] and not CaseRow.objects.exists()
    assert not list(Path(settings.MEDIA_ROOT).rglob("*.csv"))


def test_it_is_given_up_while_it_is_read(as_, july, work, monkeypatch):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(600)))
    mapped(client, july)
    monkeypatch.setattr(jobs, "PAUSE", 0)
    tell = jobs.report_progress

    def cancel_on_progress(job, moment):
        if job.done >= 256:
            jobs.cancel(job)
        return tell(job, moment)

    monkeypatch.setattr(jobs, "report_progress", cancel_on_progress)
    work()
    assert CaseFile.objects.get().state == "cancelled" and not CaseRow.objects.exists()


def test_what_a_lost_worker_left_is_reread(as_, july, work, monkeypatch):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(30)))
    mapped(client, july)
    with monkeypatch.context() as broken:
        broken.setattr(
            actions, "put_case_file_in_force", lambda *arguments, **more: (_ for _ in ()).throw(SystemExit)
        )
        broken.setattr(actions, "clear_case_rows", lambda file: None)
        with pytest.raises(SystemExit):
            work()
    assert CaseRow.objects.count() == 30
    CaseFile.objects.update(told_at="2020-01-01T00:00:00Z")
    work()
    assert CaseFile.objects.get().state == "done" and CaseRow.objects.count() == 30


def test_rows_that_another_worker_took_out_are_missed(as_, july, work, monkeypatch):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(30)))
    mapped(client, july)
    put = actions.put_case_file_in_force

    def robbed(file, *arguments, **more):
        CaseRow.objects.filter(file=file, row__lt=10).delete()
        put(file, *arguments, **more)

    monkeypatch.setattr(actions, "put_case_file_in_force", robbed)
    work()
    file = CaseFile.objects.get()
    assert file.state == "failed" and "gián đoạn" in file.words and not CaseRow.objects.exists()
