"""The upload or its mapping is gone: the page asks for a new upload, which then works."""

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


def page_text(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("lose", [one_gone, all_gone, nowhere])
@pytest.mark.parametrize("state", ["mapping", "failed"])
def test_a_lost_upload_has_to_be_uploaded_again(as_, july, work, lose, state):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(20)))
    file = CaseFile.objects.get()
    lose(file)
    CaseFile.objects.filter(pk=file.pk).update(state=state)
    page = client.get(address("case_file", july.pk, file.pk))
    assert page.status_code == 200 and "Hãy tải tệp lên lại" in page_text(page)
    assert f'href="{address("cases", july.pk)}#tai-tep"' in page_text(page)
    viewer_page = page_text(as_("viewer").get(address("case_file", july.pk, file.pk)))
    assert "không còn trên máy chủ" in viewer_page and "#tai-tep" not in viewer_page
    for action in ("xem", "doc"):
        answer = client.post(address("case_map", july.pk, file.pk), {"lam": action}, follow=True)
        assert answer.status_code == 200 and "Hãy tải tệp lên lại" in page_text(answer)
    assert read(client, july, work, as_csv(rows(20))).state == "done"


@pytest.mark.parametrize("lose", [one_gone, all_gone])
def test_a_file_gone_before_its_job_has_to_be_uploaded_again(as_, july, work, lose, caplog):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(20)))
    mapped(client, july)
    file = CaseFile.objects.get()
    lose(file)
    work()
    file.refresh_from_db()
    assert file.state == "failed" and "Hãy tải tệp lên lại" in file.words
    assert not [record for record in caplog.records if record.exc_info]
    assert "Hãy tải tệp lên lại" in page_text(client.get(address("case_file", july.pk, file.pk)))


def test_a_file_without_its_mapping_has_to_be_uploaded_again(as_, july, work):
    client = as_("clerk")
    file = read(client, july, work, as_csv(rows(20)))
    CaseFile.objects.filter(pk=file.pk).update(mapping={})
    pages = [address("case_file", july.pk, file.pk), address("cases", july.pk)]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200 and "Hãy tải tệp lên lại" in page_text(answer), page
    filled = client.post(address("cases_fill", july.pk), {"revision": "0"})
    assert filled.status_code == 409 and "Hãy tải tệp lên lại" in page_text(filled)
    assert client.get(address("submission", july.pk)).status_code == 200
    again = read(client, july, work, as_csv(rows(20)))
    assert again.state == "done" and "Hãy tải tệp lên lại" not in page_text(client.get(pages[1]))
