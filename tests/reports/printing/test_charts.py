"""Charts of a printed review: from its figures, distinguishable in grey, with gaps for missing months."""

import re
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from pypdf import PdfReader

from figures.completeness import Completeness
from figures.formatting import format_count, format_percent
from figures.summary import Summary
from reports import document
from reports.printing import charts, print_view
from tests.reports.conftest import attached
from tests.support.loaded_demo import NOW

GREY = re.compile(r'(?:fill|stroke)="(#[0-9a-fA-F]{3,6})"')


@pytest.fixture
def doc(review) -> dict:
    return document.build_document(review, demo=True)


def rendered(doc: dict) -> str:
    return render_to_string("reports/printing/review.html", print_view.print_context(doc))


def test_line_goes_through_every_month(doc):
    chart = print_view.print_context(doc)["trend"]
    assert [panel.name for panel in chart.panels] == ["Cấp huyện", "Cấp xã"]
    for panel, tier in zip(chart.panels, doc["by_month"], strict=True):
        now, before = panel.lines
        assert (now.kind, before.kind) == ("now", "before") and len(now.dots) == len(before.dots) == 6
        assert [value for _, _, value in now.dots] == [
            format_percent(month["percent"]) for month in tier["now"]
        ]
        heights = [int(y) for _, y, _ in now.dots]
        shares = [month["numerator"] / month["denominator"] for month in tier["now"]]
        rank = sorted(range(6), key=lambda place: shares[place])
        assert [heights[place] for place in rank] == sorted(heights, reverse=True)
        assert all(0 < int(y) < chart.height for line in panel.lines for _, y, _ in line.dots)
    assert "T1" in rendered(doc) and "cùng kỳ kết thúc ở" in chart.alt


def test_monthly_shares_are_those_of_the_period(doc):
    figures = Summary.from_dict(doc["figures"])
    for tier in doc["by_month"]:
        share = figures.tier(tier["tier"]).shares["online"]
        assert sum(month["numerator"] for month in tier["now"]) == share.numerator
        assert sum(month["denominator"] for month in tier["now"]) == share.denominator


def months(*shares: int | None) -> list[dict]:
    return [
        {
            "month": f"2022-M{place:02d}",
            "percent": None if share is None else f"{share}.0",
            "numerator": share or 0,
            "denominator": 0 if share is None else 100,
        }
        for place, share in enumerate(shares, 1)
    ]


def test_a_silent_month_is_a_gap():
    chart = charts.trend_chart(
        [{"tier": "commune", "now": months(10, 20, None, 30, 40), "before": months(*[None] * 5)}]
    )
    (line,) = chart.panels[0].lines
    assert len(line.parts) == 2 and len(line.dots) == 4
    assert charts.trend_chart([{"tier": "commune", "now": months(10, None), "before": []}]) is None
    assert charts.trend_chart([]) is None


def test_of_many_months_every_second_value_is_written():
    chart = charts.trend_chart([{"tier": "commune", "now": months(*range(10, 22)), "before": []}])
    values = [value for _, _, value in chart.panels[0].lines[0].dots]
    assert values[::2] == [f"{share},0%" for share in range(10, 22, 2)] and not any(values[1::2])


def test_bars_are_ordered_and_incomplete_units_stand_last(doc):
    figures = Summary.from_dict(doc["figures"])
    rows = [row for row in figures.rows if doc["unit_tiers"][row.key] == "commune"]
    incomplete = replace(rows[0].figures, completeness=Completeness(5, 6, ()))
    changed = [replace(rows[0], figures=incomplete), *rows[1:]]
    chart = charts.unit_bars("commune", figures.tier("commune"), changed)
    widths = [int(bar.width) for bar in chart.bars]
    assert widths[:-1] == sorted(widths[:-1], reverse=True) and len(widths) == 16
    assert not chart.bars[-1].whole and chart.bars[-1].name.endswith("(chưa đủ)")
    assert all(bar.whole for bar in chart.bars[:-1])
    assert charts.unit_bars("commune", figures.tier("commune"), rows[:2]) is None


