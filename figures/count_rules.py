"""Checks cells, rows and reports of dossier counts against the catalogue of rules: balance, continuity,
levels.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from . import count_input, outliers
from .count_input import CountInputError, parse_count
from .formatting import format_count, shorten
from .measures import CLOSING, COMES_IN, GOES_OUT, MEASURE_BY_NAME, MEASURES, OPTIONAL, SUMS, measure_label
from .rule_catalogue import LARGEST_COUNT, RULES, RuleViolation, violation
from .tally import sum_reported

# An error blocks sending and never saving (only what can never be right, a negative count, is also forbidden by
# the database); a warning blocks nothing. Each sentence says what is wrong and how to mend it.

# The field of a report that is not divided by field.
UNDIVIDED = "chung"


def _told_together(side: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    by_words = groupby(side, lambda name: MEASURE_BY_NAME[name].balance_words)
    return tuple((words, tuple(names)) for words, names in by_words)


# Both sides of the balance as they are told: words, and the measures that they sum.
SIDES = (_told_together(COMES_IN), _told_together(GOES_OUT))
# A row of a report, known by field and procedure (or None).
Rows = Mapping[Any, Mapping[str, int | None]]


def check_row(values: Mapping[str, int | None], served: frozenset[str]) -> tuple[RuleViolation, ...]:
    """All faults of one row: cells first, in the order of the measures, then what they are to each other.

    ``served`` names the measures that may hold a number here. Balance and parts over their whole are only looked at
    when no cell is at fault.
    """
    cells = tuple(
        fault for name in MEASURES if (fault := check_cell(name, values.get(name), served)) is not None
    )
    if cells:
        return cells
    fault = check_balance(values, served) or check_over_whole(values, served)
    return (fault,) if fault else ()


def read_cell(name: str, text: str, served: frozenset[str]) -> tuple[int | None, RuleViolation | None]:
    """What was typed into a cell as a number (None: blank, or not readable), and its fault."""
    try:
        value = parse_count(text)
    except CountInputError as error:
        return None, RuleViolation(error.code, name, error.message, RULES[error.code].severity)
    return value, check_cell(name, value, served)


def check_cell(name: str, value: object, served: frozenset[str]) -> RuleViolation | None:
    """The fault of one cell; a blank (None) has none. The same sentences as for what is typed."""
    if value is None:
        return None
    # bool is an int to Python, and TRUE in a sheet is no count.
    if not isinstance(value, int) or isinstance(value, bool):
        return violation("not_a_number", name, "text", typed=shorten(str(value)))
    if value < 0:
        return violation("negative", name, typed=shorten(str(value)))
    if value > LARGEST_COUNT:
        return violation(
            "too_large", name, "large", typed=shorten(str(value)), most=format_count(LARGEST_COUNT)
        )
    if name not in served:
        return violation("not_served", name, number=format_count(value))
    return None


def balance_difference(values: Mapping[str, int | None], served: frozenset[str]) -> int | None:
    """What comes in minus what goes out, in dossiers: 0 when the balance closes.

    None while a served part is not reported. Optional measures count as 0 where not reported, and so
    does what the field does not serve.
    """
    parts = [name for name in (*COMES_IN, *GOES_OUT) if name in served and name not in OPTIONAL]
    if any(values.get(name) is None for name in parts):
        return None
    return _sum(values, COMES_IN) - _sum(values, GOES_OUT)


def check_balance(values: Mapping[str, int | None], served: frozenset[str]) -> RuleViolation | None:
    """The fault of a row whose balance does not close."""
    gap = balance_difference(values, served)
    if not gap:
        return None
    why = "more_in" if gap > 0 else "more_out"
    return violation("balance", None, why, sides=balance_text(values), gap=format_count(abs(gap)))


def check_over_whole(values: Mapping[str, int | None], served: frozenset[str]) -> RuleViolation | None:
    """The fault of a row in which more went out, or is still open, than ever came in.

    It holds while a part that goes out is blank, so that the balance says nothing yet: whatever is filled in there
    makes it worse. None while a part that comes in is not reported.
    """
    asked = [name for name in COMES_IN if name in served and name not in OPTIONAL]
    if any(values.get(name) is None for name in asked) or balance_difference(values, served) is not None:
        return None
    gap = _sum(values, GOES_OUT) - _sum(values, COMES_IN)
    return violation("over_whole", sides=balance_text(values), gap=format_count(gap)) if gap > 0 else None


def balance_text(values: Mapping[str, int | None]) -> str:
    """Both sides of the balance in words.

    "Kỳ trước chuyển sang 9 + tiếp nhận 64 = 73, nhưng đã giải quyết 60 + rút, trả lại 1 + … = 70"; where both sides
    agree, with "và" instead of "nhưng".
    """
    left, right = (_side(values, side) for side in SIDES)
    total_in, total_out = _sum(values, COMES_IN), _sum(values, GOES_OUT)
    joined = "và" if total_in == total_out else "nhưng"
    text = f"{left} = {format_count(total_in)}, {joined} {right} = {format_count(total_out)}"
    return text[:1].upper() + text[1:]


def closing_count(values: Mapping[str, int | None]) -> int | None:
    """What is still open at the end of a month (pending and awaiting): the next month's opening.

    None while a part of it is not reported.
    """
    parts = [values.get(name) for name in CLOSING]
    return None if None in parts else sum_reported(parts)


def check_continuity(opening: int | None, previous_closing: int | None) -> RuleViolation | None:
    """A warning where what was carried over is not what was left open; nothing while either is unknown."""
    if opening is None or previous_closing is None or opening == previous_closing:
        return None
    gap = format_count(abs(opening - previous_closing))
    return violation(
        "continuity", "opening", opening=format_count(opening), left=format_count(previous_closing), gap=gap
    )


def check_mixed_level(rows: Iterable[tuple[str, str | None]]) -> RuleViolation | None:
    """The fault of a report that counts on two levels; ``rows`` gives the field and the procedure (or None).

    The undivided field and real fields never stand together, nor do a field's own row and rows by procedure.
    """
    whole: set[str] = set()
    divided: set[str] = set()
    for name, procedure in rows:
        (divided if procedure else whole).add(name)
    if UNDIVIDED in (fields := whole | divided) and len(fields) > 1:
        return violation("mixed_level", why="undivided")
    if both := sorted(whole & divided):
        return violation("mixed_level", why="procedures", fields=", ".join(both))
    return None


def check_nothing_reported(rows: Iterable[Mapping[str, int | None]]) -> RuleViolation | None:
    """The fault of a report without any number, which cannot be sent; 0 is a number."""
    if any(value is not None for row in rows for value in row.values()):
        return None
    return violation("nothing_reported")


def check_odd_report(rows: Rows, last: Rows) -> RuleViolation | None:
    """A warning about a report as a whole: every number is 0, or every cell is that of the month before.

    ``last`` gives the rows of that month. Rows without any number count in neither. A report of zeros is told as
    such, also where it equals the last one.
    """
    now = _told(rows)
    if not now:
        return None
    if not any(value for cells in now.values() for value in cells):
        return violation("all_zero")
    return violation("same_as_last") if now == _told(last) else None


def rules_as_data(day: date) -> dict[str, Any]:
    """The rules as data for static/js/rules.js; ``day``: the last of the month, for the names of the online levels."""
    return {
        "measures": {name: {"label": measure_label(name, day)} for name in (*MEASURES, *SUMS)},
        "sums": dict(SUMS),
        "comes_in": COMES_IN,
        "goes_out": GOES_OUT,
        "closing": CLOSING,
        "optional": OPTIONAL,
        "sides": SIDES,
        "largest": LARGEST_COUNT,
        "rules": {
            code: {
                "severity": rule.severity,
                "demands": rule.demands,
                "says": rule.says,
                "words": dict(rule.words),
                "draft": rule.draft,
            }
            for code, rule in RULES.items()
        },
        "reading": count_input.count_input_rules(),
        "outlier": outliers.outlier_rules(),
    }


def _told(rows: Rows) -> dict[Any, list[int | None]]:
    """The rows that hold a number, in the order of the measures."""
    told = {key: [values.get(name) for name in MEASURES] for key, values in rows.items()}
    return {key: cells for key, cells in told.items() if any(value is not None for value in cells)}


def _sum(values: Mapping[str, int | None], names: Iterable[str]) -> int:
    return sum_reported(values.get(name) for name in names) or 0


def _side(values: Mapping[str, int | None], parts: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """One side of the balance; what is not reported is left out, and so is an optional 0."""
    told = []
    for label, names in parts:
        number = sum_reported(values.get(name) for name in names)
        if number is not None and (number or names[0] not in OPTIONAL):
            told.append(f"{label} {format_count(number)}")
    return " + ".join(told)
