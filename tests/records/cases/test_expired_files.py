"""What was uploaded is gone, or by what it was read: the page says to upload it again, and that then goes well."""

import html
import shutil
from pathlib import Path

import pytest
from django.conf import settings

from records.cases import actions
from records.models import CaseFile

from .clerk import address, mapped, read, uploaded
from .exports import as_csv, rows


def one_gone(file: CaseFile) -> None:
    actions.staging_path(file).unlink()


def all_gone(file: CaseFile) -> None:
    shutil.rmtree(Path(settings.MEDIA_ROOT) / actions.STAGING_FOLDER)


def nowhere(file: CaseFile) -> None:
    one_gone(file)
    CaseFile.objects.filter(pk=file.pk).update(staged="")


def said(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("lose", [one_gone, all_gone, nowhere])
@pytest.mark.parametrize("state", ["mapping", "failed"])
def test_an_upload_that_is_gone_is_asked_for_again(as_, july, work, lose, state):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(20)))
    file = CaseFile.objects.get()
    lose(file)
    CaseFile.objects.filter(pk=file.pk).update(state=state)
    page = client.get(address("case_file", july.pk, file.pk))
    assert page.status_code == 200 and "Hãy tải tệp lên lại" in said(page)
    assert f'href="{address("cases", july.pk)}#tai-tep"' in said(page)
    seen = said(as_("viewer").get(address("case_file", july.pk, file.pk)))
    assert "không còn trên máy chủ" in seen and "#tai-tep" not in seen
    for asked in ("xem", "doc"):
        answer = client.post(address("case_map", july.pk, file.pk), {"lam": asked}, follow=True)
        assert answer.status_code == 200 and "Hãy tải tệp lên lại" in said(answer)
    assert read(client, july, work, as_csv(rows(20))).state == "done"


@pytest.mark.parametrize("lose", [one_gone, all_gone])
def test_a_file_that_is_gone_when_its_turn_comes_is_asked_for_again(as_, july, work, lose, caplog):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(20)))
    mapped(client, july)
    file = CaseFile.objects.get()
    lose(file)
    work()
    file.refresh_from_db()
    assert file.state == "failed" and "Hãy tải tệp lên lại" in file.words
    assert not [record for record in caplog.records if record.exc_info]
    assert "Hãy tải tệp lên lại" in said(client.get(address("case_file", july.pk, file.pk)))


def test_a_file_whose_mapping_is_gone_is_asked_for_again(as_, july, work):
    client = as_("clerk")
    file = read(client, july, work, as_csv(rows(20)))
    CaseFile.objects.filter(pk=file.pk).update(mapping={})
    pages = [address("case_file", july.pk, file.pk), address("cases", july.pk)]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200 and "Hãy tải tệp lên lại" in said(answer), page
    filled = client.post(address("cases_fill", july.pk), {"revision": "0"})
    assert filled.status_code == 409 and "Hãy tải tệp lên lại" in said(filled)
    assert client.get(address("submission", july.pk)).status_code == 200
    again = read(client, july, work, as_csv(rows(20)))
    assert again.state == "done" and "Hãy tải tệp lên lại" not in said(client.get(pages[1]))
