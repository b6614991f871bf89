"""Pages that edit outlines by unit and year, and phrases."""

import pytest

from figures.periods import Period
from ledger.models import Entry
from reports.drafting.queries import outline_for, phrases_in_use, sections_for_review
from reports.models import Outline, StoredPhrase
from tests.support.loaded_demo import NOW
from units.models import Unit

from .test_draft import drafted, text

OUTLINE, PHRASES = "/reports/outline/", "/reports/phrases/"


def sent(client, unit: Unit, year: int = 2022) -> dict[str, str]:
    """The outline form's data as a browser would send it back."""
    forms = client.get(OUTLINE, {"unit": unit.pk, "year": year}).context["forms"]
    data = {"unit": str(unit.pk), "year": str(year)}
    for bound in [*forms.management_form, *(field for form in forms for field in form)]:
        value = bound.value()
        data[bound.html_name] = "" if value is None else str(value)
    return data


@pytest.mark.parametrize(
    ("name", "outline", "phrase"),
    [("tonghop", 200, 403), ("lanhdao", 403, 403), ("quantri", 403, 200), ("xa-13474", 403, 403)],
)
def test_rights(signed_in, review, name, outline, phrase):
    client = signed_in(name)
    assert client.get(OUTLINE).status_code == outline
    assert client.get(PHRASES).status_code == phrase
    assert client.get(PHRASES + "hinh-thuc/").status_code == phrase
    assert client.post(PHRASES + "hinh-thuc/", {"drop": "1"}).status_code == (302 if phrase == 200 else 403)


@pytest.mark.parametrize("unit", ["0", "987654321", "x", "9" * 40, "-1"])
def test_unknown_units_are_404(signed_in, review, unit):
    assert signed_in("tonghop").get(OUTLINE, {"unit": unit}).status_code == 404


def test_an_outline_is_changed_by_unit_and_year(signed_in, review):
    editor, district = signed_in("tonghop"), Unit.objects.get(code="351")
    office = Unit.objects.get(code="phong-noi-vu")
    data = sent(editor, district, 2023)
    data |= {"muc-3-heading": "2.1. Thể chế", "muc-3-responsible": str(office.pk), "muc-3-due_days": "5"}
    data |= {"muc-5-heading": "", "muc-15-heading": "V. MỤC MỚI", "muc-15-order": "1", "muc-15-level": "1"}
    answer = editor.post(OUTLINE, data)
    assert answer.status_code == 302, [form.errors for form in answer.context["forms"]]
    made = outline_for(district, 2023)
    assert [section.heading for section in made.sections][:2] == ["V. MỤC MỚI", "I. TÌNH HÌNH THỰC HIỆN"]
    (institutions,) = [section for section in made.sections if section.heading == "2.1. Thể chế"]
    assert (institutions.responsible, institutions.due_days) == (office.pk, 5)
    assert len(made.sections) == 15 and len(outline_for(district, 2022).sections) == 15
    assert outline_for(district, 2022).of is None
    page = editor.get(OUTLINE, {"unit": district.pk, "year": 2023}).content.decode()
    assert "có đề cương riêng từ năm 2023" in page and "19/6/2023" in page
    assert Entry.objects.filter(action="outline.save").latest("sequence").detail["year"] == 2023
    assert editor.post(OUTLINE, {"unit": district.pk, "year": 2023, "drop": "1"}).status_code == 302
    assert not Outline.objects.exists()
    assert editor.post(OUTLINE, {"unit": district.pk, "year": 2023, "drop": "1"}).status_code == 422


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"muc-0-due_days": "500"}, "Ghi một số từ 0 đến 180."),
        ({"muc-0-heading": "x" * 301}, "Dài quá 300 ký tự."),
        ({"muc-0-block": "x"}, "Không chọn được mục này."),
        ({"muc-0-responsible": "999999"}, "Không chọn được mục này."),
        ({f"muc-{n}-heading": "" for n in range(20)}, "ít nhất một mục"),
    ],
)
def test_a_wrong_outline_is_refused(signed_in, review, change, message):
    editor, district = signed_in("tonghop"), Unit.objects.get(code="351")
    answer = editor.post(OUTLINE, sent(editor, district) | change)
    assert answer.status_code == 422 and message in answer.content.decode()
    assert not Outline.objects.exists()


