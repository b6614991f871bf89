"""An export becomes a month's figures: uploaded, mapped, read as a job, compared, put into the draft; nobody's
name stays.
"""

import html
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from figures.cases import COUNTED
from figures.measures import FLOWS
from figures.periods import Month
from ledger import jobs
from ledger.models import Entry
from records.actions import case_files
from records.models import CaseCount, CaseFile, CaseMapping, CaseRow, DossierCount
from records.queries.calendar import calendar
from records.queries.cases import behind
from tests.bad_inputs.files import BOMBS, REFUSED_FILES, sheet, with_part
from tests.records.pages.conftest import JULY

from .exports import HEADS, NAMES, as_csv, as_xlsx, counted, rows


def address(name: str, *numbers: int) -> str:
    return reverse(f"records:{name}", args=numbers)


def uploaded(client, submission, content: bytes, name: str = "ho-so.csv", **more):
    data = {"file": SimpleUploadedFile(name, content), "first": str(JULY), "last": str(JULY), **more}
    return client.post(address("cases_upload", submission.pk), data)


def mapped(client, submission, **more):
    """Post the mapping page as it stands, as a person does who finds the guess right."""
    file = CaseFile.objects.order_by("-pk").first()
    page = client.get(address("case_file", submission.pk, file.pk))
    data = {"lam": "doc", "first": str(JULY), "last": str(JULY), "ten": ""}
    data |= {box: role for _, box, role in page.context["columns"]}
    data |= {box: target for *_, words in page.context["words"] for _, _, box, target in words}
    return client.post(address("case_map", submission.pk, file.pk), data | more)