def test_words_of_the_bars_name_whole_units_that_are_no_estimates(doc):
    """The largest is an estimate, the smallest misses a report: both come last, marked, and the text names neither."""
    figures = Summary.from_dict(doc["figures"])
    rows = [row for row in figures.rows if doc["unit_tiers"][row.key] == "commune"]
    names = [bar.name for bar in charts.unit_bars("commune", figures.tier("commune"), rows).bars]
    by_name = {row.name[:1].upper() + row.name[1:]: row for row in rows}
    guess, lacks = by_name[names[0]], by_name[names[-1]]
    changed = [
        replace(row, figures=replace(row.figures, estimated=True)) if row is guess
        else replace(row, figures=replace(row.figures, completeness=Completeness(5, 6, ()))) if row is lacks
        else row
        for row in rows
    ]  # fmt: skip
    chart = charts.unit_bars("commune", figures.tier("commune"), changed)
    assert [bar.name for bar in chart.bars[-2:]] == [f"{names[0]} (ước tính)", f"{names[-1]} (chưa đủ)"]
    assert not any(bar.whole for bar in chart.bars[-2:])
    best, worst = by_name[names[1]].name, by_name[names[-2]].name
    assert f"cao nhất là {best}, thấp nhất là {worst};" in chart.alt
    none = [replace(row, figures=replace(row.figures, estimated=True)) for row in rows]
    alt = charts.unit_bars("commune", figures.tier("commune"), none).alt
    assert "nhất" not in alt and alt.endswith("số của từng đơn vị ghi ở phụ lục")


def test_of_very_many_the_first_and_the_last_are_drawn(doc):
    figures = Summary.from_dict(doc["figures"])
    rows = [row for row in figures.rows if doc["unit_tiers"][row.key] == "commune"]
    many = [replace(row, key=f"{row.key}-{turn}") for turn in range(30) for row in rows]
    chart = charts.unit_bars("commune", figures.tier("commune"), many)
    assert len(chart.bars) == 21 and chart.bars[10].name == "… 460 đơn vị khác …"
    assert chart.height < 1_100, "it fits on a page with words around it"


def test_everything_is_grey_and_well_formed(doc):
    html = rendered(doc)
    for shade in GREY.findall(html):
        digits = shade[1:]
        parts = list(digits) if len(digits) == 3 else [digits[place : place + 2] for place in (0, 2, 4)]
        assert len(set(parts)) == 1, shade
    drawings = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(drawings) == 8
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.findtext("title")
        assert not re.search(r'="[0-9]+,[0-9]+"', drawing.replace("points=", ""))


def test_an_older_document_has_no_line(doc):
    del doc["by_month"]
    assert print_view.print_context(doc)["trend"] is None
    assert "theo tháng, so với cùng kỳ" not in rendered(doc)


def test_drawings_are_vectors(doc):
    reader = PdfReader(BytesIO(attached(doc, at=NOW)))
    assert not [image for page in reader.pages for image in page.images]


def numbers(data) -> tuple[set[str], set[str]]:
    """Percentages and counts in the data, as printed."""
    percents, counts = set(), set()
    queue = [data]
    while queue:
        item = queue.pop()
        if isinstance(item, dict):
            texts = [
                item[name]
                for name in item
                if name.endswith(("percent", "target")) and isinstance(item[name], str)
            ]
            percents |= set(map(format_percent, texts))
            queue += item.values()
        elif isinstance(item, list):
            queue += item
        elif isinstance(item, int):
            counts.add(format_count(item))
    return percents, counts


def test_every_figure_that_is_printed_is_frozen(doc):
    """All percentages, and counts from 1,000 on, which nothing else resembles; also in charts. Except sums in the form
    and numbers typed by hand.
    """
    text = re.sub(r"<title>.*?</title>|<[^>]+>", " ", rendered(doc).split("<main>")[1], flags=re.DOTALL)
    percents, counts = numbers(doc)
    view = print_view.print_context(doc)
    added = {format_count(cell) for row in view["form_rows"] for cell in row.cells if cell is not None}
    runs = [run for section in doc["sections"] for paragraph in section["paragraphs"] for run in paragraph]
    by_hand = " ".join(run for run in runs if isinstance(run, str))
    # The sum of rounded rates in the footnote, and the constants for all and nothing.
    rounding = {"100%", "0%", *re.findall(r"[0-9]+,[0-9]+%", view["rounding_note"])}
    shown = set(re.findall(r"[0-9]+(?:,[0-9]+)?%", text))
    large = set(re.findall(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{3})+(?![0-9])", text))
    assert len(shown) > 80 and len(large) > 40
    assert {
        number for number in shown - percents - rounding | large - counts - added if number not in by_hand
    } == set()