def written(client, key: str = "hinh-thuc", **change: str) -> dict[str, str]:
    form = client.get(f"{PHRASES}{key}/").context["form"]
    data = {bound.html_name: "" if bound.value() in (None, False) else str(bound.value()) for bound in form}
    return data | change


def test_a_phrase_is_changed_and_reset(signed_in, review):
    admin = signed_in("quantri")
    page = admin.get(PHRASES + "hinh-thuc/").content.decode()
    assert "Cấp huyện tiếp nhận và trả kết quả trực tiếp 463 hồ sơ, đạt 48,2%" in page
    data = written(admin, text="{*} nhận trực tiếp {now.*.received_direct} hồ sơ.")
    assert admin.post(PHRASES + "hinh-thuc/", data).status_code == 302
    assert "Cấp huyện nhận trực tiếp 229 hồ sơ." in text(drafted("351", "2022-Q1"), "tthc")
    assert "Đã sửa" in admin.get(PHRASES).content.decode()
    assert Entry.objects.filter(action="phrase.save").latest("sequence").subject == "phrase:hinh-thuc"
    admin.post(PHRASES + "hinh-thuc/", {"drop": "1"})
    assert not StoredPhrase.objects.exists()
    assert "tiếp nhận và trả kết quả trực tiếp" in text(drafted("351", "2022-Q2"), "tthc")


def test_a_phrase_is_added_and_switched_off(signed_in, review):
    admin = signed_in("quantri")
    new = {
        "key": "rieng", "section": "the-che", "slot": "rieng", "order": "1", "of": "", "conditions": "",
        "text": "Kỳ này có {now.total.received} hồ sơ.", "in_use": "on",
    }  # fmt: skip
    assert admin.post(PHRASES + "new/", new).status_code == 302
    assert text(drafted("351", "2022-Q1"), "the-che") == "Kỳ này có 8.617 hồ sơ."
    assert "Mã câu này đã có" in admin.post(PHRASES + "new/", new).content.decode()
    assert admin.post(PHRASES + "rieng/", written(admin, "rieng", in_use="")).status_code == 302
    assert text(drafted("351", "2022-Q2"), "the-che") == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "Có {now.total.recieved} hồ sơ"}, "Ký tự 5: không có số liệu nào tên"),
        ({"text": "Có [abc"}, "Ký tự 4: dấu “[” chưa có dấu “]” đóng lại."),
        ({"conditions": "now.*.received quá 5"}, "Ký tự 1: “now.*.received quá 5” không phải điều kiện"),
        ({"of": ""}, "“*” chỉ dùng khi câu nói về từng cấp"),
        ({"text": "x" * 3001}, "Dài quá 3.000 ký tự."),
        ({"text": ""}, "Hãy ghi mục này."),
        ({"order": "nhất"}, "Ghi một số từ 0 đến 100000."),
        ({"section": "x"}, "Không chọn được mục này."),
    ],
)
def test_a_wrong_phrase_is_refused_with_its_place(signed_in, review, change, message):
    admin = signed_in("quantri")
    answer = admin.post(PHRASES + "hinh-thuc/", written(admin) | change)
    assert answer.status_code == 422 and message in answer.content.decode()
    assert not StoredPhrase.objects.exists()


def test_unknown_phrases(signed_in, review):
    assert signed_in("quantri").get(PHRASES + "khong-co/").status_code == 404


def test_phrases_are_read_at_once(review, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert len(phrases_in_use()) > 30
    assert sections_for_review(Unit.objects.get(code="351"), Period.parse("2022-H1")) and NOW
