"""The one place in templates where a number is written. A template builtin (settings.TEMPLATES)."""

from datetime import date, datetime

from django import template
from django.utils import timezone

from figures import formatting
from figures.periods import Month, Period
from reports.pdf import line_breaks

register = template.Library()


@register.filter
def count(value: int | None) -> str:
    """A number of dossiers: 14700 → 14.700; None → —."""
    return formatting.format_count(value)


@register.filter
def signed(value: int | None) -> str:
    """A difference of counts: +12, −3, 0; None → —."""
    return formatting.format_signed(value)


@register.filter
def percent(value) -> str:
    """A printed percentage ("87.4"), or the percentage of a figures Share: 87,4%; None → —."""
    return formatting.format_percent(getattr(value, "percent", value))


@register.filter
def share(value) -> str:
    """A figures Share with its mark: 87,4%, or 87,4% (chưa đủ) where a part of the whole was left blank."""
    text = percent(value)
    return f"{text} (chưa đủ)" if getattr(value, "partial", False) else text


@register.filter
def parts(value) -> str:
    """What a Share was divided from: 908/921."""
    return f"{count(value.numerator)}/{count(value.denominator)}"


@register.filter
def points(value: str | None) -> str:
    """A difference of printed percentages in points, with its sign: +6,3; None → —."""
    return formatting.format_points(value)


@register.filter
def completeness(value, one_month: bool = False) -> str:
    """94/96 báo cáo tháng; of one month, 14/16 đơn vị."""
    return value.text(bool(one_month))


@register.filter
def day(value: date | datetime | None) -> str:
    """14/6/2022, of a moment its day in Vietnam; None → —."""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return formatting.format_day(value) if value else "—"


@register.filter
def moment(value: datetime | None) -> str:
    """09:41 ngày 14/6/2022, in Vietnam; None → —."""
    return f"{timezone.localtime(value):%H:%M} ngày {day(value)}" if value else "—"


@register.filter
def month(number: int) -> str:
    """A reporting month kept as YYYYMM: 202206 → tháng 6/2022."""
    return Month.from_number(number).label


@register.filter
def period(code: str) -> str:
    """A period's code in words: 2022-H1 → 6 tháng đầu năm 2022."""
    return Period.parse(code).label


@register.filter
def typeset(paragraph):
    """A printed paragraph, text or runs, with what belongs together kept on one line (reports.pdf.line_breaks)."""
    return line_breaks.set_line(line_breaks.plain_words(paragraph))
