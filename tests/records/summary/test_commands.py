"""The `summary` command on the demo files of Thanh Liêm: the figures of the news item, in the published format."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from figures.measures import MEASURES, SUMS

DEMO = Path(settings.BASE_DIR) / "fixtures" / "thanhliem"
pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO())
    return out.getvalue()


def summary(*args: str) -> dict:
    return json.loads(run("summary", "--format", "json", *args))


@pytest.fixture
def thanh_liem(db) -> None:
    run("import_units", str(DEMO / "units.csv"))
    run("import_catalogue", str(DEMO / "catalogue.csv"))
    run(
        "import_counts", str(DEMO / "counts-2022.csv"), str(DEMO / "counts-2022-07-approved.csv"), "--approve"
    )
    run("import_counts", str(DEMO / "counts-2022-07-sent.csv"))


def test_first_half_of_2022(thanh_liem):
    result = summary("--unit", "351", "--period", "2022-H1")
    assert result["period"] == {"code": "2022-H1", "from": "2021-12-15", "to": "2022-06-14"}
    district, commune = result["tiers"]
    assert district["completeness"] == {"reported": 72, "expected": 72, "missing": []}
    assert commune["completeness"] == {"reported": 96, "expected": 96, "missing": []}
    numbers = [
        district["counts"][name]
        for name in ("received_direct", "received_online", "received_postal", "received")
    ]
    assert numbers == [463, 496, 1, 960]
    assert [district["shares"][name]["percent"] for name in ("direct", "online", "postal")] == [
        "48.2",
        "51.7",
        "0.1",
    ]
    assert [commune["shares"][name]["percent"] for name in ("direct", "online", "postal")] == [
        "87.4",
        "12.6",
        "0.03",
    ]
    assert commune["shares"]["direct"] == {"percent": "87.4", "numerator": 14712, "denominator": 16833}
    assert result["total"]["counts"]["received"] == 17793
    assert list(result["total"]["counts"]) == [*MEASURES, *SUMS]
    assert "rows" not in result
    assert list(result) == ["unit", "basis", "include", "decimals", "period", "tiers", "total"]


@pytest.mark.parametrize("by", ["unit", "field", "month"])
def test_rows_add_up_to_the_total(thanh_liem, by):
    result = summary("--unit", "351", "--period", "2022-H1", "--by", by, "--tier", "commune")
    total = result["total"]["counts"]
    assert len(result["rows"]) == {"unit": 16, "field": 8, "month": 6}[by]
    for name in ("received_direct", "received_postal", "resolved_late", "received"):
        assert sum(row["counts"][name] or 0 for row in result["rows"]) == total[name]


def test_july_has_waiting_and_missing_reports(thanh_liem):
    missing = json.loads(run("list_missing", "--month", "2022-M07", "--unit", "351", "--format", "json"))
    # 13486 was returned; its file is not loaded here.
    assert [report["unit"] for report in missing] == ["13480", "13486", "13492"]
    assert missing[0] == {"unit": "13480", "name": "xã Liêm Túc", "month": "2022-M07"}
    assert json.loads(run("list_missing", "--month", "2022-M07", "--format", "json")) == missing
    approved = summary("--unit", "351", "--period", "2022-M07", "--tier", "commune")
    sent = summary("--unit", "351", "--period", "2022-M07", "--tier", "commune", "--include", "submitted")
    assert approved["total"]["completeness"]["reported"] == 10
    assert len(approved["total"]["completeness"]["missing"]) == 6
    assert sent["total"]["completeness"]["reported"] == 13


def test_external_bodies_only_when_asked(thanh_liem):
    without = summary("--unit", "351", "--period", "2022-H1")
    within = summary("--unit", "351", "--period", "2022-H1", "--external")
    assert within["total"]["completeness"]["expected"] == without["total"]["completeness"]["expected"] + 6


def test_csv_and_text_give_the_same_figure(thanh_liem):
    arguments = ("summary", "--unit", "351", "--period", "2022-H1", "--by", "unit")
    lines = list(csv.DictReader(StringIO(run(*arguments, "--format", "csv"))))
    commune = next(line for line in lines if line["key"] == "commune")
    assert (commune["received_direct"], commune["direct"], commune["postal"]) == ("14712", "87.4", "0.03")
    text = run(*arguments)
    assert "14.712" in text and "87,4%" in text and "96/96 báo cáo tháng" in text


def test_recount_agrees(thanh_liem):
    run("recount", "--check")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--unit", "nope", "--period", "2022-H1"), 1, "Không có đơn vị"),
        (("--unit", "351@2022-02-31", "--period", "2022-H1"), 1, "Không có ngày"),
        (("--unit", "351", "--period", "2022-H3"), 2, "không phải kỳ báo cáo"),
    ],
)
def test_refusals(db, args, code, words):
    with pytest.raises(CommandError, match=words) as refused:
        run("summary", *args)
    assert refused.value.returncode == code


def test_by_todays_units(thanh_liem, settings):
    settings.DEMO_TODAY = None
    run("import_units", str(DEMO / "units-2025.csv"))
    run("import_successions", str(DEMO / "successions-2025.csv"))
    result = summary("--unit", "13489", "--period", "2022-H1", "--basis", "today")
    olds = [
        summary("--unit", old, "--period", "2022-H1")["total"]["counts"]
        for old in ("13477", "13489", "13498")
    ]
    assert result["basis"] == "today" and result["units_of"] >= "2025-07-01"
    assert result["total"]["counts"]["received"] == sum(counts["received"] for counts in olds)
    assert result["total"]["completeness"] == {"reported": 18, "expected": 18, "missing": []}
    text = run("summary", "--unit", "13489", "--period", "2022-H1", "--basis", "today")
    assert "xã Thanh Lâm (13489)" in text and "Theo đơn vị hiện nay" in text
    with pytest.raises(CommandError, match="theo đơn vị khi báo cáo") as refused:
        run("summary", "--unit", "13489", "--period", "2022-H1", "--basis", "today", "--as-of", "2022-06-30")
    assert refused.value.returncode == 1