def nobody_is_kept() -> None:
    """No table and no file holds a planted name, telephone, address, paper or e-mail address."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(" ".join(["SELECT * FROM", connection.ops.quote_name(table)]))
            held = repr(cursor.fetchall())
            assert not [name for name in NAMES if name in held], table
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            held = path.read_text(encoding="utf-8")
            assert not [name for name in NAMES if name in held], path


@pytest.mark.parametrize(("write", "name"), [(as_csv, "ho-so.csv"), (as_xlsx, "ho-so.xlsx")])
def test_an_export_becomes_the_months_figures(as_, july, work, write, name):
    client, lines = as_("clerk"), rows()
    answer = uploaded(client, july, write(lines), name)
    file = CaseFile.objects.get()
    assert answer.url == address("case_file", july.pk, file.pk)
    nobody_is_kept()
    page = html.unescape(client.get(answer.url).content.decode())
    assert "Không giữ dữ liệu cá nhân" in page and "120 hồ sơ đọc được." in page
    assert "Đã bỏ: STT, Họ và tên người nộp, Số điện thoại, Địa chỉ, Số CCCD, Thư điện tử" in page
    assert mapped(client, july).url == address("case_file", july.pk, file.pk)
    waiting = client.get(address("case_file", july.pk, file.pk))
    assert waiting.headers["Refresh"] and "Đang chờ đến lượt" in waiting.content.decode()
    work()
    file.refresh_from_db()
    assert (file.state, file.done, file.words) == ("done", 120, "")
    assert list(Path(settings.MEDIA_ROOT).rglob("*.csv")) == []
    nobody_is_kept()
    client.post(address("cases_fill", july.pk), {"revision": "0"})
    told = counted(lines)
    for row in DossierCount.objects.filter(edition__submission=july).select_related("field"):
        of = told[row.field.code]
        served = [one for one in COUNTED if row.field.code == "ho-tich" or not one.endswith("_postal")]
        assert {one: getattr(row, one) for one in served} == {one: of[one] for one in served}
        assert row.transferred_in is None
    compared = client.get(address("cases", july.pk)).content.decode()
    assert "Số đã báo khớp với số đếm từ hồ sơ" in html.unescape(compared)
    assert Entry.objects.filter(action="cases.import").count() == 1
    assert "từ tệp hồ sơ" in html.unescape(client.get(address("history", july.pk)).content.decode())


def read(client, july, work, content: bytes, name: str = "ho-so.csv", **more) -> CaseFile:
    uploaded(client, july, content, name)
    mapped(client, july, **more)
    work()
    return CaseFile.objects.order_by("-pk").first()


def test_every_count_leads_to_its_dossiers(as_, july, fields, work):
    client, lines = as_("clerk"), rows(300, seed=2)
    file = read(client, july, work, as_csv(lines))
    told, span = counted(lines), calendar().span(JULY)
    for field in (fields.chung_thuc, fields.ho_tich):
        for measure in COUNTED:
            found = behind(file, measure, span, (field.pk, None))
            assert found.count() == told[field.code][measure], (field.code, measure)
    listed = client.get(address("case_rows", july.pk), {"so": "received_direct", "dong": "ho-tich"})
    page = html.unescape(listed.content.decode())
    assert f"{told['ho-tich']['received_direct']} hồ sơ" in page and "H42.7-" in page
    assert client.get(address("case_rows", july.pk), {"so": "x"}).status_code == 404
    assert client.get(address("case_rows", july.pk), {"so": "opening", "dong": "x"}).status_code == 404


def test_a_repeated_file_changes_nothing_and_a_corrected_one_replaces(as_, july, work):
    client, lines = as_("clerk"), rows(40)
    first = read(client, july, work, as_csv(lines))
    before = (CaseRow.objects.count(), CaseCount.objects.count(), Entry.objects.count())
    again = mapped_again(client, july, as_csv(lines))
    assert "không có gì thay đổi" in html.unescape(again.content.decode())
    assert (CaseRow.objects.count(), CaseCount.objects.count(), Entry.objects.count()) == before
    second = read(client, july, work, as_csv(lines[:39]))
    first.refresh_from_db()
    assert first.replaced and second.state == "done"
    assert set(CaseRow.objects.values_list("file", flat=True)) == {second.pk}
    assert CaseRow.objects.count() == 39


def mapped_again(client, july, content: bytes):
    uploaded(client, july, content)
    file = CaseFile.objects.order_by("-pk").first()
    page = client.get(address("case_file", july.pk, file.pk))
    data = {"lam": "doc", "first": str(JULY), "last": str(JULY)}
    data |= {box: role for _, box, role in page.context["columns"]}
    data |= {box: target for *_, words in page.context["words"] for _, _, box, target in words}
    return client.post(address("case_map", july.pk, file.pk), data, follow=True)


def spoiled(place: int, head: str, text: str) -> list[list[str]]:
    lines = rows(20)
    lines[place][HEADS.index(head)] = text
    return lines


@pytest.mark.parametrize(
    ("head", "text", "code"),
    [
        ("Số hồ sơ", "", "missing"),
        ("Số hồ sơ", "x" * 101, "too_long"),
        ("Ngày tiếp nhận", "", "missing"),
        ("Ngày tiếp nhận", "31/02/2022 08:00", "bad_date"),
        ("Ngày hẹn trả", "06/25/2022", "bad_date"),
        ("Ngày hẹn trả", "01/01/2022", "order"),
        ("Hình thức tiếp nhận", "", "missing"),
        ("Lĩnh vực", "dat-dai", "unknown_field"),
        ("Trạng thái", "", "missing"),
    ],
)
def test_faults_are_told_by_row_and_column_and_nothing_is_kept(as_, july, work, head, text, code):
    client = as_("clerk")
    file = read(client, july, work, as_csv(spoiled(4, head, text)))
    assert file.state == "failed" and file.wrong == 1 and not CaseRow.objects.exists()
    (fault,) = file.faults
    assert (fault["row"], fault["column"], fault["code"]) == (8, head, code)
    page = html.unescape(client.get(address("case_file", july.pk, file.pk)).content.decode())
    assert "Chưa nạp được" in page and fault["message"] in page


def test_faults_of_a_workbook_name_their_cells_and_merged_titles_do_no_harm(as_, july, work):
    lines = rows(20)

    def spoil(content: bytes) -> bytes:
        import io

        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(content))
        book.active["J6"] = "#N/A"
        book.active["J6"].data_type = "e"
        book.active["B9"] = book.active["B8"].value
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    file = read(as_("clerk"), july, work, spoil(as_xlsx(lines)), "ho-so.xlsx")
    assert [(one["cell"], one["code"]) for one in file.faults] == [
        ("J6", "error_value"),
        ("B9", "repeated_row"),
    ]


def test_another_mapping_is_tried_and_kept_by_name(as_, july, work, people):
    client = as_("clerk")
    lines = [[*line[:-1], "Trạng thái lạ" if line[-1] == "Đang xử lý" else line[-1]] for line in rows(30)]
    uploaded(client, july, as_csv(lines))
    refused = mapped(client, july)
    assert refused.status_code == 422 and "Chọn nghĩa của “Trạng thái lạ”." in html.unescape(
        refused.content.decode()
    )
    boxes = {word: box for *_, words in refused.context["words"] for word, _, box, _ in words}
    assert mapped(client, july, ten="Cổng tỉnh", **{boxes["Trạng thái lạ"]: "open"}).status_code == 302
    work()
    kept = CaseMapping.objects.get()
    assert (kept.name, kept.unit) == ("Cổng tỉnh", people.alpha)
    uploaded(client, july, as_csv(lines[:20]), mapping=str(kept.pk))
    assert mapped(client, july).status_code == 302
    work()
    assert CaseFile.objects.order_by("-pk").first().state == "done"


def test_a_reviewer_shares_a_mapping_with_all_units_below(as_, july, work, people):
    client = as_("clerk")
    unnamed = read(client, july, work, as_csv(rows(20)))
    share = address("case_share", july.pk, unnamed.pk)
    assert "chưa được lưu theo tên" in html.unescape(
        as_("reviewer").post(share, follow=True).content.decode()
    )
    file = read(client, july, work, as_csv(rows(30)), ten="Cổng tỉnh")
    share = address("case_share", july.pk, file.pk)
    assert client.post(share).status_code == 403 and as_("neighbour").post(share).status_code == 404
    reviewer = as_("reviewer")
    page = html.unescape(reviewer.get(address("case_file", july.pk, file.pk)).content.decode())
    assert "Cho mọi đơn vị bên dưới dùng cách ghép cột này" in page
    assert "“Cổng tỉnh”" in html.unescape(reviewer.post(share, follow=True).content.decode())
    from records.queries.cases import mappings_of

    assert [one.name for one in mappings_of(people.beta)] == ["Cổng tỉnh"]


def test_what_nobody_reads_is_forgotten(as_, july, people):
    from datetime import timedelta

    client = as_("clerk")
    uploaded(client, july, as_csv(rows(10)))
    uploaded(client, july, as_csv(rows(11)))
    assert [one.state for one in CaseFile.objects.all()] == ["cancelled", "mapping"]
    CaseFile.objects.update(unit=people.beta)
    uploaded(client, july, as_csv(rows(12)))
    assert CaseFile.objects.filter(state="mapping").count() == 2
    for file in CaseFile.objects.filter(state="mapping", unit=people.beta):
        CaseFile.objects.filter(pk=file.pk).update(asked_at=file.asked_at - timedelta(days=2))
    uploaded(client, july, as_csv(rows(13)))
    assert CaseFile.objects.filter(state="mapping").count() == 1
    assert len(list(Path(settings.MEDIA_ROOT).rglob("*.csv"))) == 1
    given_up = CaseFile.objects.filter(state="cancelled", unit=people.alpha).first()
    assert client.post(address("case_cancel", july.pk, given_up.pk)).status_code == 302


def test_the_pages_say_nothing_english_and_ask_a_fixed_number_of_questions(
    as_, july, work, django_assert_max_num_queries
):
    from tests.test_every_page import Page, foreign

    client, known = as_("clerk"), frozenset({"h42", "cccd", "stt"})
    asked = {}
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
            words = foreign(" ".join(Page(answer.content.decode()).said), known)
            assert not words, page
        with django_assert_max_num_queries(100) as seen:
            client.get(address("cases", july.pk))
        asked[number] = len(seen.captured_queries)
    assert asked[20] == asked[200]


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
    tell = jobs.tell

    def told(job, moment):
        if job.done >= 256:
            jobs.cancel(job)
        return tell(job, moment)

    monkeypatch.setattr(jobs, "tell", told)
    work()
    assert CaseFile.objects.get().state == "cancelled" and not CaseRow.objects.exists()


def test_what_a_lost_worker_left_is_read_anew(as_, july, work, monkeypatch):
    client = as_("clerk")
    uploaded(client, july, as_csv(rows(30)))
    mapped(client, july)
    with monkeypatch.context() as broken:
        broken.setattr(case_files, "put_in_force", lambda *given, **more: (_ for _ in ()).throw(SystemExit))
        broken.setattr(case_files, "clear", lambda file: None)
        with pytest.raises(SystemExit):
            work()
    assert CaseRow.objects.count() == 30
    CaseFile.objects.update(told_at="2020-01-01T00:00:00Z")
    work()
    assert CaseFile.objects.get().state == "done" and CaseRow.objects.count() == 30


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
    for name, seen, done in (
        ("viewer", 200, 403),
        ("reviewer", 200, 403),
        ("neighbour", 404, 404),
        ("outsider", 404, 404),
    ):
        client = as_(name)
        assert {client.get(one).status_code for one in pages} == {seen}, name
        assert {client.post(one).status_code for one in acts} == {done}, name
    from records import actions
    from tests.records.conftest import AT

    other = actions.open_submission(people.beta, JULY, by=people.neighbour, at=AT)
    assert as_("neighbour").get(address("case_file", other.pk, file.pk)).status_code == 404


def test_files_that_cannot_be_read_are_refused_with_their_place(as_, july):
    client = as_("clerk")
    tried = 0
    for content, _ in REFUSED_FILES:
        answer = uploaded(client, july, content) if content else None
        if answer is not None:
            assert answer.status_code == 422 and "Dòng " in html.unescape(answer.content.decode())
            tried += 1
    base = sheet(["Mã hồ sơ", "Ngày tiếp nhận"], ["H1-1", "14/06/2022"])
    for part, data, _ in BOMBS:
        answer = uploaded(client, july, with_part(base, part, data), "ho-so.xlsx")
        assert answer.status_code in (422, 302), part
        tried += answer.status_code == 422
    assert tried > 20
    assert (
        len(list(Path(settings.MEDIA_ROOT).rglob("*.csv")))
        == CaseFile.objects.filter(state="mapping").count()
    )


def test_a_file_of_nobody_and_of_another_month_is_refused(as_, july, work):
    client = as_("clerk")
    nothing = uploaded(client, july, "Họ và tên;Số điện thoại\nA;0912\n".encode())
    assert nothing.status_code == 422 and "Không nhận ra cột nào" in html.unescape(nothing.content.decode())
    old = [[text.replace("/2022", "/2020") for text in line] for line in rows(10)]
    old = [line for line in old if line[-1] in ("Đã trả kết quả", "Công dân rút hồ sơ")]
    file = read(client, july, work, as_csv(old))
    assert [one["code"] for one in file.faults] == ["nothing_counted"]


def test_flows_are_those_of_the_rules():
    assert set(COUNTED) >= set(FLOWS) - {"transferred_in", "transferred_out"}
    assert Month.parse(str(JULY)) == JULY
