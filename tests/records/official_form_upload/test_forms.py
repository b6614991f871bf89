"""Official forms in force: a form of 2026 with another column needs only a data file."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings as project

from records.official_form_upload.reader import DOSSIER_FORM, official_forms

OURS = Path(project.BASE_DIR) / "fixtures" / "forms"
BEFORE, AFTER = date(2025, 12, 14), date(2026, 6, 14)


def successor(**changes) -> dict:
    """A form of 2026 with a column of its own for withdrawn dossiers."""
    data = json.loads((OURS / "ii-06a.json").read_text())
    data |= {"key": "bm-2026", "code": "BM.2026/BTP", "replaces": DOSSIER_FORM, "valid_from": "2026-01-10"}
    columns = data["columns"]
    columns[6]["sources"] = ["resolved_on_time"]
    group = "Số lượng hồ sơ đã giải quyết"
    columns.insert(8, {"number": 11, "group": group, "head": "Rút, trả lại", "sources": ["withdrawn"]})
    columns[4]["adds"] = [8, 9, 10, 11]
    for place, column in enumerate(columns[9:], 12):
        column["number"] = place
    columns[9]["adds"] = [13, 14]
    data["identities"] = [{"left": [3], "right": [7, 12]}]
    data["within"] = [{"source": "awaiting", "words": "hồ sơ chờ bổ sung tính vào cột (13)"}]
    return data | changes


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    settings.FORM_DIRS = [OURS, tmp_path]
    return tmp_path


def put(folder: Path, data, name: str = "bm-2026.json") -> None:
    text = data if isinstance(data, str) else json.dumps(data)
    (folder / name).write_text(text, encoding="utf-8")


def test_ours_are_in_force_and_without_fault(folder):
    assert [form.code for form in official_forms().in_force(AFTER)] == [
        "II.06a/VPCP/KSTT", "II.06b/VPCP/KSTT", "II.06c/VPCP/KSTT",
    ]  # fmt: skip
    assert official_forms().faults == ()


def test_a_successor_of_2026_needs_only_its_data(folder):
    put(folder, successor())
    forms = official_forms()
    assert forms.faults == ()
    assert [forms.on(DOSSIER_FORM, day).code for day in (BEFORE, AFTER)] == [
        "II.06a/VPCP/KSTT",
        "BM.2026/BTP",
    ]
    assert "BM.2026/BTP" not in [form.code for form in forms.in_force(BEFORE)]
    assert "II.06a/VPCP/KSTT" not in [form.code for form in forms.in_force(AFTER)]
    new = forms.on(DOSSIER_FORM, AFTER)
    cells = dict(zip(new.places, new.cells({"resolved_on_time": 6, "withdrawn": 2}), strict=True))
    assert (cells[9], cells[11], cells[7]) == (6, 2, 8)


def test_a_file_is_reread_after_a_change(folder):
    put(folder, successor())
    assert official_forms().on(DOSSIER_FORM, AFTER).title.startswith("Tình hình")
    put(folder, successor(title="Kết quả giải quyết"))
    assert official_forms().on(DOSSIER_FORM, AFTER).title == "Kết quả giải quyết"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "Dòng 1, cột 2: không phải JSON."),
        ("[" * 100_000, "Không đọc được"),
        (successor(key=DOSSIER_FORM), "key: “ii-06a” đã là của biểu II.06a/VPCP/KSTT"),
        (successor(replaces="ii-99"), "replaces: không có biểu “ii-99”"),
        (successor(valid_from=""), "valid_from: biểu thay thế phải có ngày"),
        (successor(columns="x"), "columns: phải là một danh sách"),
    ],
)
def test_an_unusable_file_is_reported_and_blocks_no_other(folder, data, message):
    put(folder, data)
    forms = official_forms()
    assert len(forms.all) == len(list(OURS.glob("*.json")))
    ((name, words),) = forms.faults
    assert name == "bm-2026.json" and message in words


def test_two_successors_of_one_form_are_a_fault(folder):
    put(folder, successor())
    put(folder, successor(key="khac"), "khac.json")
    ((name, words),) = official_forms().faults
    assert name == "khac.json" and "đã có biểu khác thay thế" in words
