"""Pages of exports: rights, texts, number of queries."""

import html

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.multipartparser import MultiPartParser
from django.test import Client

from records.cases import actions
from records.models import CaseFile
from records.submissions import actions as submissions_actions
from tests.product.test_every_page import Page, foreign
from tests.records.conftest import AT, JULY

from .clerk import address, mapped, read, spoiled, uploaded
from .exports import as_csv, rows


def test_rights(as_, july, work, people):
    read(as_("clerk"), july, work, as_csv(rows(20)))
    file = CaseFile.objects.get()
    pages = [
        address("cases", july.pk), address("case_file", july.pk, file.pk),
        address("case_rows", july.pk) + "?so=opening",
    ]  # fmt: skip
    acts = [
        address("cases_upload", july.pk), address("cases_fill", july.pk), address("case_map", july.pk, file.pk),
        address("case_cancel", july.pk, file.pk),
    ]  # fmt: skip
    for name, read_status, write_status in (
        ("viewer", 200, 403),
        ("reviewer", 200, 403),
        ("neighbour", 404, 404),
        ("outsider", 404, 404),
    ):
        client = as_(name)
        assert {client.get(page).status_code for page in pages} == {read_status}, name
        assert {client.post(act).status_code for act in acts} == {write_status}, name
    other = submissions_actions.open_submission(people.beta, JULY, by=people.neighbour, at=AT)
    assert as_("neighbour").get(address("case_file", other.pk, file.pk)).status_code == 404


def test_a_list_may_be_larger_than_other_uploads(as_, july, settings, monkeypatch):
    settings.UPLOAD_MAX_BYTES, settings.CASES_UPLOAD_MAX_BYTES = 10_000, 2 * 1024 * 1024
    client, content = as_("clerk"), as_csv(rows(200))
    assert len(content) > 20_000
    assert uploaded(client, july, content).status_code == 302
    assert CaseFile.objects.get().total == 200
    refused = uploaded(client, july, content * 100)
    assert refused.status_code == 413 and "tối đa 2 MB" in html.unescape(refused.content.decode())
    for other in ("form", "official"):
        file = SimpleUploadedFile("bieu.xlsx", content)
        assert client.post(address(other, july.pk), {"file": file}).status_code == 413

    def parse(_):
        raise AssertionError("the body of a stranger is read")

    monkeypatch.setattr(MultiPartParser, "parse", parse)
    answer = uploaded(Client(), july, content)
    assert answer.status_code == 302 and "/accounts/login/" in answer.url
    # Nor from a user without a unit to enter for.
    assert uploaded(as_("viewer"), july, content).status_code == 403


def test_the_pages_say_nothing_english_and_ask_a_fixed_number_of_questions(
    as_, july, work, django_assert_max_num_queries
):
    client, allowed = as_("clerk"), frozenset({"h42", "cccd", "stt"})
    queries = {}
    for number in (20, 200):
        uploaded(client, july, as_csv(spoiled(4, "Ngày hẹn trả", "hôm qua")))
        mapped(client, july)
        work()
        file = CaseFile.objects.order_by("-pk").first()
        pages = [address("cases", july.pk), address("case_file", july.pk, file.pk)]
        good = read(client, july, work, as_csv(rows(number)))
        pages += [address("case_file", july.pk, good.pk), address("case_rows", july.pk) + "?so=opening"]
        pages += [address("submission", july.pk)]
        for page in pages:
            answer = client.get(page)
            words = foreign(" ".join(Page(answer.content.decode()).said), allowed)
            assert not words, page
        with django_assert_max_num_queries(100) as captured:
            client.get(address("cases", july.pk))
        queries[number] = len(captured.captured_queries)
    assert queries[20] == queries[200]


def test_a_sent_month_is_compared_and_not_filled(as_, sent, work):
    client = as_("clerk")
    read(client, sent, work, as_csv(rows(20)))
    page = html.unescape(client.get(address("cases", sent.pk)).content.decode())
    assert "ô khác với số đếm từ hồ sơ" in page and "Điền số đếm vào bảng nhập" not in page
    refused = client.post(address("cases_fill", sent.pk), {"revision": "1"})
    assert refused.status_code == 409 and "đang chờ duyệt" in html.unescape(refused.content.decode())
    assert client.post(address("cases_fill", sent.pk), {"revision": "9" * 30}).status_code == 409


def test_a_unit_has_one_waiting_file_and_does_not_block_others(as_, july, people, work):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(20)))
    assert mapped(client, july).status_code == 302
    uploaded(client, july, as_csv(rows(30)))
    second = mapped(client, july)
    assert second.status_code == 409 and "Đơn vị đã có một tệp chờ đọc" in second.content.decode()
    other = submissions_actions.open_submission(people.beta, JULY, by=people.neighbour, at=AT)
    neighbour = as_("neighbour")
    uploaded(neighbour, other, as_csv(rows(20)))
    assert mapped(neighbour, other).status_code == 302
    work()
    uploaded(client, july, as_csv(rows(30)))
    assert mapped(client, july).status_code == 302


def test_too_many_units_at_once_have_to_wait(as_, july, people, monkeypatch):
    monkeypatch.setattr(actions, "MAX_QUEUED", 1)
    uploaded(as_("clerk"), july, as_csv(rows(20)))
    mapped(as_("clerk"), july)
    other = submissions_actions.open_submission(people.beta, JULY, by=people.neighbour, at=AT)
    uploaded(as_("neighbour"), other, as_csv(rows(20)))
    answer = mapped(as_("neighbour"), other)
    assert answer.status_code == 409 and "Đang có nhiều tệp chờ đọc" in answer.content.decode()
