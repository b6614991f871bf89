"""An export becomes a month's figures: upload, mapping, job, comparison, draft; no personal data is stored."""

import html
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from figures.cases import COUNTED
from ledger.models import Entry
from records.calendar.queries import stored_calendar
from records.cases.queries import dossiers_behind, mappings_for
from records.models import CaseCount, CaseFile, CaseMapping, CaseRow, DossierCount
from records.submissions import actions
from tests.records.conftest import AT, JULY, SINCE
from tests.support.page_text import squeezed
from units.models import Membership, Role

from .clerk import address, mapped, read, uploaded
from .exports import HEADS, NAMES, as_csv, as_serials, as_xlsx, counted, rows


def assert_no_personal_data() -> None:
    """No table and no file contains a planted name, telephone, address, identity number or e-mail address."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(" ".join(["SELECT * FROM", connection.ops.quote_name(table)]))
            content = repr(cursor.fetchall())
            assert not [name for name in NAMES if name in content], table
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            content = path.read_text(encoding="utf-8")
            assert not [name for name in NAMES if name in content], path


@pytest.mark.parametrize(
    ("write", "name"), [(as_csv, "ho-so.csv"), (as_xlsx, "ho-so.xlsx"), (as_serials, "so.xlsx")]
)
def test_an_export_becomes_the_months_figures(as_, july, work, write, name):
    client, lines = as_("clerk"), rows()
    answer = uploaded(client, july, write(lines), name)
    file = CaseFile.objects.get()
    assert answer.url == address("case_file", july.pk, file.pk)
    assert_no_personal_data()
    page = squeezed(html.unescape(client.get(answer.url).content.decode()))
    assert "Không giữ dữ liệu cá nhân" in page and "120 hồ sơ đọc được." in page
    assert "Đã bỏ: STT, Họ và tên người nộp, Số điện thoại, Địa chỉ, Số CCCD, Thư điện tử" in page
    assert mapped(client, july).url == address("case_file", july.pk, file.pk)
    waiting = client.get(address("case_file", july.pk, file.pk))
    assert waiting.headers["Refresh"] and "Đang chờ đến lượt" in waiting.content.decode()
    work()
    file.refresh_from_db()
    assert (file.state, file.done, file.words) == ("done", 120, "")
    assert list(Path(settings.MEDIA_ROOT).rglob("*.csv")) == []
    assert_no_personal_data()
    client.post(address("cases_fill", july.pk), {"revision": "0"})
    expected = counted(lines)
    for row in DossierCount.objects.filter(edition__submission=july).select_related("field"):
        measures = expected[row.field.code]
        served = [
            measure for measure in COUNTED if row.field.code == "ho-tich" or not measure.endswith("_postal")
        ]
        assert {measure: getattr(row, measure) for measure in served} == {
            measure: measures[measure] for measure in served
        }
        assert row.transferred_in is None
    compared = client.get(address("cases", july.pk)).content.decode()
    assert "Số đã báo khớp với số đếm từ hồ sơ" in html.unescape(compared)
    assert Entry.objects.filter(action="cases.import").count() == 1
    assert "từ tệp hồ sơ" in html.unescape(client.get(address("history", july.pk)).content.decode())


def test_every_count_leads_to_its_dossiers(as_, july, fields, work):
    client, lines = as_("clerk"), rows(300, seed=2)
    file = read(client, july, work, as_csv(lines))
    expected, span = counted(lines), stored_calendar().span(JULY)
    for field in (fields.chung_thuc, fields.ho_tich):
        for measure in COUNTED:
            dossiers = dossiers_behind(file, measure, span, (field.pk, None))
            assert dossiers.count() == expected[field.code][measure], (field.code, measure)
    listed = client.get(address("case_rows", july.pk), {"so": "received_direct", "dong": "ho-tich"})
    page = html.unescape(listed.content.decode())
    assert f"{expected['ho-tich']['received_direct']} hồ sơ" in page and "H42.7-" in page
    assert client.get(address("case_rows", july.pk), {"so": "x"}).status_code == 404
    assert client.get(address("case_rows", july.pk), {"so": "opening", "dong": "x"}).status_code == 404


def test_a_repeated_file_changes_nothing_and_a_corrected_one_replaces(as_, july, work):
    client, lines = as_("clerk"), rows(40)
    first = read(client, july, work, as_csv(lines))
    before = (CaseRow.objects.count(), CaseCount.objects.count(), Entry.objects.count())
    uploaded(client, july, as_csv(lines))
    again = client.get(mapped(client, july).url)
    assert "không có gì thay đổi" in html.unescape(again.content.decode())
    assert (CaseRow.objects.count(), CaseCount.objects.count(), Entry.objects.count()) == before
    second = read(client, july, work, as_csv(lines[:39]))
    first.refresh_from_db()
    assert first.replaced and second.state == "done"
    assert set(CaseRow.objects.values_list("file", flat=True)) == {second.pk}
    assert CaseRow.objects.count() == 39


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
    mapping = CaseMapping.objects.get()
    assert (mapping.name, mapping.unit) == ("Cổng tỉnh", people.alpha)
    uploaded(client, july, as_csv(lines[:20]), mapping=str(mapping.pk))
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
    assert [mapping.name for mapping in mappings_for(people.beta)] == ["Cổng tỉnh"]


def test_fields_that_a_system_calls_otherwise_are_mapped(as_, july, work):
    client, expected = as_("clerk"), counted(rows(60))
    other = {"ho-tich": "Lĩnh vực Hộ-tịch (cấp xã)", "chung-thuc": "Tư pháp"}
    field, procedure = HEADS.index("Lĩnh vực"), HEADS.index("Tên thủ tục")
    lines = [[other[cell] if at == field else cell for at, cell in enumerate(line)] for line in rows(60)]
    unread = read(client, july, work, as_csv(lines))
    assert {fault["code"] for fault in unread.faults} == {"unknown_field"}
    assert {fault["message"] for fault in unread.faults} == {"Danh mục không có lĩnh vực “Tư pháp”."}
    page = client.get(address("case_file", july.pk, unread.pk))
    boxes = {word: box for *_, words in page.context["words"] for word, _, box, _ in words}
    mapped(client, july, **{boxes["Tư pháp"]: "chung-thuc"})
    work()
    counts = CaseFile.objects.get().counts.select_related("field")
    received = {count.field.code: count.received_direct for count in counts}
    assert received == {name: measures["received_direct"] for name, measures in expected.items()}
    columns = [at for at in range(len(HEADS)) if at not in (field, procedure)]
    bare = [[line[at] for at in columns] for line in lines]
    uploaded(client, july, as_csv(bare, [HEADS[at] for at in columns]))
    refusal = html.unescape(mapped(client, july).content.decode())
    assert "Chọn cột “Lĩnh vực” hoặc cột “Thủ tục”." in refusal


def test_a_unit_that_reports_undivided_has_everything_in_one_row(as_, people, work):
    july = actions.open_submission(people.office, JULY, by=None, at=AT)
    Membership.objects.create(user=people.clerk, unit=people.office, role=Role.CLERK, valid_from=SINCE)
    lines = rows(40)
    file = read(as_("clerk"), july, work, as_csv(lines))
    (count,) = file.counts.all()
    expected = counted(lines)
    assert count.received_direct == sum(measures["received_direct"] for measures in expected.values())
