"""The `import_cases` command."""

import json

import pytest
from django.core.management import CommandError, call_command

from records.cases import actions
from records.models import CaseFile, CaseMapping, CaseRow
from tests.records.conftest import AT

from .exports import as_csv, counted, rows


@pytest.fixture
def run(people, fields, tmp_path, capsys):
    """run(content, …) → exit code and the JSON answer."""

    def go(content: bytes, *more: str) -> tuple[int, dict]:
        path = tmp_path / "ho-so.csv"
        path.write_bytes(content)
        code = 0
        try:
            call_command(
                "import_cases",
                str(path),
                "--unit",
                "13441",
                "--period",
                "2022-M07",
                "--format",
                "json",
                *more,
            )
        except SystemExit as left:
            code = left.code
        return code, json.loads(capsys.readouterr().out)

    return go


def test_it_reads_whole_or_nothing(run):
    lines = rows(50)
    assert run(as_csv(lines), "--by", "xa-13441") == (0, {"written": 50, "unchanged": 0, "errors": []})
    file = CaseFile.objects.get()
    assert file.state == "done" and str(file.asked_by)
    by_field = {count.field.code: count.received_direct for count in file.counts.select_related("field")}
    assert by_field == {field: measures["received_direct"] for field, measures in counted(lines).items()}
    assert run(as_csv(lines)) == (0, {"written": 0, "unchanged": 50, "errors": []})
    lines[7][1] = lines[3][1]
    code, answer = run(as_csv(lines))
    assert code == 1 and [(error["row"], error["column"], error["code"]) for error in answer["errors"]] == [
        (11, "Số hồ sơ", "repeated_row")
    ]
    assert CaseRow.objects.count() == 50


def test_undecidable_choices_have_to_be_given(run, people):
    lines = [[*line[:-1], f"{line[-1]} lạ" if line[-1].startswith("Đang") else line[-1]] for line in rows(30)]
    strange = [[*line[:-1], "Trạng thái X" if "lạ" in line[-1] else line[-1]] for line in lines]
    code, answer = run(as_csv(strange))
    assert code == 1 and answer["errors"][0]["code"] == "mapping"
    assert "Trạng thái X" in answer["errors"][0]["message"]
    words = {"state": {"trang thai x": "open"}}
    heads = {
        "code": "Số hồ sơ",
        "received": "Ngày tiếp nhận",
        "channel": "Hình thức tiếp nhận",
        "due": "Ngày hẹn trả",
    }
    heads |= {
        "ended": "Ngày trả kết quả",
        "state": "Trạng thái",
        "field": "Lĩnh vực",
        "returned_by": "Hình thức trả kết quả",
    }
    content = {"columns": heads, "words": words, "undue": False}
    CaseMapping.objects.create(unit=people.district, name="Cổng", content=content, saved_at=AT, saved_by="x")
    assert run(as_csv(strange), "--mapping", "Cổng")[0] == 0
    with pytest.raises(CommandError):
        run(as_csv(strange), "--mapping", "Không có")


def test_broken_off_nothing_stays(run, monkeypatch):
    put = actions.put_case_file_in_force
    monkeypatch.setattr(
        actions, "put_case_file_in_force", lambda *arguments, **more: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        run(as_csv(rows(20)))
    assert CaseFile.objects.get().state == "cancelled" and not CaseRow.objects.exists()
    monkeypatch.setattr(actions, "put_case_file_in_force", put)
    assert run(as_csv(rows(20)))[0] == 0
