"""Outlets with edge cases: no figures, zero, blanks, texts that a spreadsheet would run as formulas."""

import csv
from datetime import datetime
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.template import engines
from django.template.loader import render_to_string

from core.text import fold
from figures.periods import Month, Period
from figures.rates import Share
from figures.summary import RowInput, build_summary, compute_figures
from figures.tally import Tally
from reports import charts
from reports.charts import ChartPoint
from reports.dashboard import blocks
from reports.tables.columns import TableEntry, flat_table
from reports.tables.files import table_csv_bytes, table_xlsx_bytes
from reports.tables.html_table import MOST_ROWS, FiguresTable
from spreadsheets.table_writer import escape_formula

JUNE = Month(2022, 6)
PERIOD = Period.parse("2022-H1")


def tally(direct, online=None, postal=None, *, reported=6, expected=6, blanks=None, late=None) -> Tally:
    values = {
        "received_direct": direct,
        "received_online_full": online,
        "received_postal": postal,
        "pending_late": late,
    }
    return Tally.of(values, reported=reported, expected=expected, blanks=blanks)


def summary(rows: dict[str, Tally], by="unit"):
    """A Summary of communes with one row each."""
    return build_summary(
        unit="351",
        unit_name="huyện Thanh Liêm",
        period=PERIOD,
        tiers={"commune": [(JUNE, row) for row in rows.values()]},
        by=by,
        rows=[
            RowInput(str(place), name, [(JUNE, row)], extra={"tier": "commune"})
            for place, (name, row) in enumerate(rows.items())
        ],
    )


def entries(data) -> list[TableEntry]:
    return [TableEntry(row, fold(row.name), f"?unit={row.key}", "", "") for row in data.rows]


def table(data, **options) -> FiguresTable:
    means = {"": data.total.shares["online"]}
    return FiguresTable(
        entries(data), link=lambda **params: "?" + str(params), first="Đơn vị", means=means, **options
    )


FOUR = {
    "Bình": tally(50, 50),
    "An": tally(0, 10),
    "Câm": tally(None, reported=0),
    "Dở": tally(5, 95, reported=5),
    "Êm": tally(7, None),
}


@pytest.mark.parametrize(
    ("order", "ranked"),
    [
        ("-online_share", ["An", "Bình", "Êm"]),
        ("online_share", ["Bình", "An", "Êm"]),  # "—" last in both directions
        ("-received", ["Bình", "An", "Êm"]),
        ("name", ["An", "Bình", "Êm"]),
        ("-name", ["Êm", "Bình", "An"]),
        ("nothing", ["An", "Bình", "Êm"]),
    ],
)
def test_only_complete_units_rank(order, ranked):
    (section,) = table(summary(FOUR), order_by=order).sections()
    assert [line.name for line in section.ranked] == ranked
    assert {line.name for line in section.apart} == {"Câm", "Dở"}


def test_pages_hold_at_most_500_rows():
    many = table(summary({f"Xã {n:04}": tally(n) for n in range(MOST_ROWS + 3)}), order_by="name")
    sizes = [sum(len(section.ranked) for section in many.sections(page)) for page in (1, 2, 3)]
    assert sizes == [MOST_ROWS, 3, 0]


def test_a_partial_share_is_marked():
    data = summary({"An": tally(10, blanks={"received": 1})})
    (section,) = table(data).sections()
    assert "chưa đủ" in section.ranked_rows
    assert blocks.channel_finding(data) == "Hồ sơ tiếp nhận theo hình thức"


@pytest.mark.parametrize(
    ("values", "segments"),
    [
        (
            (463, 496, 1),
            [("direct", "48.22%", False), ("online", "51.66%", False), ("postal", "0.10%", True)],
        ),
        ((10, 0, 0), [("direct", "100.00%", False), ("online", "0.00%", False), ("postal", "0.00%", False)]),
        ((10, None, None), [("direct", "100.00%", False)]),
        ((0, 0, 0), []),
        ((None, None, None), []),
    ],
)
def test_share_bars(values, segments):
    bar = charts.share_bar("Cấp xã", compute_figures(tally(*values)))
    assert [(segment.key, segment.width, segment.thin) for segment in bar.segments] == segments
    drawn = render_to_string("reports/charts/share_bar.html", {"bar": bar})
    assert "style=" not in drawn and ("<svg" in drawn) == bool(segments)


@pytest.mark.parametrize(
    ("now", "goal", "reached", "verdict", "start"),
    [
        ("98.6", "99.0", False, "Thiếu 0,4 điểm", 95),
        ("99.0", "99.0", True, "Đạt chỉ tiêu", 95),
        ("40.0", "99.0", False, "Thiếu 59,0 điểm", 0),
        ("99.97", None, None, "", 95),
        (None, "99.0", None, "", 95),
    ],
)
def test_on_time_scale(now, goal, reached, verdict, start):
    scale = charts.rate_scale([("Cấp xã", Share(now, 1, 2), None, goal)])
    (dot,) = scale.dots
    assert (dot.reached, dot.verdict, scale.start) == (reached, verdict, start)
    assert len(scale.ticks) == 6 and scale.ticks[-1] == ("100.00%", "100%")
    assert (dot.now is None) == (now is None)


