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
        found = summary(parse_arguments(options))
        if format == "json":
            self.stdout.write(json.dumps(found.as_dict(), ensure_ascii=False, indent=1))
        elif format == "csv":
            write_csv(found, self.stdout)
        else:
            write_text(found, self.stdout)


def figure_lines(found: Summary) -> list[tuple[str, str, str, Figures]]:
    """(kind, key, name, figures) of tiers, total and rows."""
    lines = [("tier", tier, tier_name(tier), one) for tier, one in found.tiers]
    lines.append(("total", "", "Tổng cộng", found.total))
    return lines + [(found.by or "", row.key, row.name, row.figures) for row in found.rows]


def write_csv(found: Summary, out) -> None:
    """One line per tier, total and row; a blank where nothing was reported. As of a day, that day stands last; by
    today's units whether the line is an estimate, and their day.
    """
    as_of = [] if found.as_of is None else [found.as_of.isoformat()]
    today = found.units_of is not None
    shares, rates = list(found.total.shares), list(found.total.rates)
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
    for kind, key, name, one in figure_lines(found):
        numbers = ["" if one.counts[column] is None else one.counts[column] for column in COUNTS]
        percents = [one.share(column).percent or "" for column in (*shares, *rates)]
        reported, expected = one.completeness.reported, one.completeness.expected
        marks = [*as_of, *(["yes" if one.estimated else "no", found.units_of.isoformat()] if today else [])]
        writer.writerow([kind, key, plain_text(name), reported, expected, *numbers, *percents, *marks])


def plain_text(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


# The last columns of the table for people.
RATES = rates_in(Placement.FILES)


def write_text(found: Summary, out) -> None:
    """A table for people, in Vietnamese."""
    told = formatting.included_label(found.include, found.as_of)
    if found.units_of is not None:
        told += f". Theo đơn vị hiện nay (ngày {format_day(found.units_of)})"
    out.write(f"{found.unit_name} ({found.unit}) — {found.period.label}. {told}.")
    rows = summary_table(found)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            text.ljust(width) if not at else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        out.write("  ".join((first, *others)).rstrip())
    for sentence in summary_notes(found, rows):
        out.write(sentence)


def summary_table(found: Summary) -> list[list[str]]:
    """The head and the lines as text: "≈" where estimated, "*" where a share is not whole."""
    head = ["", "Báo cáo", *(LABELS[name] for name in MAIN_COUNTS), *(rate.head for rate in RATES)]
    return [head] + [
        [
            (name if kind in ("tier", "total") else f"{name} ({key})") + ("≈" if one.estimated else ""),
            one.completeness.text(found.period.one_month),
            *(format_count(one.counts[column]) for column in MAIN_COUNTS),
            *(
                format_percent(one.share(rate.key).percent) + ("*" if one.share(rate.key).partial else "")
                for rate in RATES
            ),
        ]
        for kind, key, name, one in figure_lines(found)
    ]


def summary_notes(found: Summary, rows: list[list[str]]) -> Iterator[str]:
    """What stands below the table: definitions, signs, territory, handover, who is silent."""
    for rate in RATES:
        yield f"{rate.name}: {rate.definition}"
    if any("*" in text for row in rows for text in row[-len(RATES) :]):
        yield "* chưa đủ: có ô phải báo cáo còn để trống."
    if any(one.estimated for *_, one in figure_lines(found)):
        yield "≈ ước tính: có phần chia theo tỷ lệ của đơn vị đã chia tách; tổng giữ nguyên số đã báo cáo."
    yield from found.territory.sentences() if found.territory else ()
    yield from found.handover.sentences()
    for key, missing in found.total.completeness.by_unit().items():
        months = ", ".join(f"{one.month.month}/{one.month.year}" for one in missing)
        yield f"Chưa có báo cáo: {missing[0].name} ({key}): tháng {months}"
