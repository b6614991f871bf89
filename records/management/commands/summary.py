"""The figures of a unit and period."""

import csv
import json
from collections.abc import Iterator

from django.conf import settings
from django.core.management.base import BaseCommand

from figures import formatting
from figures.formatting import format_count, format_day, format_percent, tier_name
from figures.measures import LABELS
from figures.rates import Placement, rates_in
from figures.summary import COUNTS, MAIN_COUNTS, Figures, Summary
from records.models import Stage
from records.summary.figures_query import ROW_KINDS
from records.summary.parameters import BASES, parse_arguments
from records.summary.queries import summary
from units.models import Tier


class Command(BaseCommand):
    help = (
        "Số liệu của một đơn vị và kỳ. "
        "Ví dụ: python manage.py summary --unit 351 --period 2022-H1 --by unit --format json"
    )

    def add_arguments(self, parser):
        parser.add_argument("--unit", required=True, metavar="CODE", help="mã đơn vị, hoặc MÃ@2022-06-30")
        parser.add_argument(
            "--period", required=True, metavar="P", help="2022-M06, 2022-Q2, 2022-H1, 2022, …"
        )
        parser.add_argument("--tier", choices=Tier.values, help="chỉ một cấp")
        parser.add_argument(
            "--basis",
            choices=BASES,
            default="reported",
            help="theo đơn vị khi báo cáo, hoặc theo đơn vị hiện nay (lịch sử theo kế thừa)",
        )
        parser.add_argument("--include", choices=Stage.values, default=Stage.APPROVED.value)
        parser.add_argument(
            "--as-of",
            metavar="DAY",
            help="như đã duyệt đến hết ngày này, ví dụ 2022-06-30; chỉ với số đã duyệt",
        )
        parser.add_argument("--external", action="store_true", help="kể cả cơ quan ngoài ủy ban")
        parser.add_argument("--decimals", type=int, choices=(0, 1, 2), default=settings.FIGURE_DECIMALS)
        parser.add_argument("--by", choices=ROW_KINDS, help="thêm các dòng theo đơn vị, lĩnh vực hoặc tháng")
        parser.add_argument("--format", choices=("text", "json", "csv"), default="text", help="dạng kết quả")

    def handle(self, *args, format, **options):
        result = summary(parse_arguments(options))
        if format == "json":
            self.stdout.write(json.dumps(result.as_dict(), ensure_ascii=False, indent=1))
        elif format == "csv":
            write_csv(result, self.stdout)
        else:
            write_text(result, self.stdout)


def figure_lines(result: Summary) -> list[tuple[str, str, str, Figures]]:
    """(kind, key, name, figures) of tiers, total and rows."""
    lines = [("tier", tier, tier_name(tier), figures) for tier, figures in result.tiers]
    lines.append(("total", "", "Tổng cộng", result.total))
    return lines + [(result.by or "", row.key, row.name, row.figures) for row in result.rows]


def write_csv(result: Summary, out) -> None:
    """One line per tier, total and row; a blank where nothing was reported. Queries as of a day have a last column with
    it; queries by today's units have two, whether the line is an estimate and the day of the units.
    """
    as_of = [] if result.as_of is None else [result.as_of.isoformat()]
    today = result.units_of is not None
    shares, rates = list(result.total.shares), list(result.total.rates)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "kind",
            "key",
            "name",
            "reported",
            "expected",
            *COUNTS,
            *shares,
            *rates,
            *(["as_of"] if as_of else []),
            *(["estimated", "units_of"] if today else []),
        ]
    )
    for kind, key, name, figures in figure_lines(result):
        numbers = ["" if figures.counts[column] is None else figures.counts[column] for column in COUNTS]
        percents = [figures.share(column).percent or "" for column in (*shares, *rates)]
        reported, expected = figures.completeness.reported, figures.completeness.expected
        marks = [
            *as_of,
            *(["yes" if figures.estimated else "no", result.units_of.isoformat()] if today else []),
        ]
        writer.writerow([kind, key, plain_text(name), reported, expected, *numbers, *percents, *marks])


def plain_text(text: str) -> str:
    """Text that a spreadsheet does not read as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


# The last columns of the table for people.
RATES = rates_in(Placement.FILES)


def write_text(result: Summary, out) -> None:
    """A table for people, in Vietnamese."""
    heading = formatting.included_label(result.include, result.as_of)
    if result.units_of is not None:
        heading += f". Theo đơn vị hiện nay (ngày {format_day(result.units_of)})"
    out.write(f"{result.unit_name} ({result.unit}) — {result.period.label}. {heading}.")
    rows = summary_table(result)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            text.ljust(width) if not at else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        out.write("  ".join((first, *others)).rstrip())
    for sentence in summary_notes(result, rows):
        out.write(sentence)


def summary_table(result: Summary) -> list[list[str]]:
    """The head and the lines as text: "≈" where estimated, "*" where a share is incomplete."""
    head = ["", "Báo cáo", *(LABELS[name] for name in MAIN_COUNTS), *(rate.head for rate in RATES)]
    return [head] + [
        [
            (name if kind in ("tier", "total") else f"{name} ({key})") + ("≈" if figures.estimated else ""),
            figures.completeness.text(result.period.one_month),
            *(format_count(figures.counts[column]) for column in MAIN_COUNTS),
            *(
                format_percent(figures.share(rate.key).percent)
                + ("*" if figures.share(rate.key).partial else "")
                for rate in RATES
            ),
        ]
        for kind, key, name, figures in figure_lines(result)
    ]


def summary_notes(result: Summary, rows: list[list[str]]) -> Iterator[str]:
    """Notes below the table: definitions, signs, territory, handovers, missing reports."""
    for rate in RATES:
        yield f"{rate.name}: {rate.definition}"
    if any("*" in text for row in rows for text in row[-len(RATES) :]):
        yield "* chưa đủ: có ô phải báo cáo còn để trống."
    if any(figures.estimated for *_, figures in figure_lines(result)):
        yield "≈ ước tính: có phần chia theo tỷ lệ của đơn vị đã chia tách; tổng giữ nguyên số đã báo cáo."
    yield from result.territory.sentences() if result.territory else ()
    yield from result.handover.sentences()
    for key, missing in result.total.completeness.by_unit().items():
        months = ", ".join(f"{report.month.month}/{report.month.year}" for report in missing)
        yield f"Chưa có báo cáo: {missing[0].name} ({key}): tháng {months}"