def test_months_without_reports_are_gaps():
    figures = [
        compute_figures(tally(1, 1, reported=1, expected=1)),
        compute_figures(tally(None, reported=0, expected=1)),
        None,
    ]
    months = Month.range(Month(2022, 1), Month(2022, 3))
    chart = blocks.online_by_month(months, [("commune", figures)], ["commune"])
    assert [point.percent for point in chart.series[0].points] == ["50.0", None, None]
    assert chart.sentence == "Trực tuyến tháng 1/2022: cấp xã 50,0%"


def test_incomplete_months_are_hollow():
    share = Share("50.0", 1, 2)
    assert ChartPoint.of(share, complete=False, completeness="1/2").hollow
    assert ChartPoint.of(Share("50.0", 1, 2, partial=True), complete=True, completeness="2/2").hollow
    assert not ChartPoint.of(Share(None, None, None), complete=False, completeness="0/2").hollow


def test_names_are_escaped():
    (section,) = table(summary({"<script>x</script>": tally(1, 1)})).sections()
    assert "<script>" not in section.ranked_rows and "&lt;script&gt;" in section.ranked_rows


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "xã\x0b Thanh", '=HYPERLINK("http://x")']


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_becomes_a_formula(text):
    data = summary({text: tally(1, 1, 0)})
    file = flat_table(data, entries(data), filters=text, made_at=datetime(2022, 8, 12, 8, 30))
    row = next(csv.DictReader(StringIO(table_csv_bytes(file).decode("utf-8-sig"), newline="")))
    assert not row["Đơn vị"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row["Tiếp nhận trực tiếp"] == "1"
    book = openpyxl.load_workbook(BytesIO(table_xlsx_bytes(file)))
    sheet = book["Số liệu"]
    assert sheet["A4"].data_type == "s" and "\x0b" not in sheet["A4"].value
    assert sheet["E4"].value == 1
    assert sheet.freeze_panes == "B4"
    assert all(cell.data_type != "f" for line in book["Nguồn"].iter_rows() for cell in line)


def test_plain_text_stays_as_it_is():
    assert escape_formula("xã Thanh Tân – Hà Nam") == "xã Thanh Tân – Hà Nam"
    assert escape_formula("-5") == "'-5"


def test_nothing_reported_is_blank_in_files():
    data = summary({"Câm": tally(None, reported=0)})
    file = flat_table(data, entries(data), filters="", made_at=datetime(2022, 8, 12, 8, 30))
    row = next(csv.DictReader(StringIO(table_csv_bytes(file).decode("utf-8-sig"))))
    assert row["Tiếp nhận trực tiếp"] == "" and row["Ghi chú"] == "chưa có báo cáo"
    assert row["Tỷ lệ hồ sơ trực tuyến (%)"] == "—"
    sheet = openpyxl.load_workbook(BytesIO(table_xlsx_bytes(file)))["Số liệu"]
    assert sheet["E4"].value is None


@pytest.mark.parametrize(
    ("template", "value", "written"),
    [
        ("{{ v|count }}", 14_700, "14.700"),
        ("{{ v|count }}", None, "—"),
        ("{{ v|percent }}", "87.4", "87,4%"),
        ("{{ v|percent }}", "100.0", "100%"),
        ("{{ v|percent }}", Share(None, None, 0), "—"),
        ("{{ v|share }}", Share("87.4", 1, 2, partial=True), "87,4% (chưa đủ)"),
        ("{{ v|parts }}", Share("98.6", 908, 921), "908/921"),
        ("{{ v|points }}", "-0.4", "−0,4"),
        ("{{ v|month }}", 202206, "tháng 6/2022"),
        ("{{ v|period }}", "2022-H1", "6 tháng đầu năm 2022"),
        ("{{ v|moment }}", None, "—"),
    ],
)
def test_numbers_in_templates(template, value, written):
    assert engines["django"].from_string(template).render({"v": value}) == written


@pytest.mark.parametrize(
    ("tiers", "heading"),
    [
        (
            {"district": tally(1, 9), "commune": tally(9, 1)},
            "Cấp huyện chủ yếu trực tuyến, cấp xã chủ yếu trực tiếp",
        ),
        ({"district": tally(9, 1), "commune": tally(9, 1)}, "Cấp huyện và cấp xã chủ yếu trực tiếp"),
        ({"commune": tally(5, 5)}, "Hồ sơ tiếp nhận theo hình thức"),
        ({"commune": tally(None)}, "Hồ sơ tiếp nhận theo hình thức"),
    ],
)
def test_the_heading_claims_only_what_holds(tiers, heading):
    data = build_summary(
        unit="1", unit_name="x", period=PERIOD, tiers={t: [(JUNE, counts)] for t, counts in tiers.items()}
    )
    assert blocks.channel_finding(data) == heading
    assert len(heading.split()) <= 12


def test_an_unchanged_share_is_not_called_a_rise():
    data = summary({"A": tally(80, 20)})
    assert blocks.channel_comparison(data, summary({"A": tally(160, 40)})).sentence == (
        "Trực tuyến so với cùng kỳ: cấp xã vẫn là 20,0%"
    )
    assert blocks.channel_comparison(data, summary({"A": tally(9, 1)})).sentence.endswith(
        "từ 10,0% lên 20,0%"
    )
    assert blocks.channel_comparison(data, summary({"A": tally(7, 3)})).sentence.endswith(
        "từ 30,0% còn 20,0%"
    )
