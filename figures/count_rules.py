"""Checks cells, rows and reports of dossier counts against the catalogue of rules."""

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

# An error blocks sending but not saving (the database forbids only negative counts); a warning blocks nothing.

# The field of a report that is not divided by field.
UNDIVIDED = "chung"


def _balance_terms(side: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    by_words = groupby(side, lambda name: MEASURE_BY_NAME[name].balance_words)
    return tuple((words, tuple(names)) for words, names in by_words)


# Both sides of the balance as terms: words, and the measures that they sum.
SIDES = (_balance_terms(COMES_IN), _balance_terms(GOES_OUT))
# The rows of a report by field and procedure (or None).
Rows = Mapping[Any, Mapping[str, int | None]]


def check_row(values: Mapping[str, int | None], served: frozenset[str]) -> tuple[RuleViolation, ...]:
    """The broken rules of one row: those of its cells in the order of the measures, or else that of the balance.

    ``served``: the measures that may hold a number in this row.
    """
    cells = tuple(
        fault for name in MEASURES if (fault := check_cell(name, values.get(name), served)) is not None
    )
    if cells:
        return cells
    fault = check_balance(values, served) or check_over_whole(values, served)
    return (fault,) if fault else ()


def read_cell(name: str, text: str, served: frozenset[str]) -> tuple[int | None, RuleViolation | None]:
    """Parses a typed cell: its number (None: blank or unreadable), and the broken rule."""
    try:
        value = parse_count(text)
    except CountInputError as error:
        return None, RuleViolation(error.code, name, error.message, RULES[error.code].severity)
    return value, check_cell(name, value, served)


def check_cell(name: str, value: object, served: frozenset[str]) -> RuleViolation | None:
    """The broken rule of one cell, with the same sentences as for typed text; a blank (None) breaks none."""
    if value is None:
        return None
    # bool is an int in Python, but TRUE in a sheet is not a count.
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
    """What comes in minus what goes out, in dossiers: 0 if the balance closes.

    None while a served measure is not reported. Optional and unserved measures without a number count as 0.
    """
    parts = [name for name in (*COMES_IN, *GOES_OUT) if name in served and name not in OPTIONAL]
    if any(values.get(name) is None for name in parts):
        return None
    return _sum(values, COMES_IN) - _sum(values, GOES_OUT)


def check_balance(values: Mapping[str, int | None], served: frozenset[str]) -> RuleViolation | None:
    """The broken rule of a row whose balance does not close."""
    gap = balance_difference(values, served)
    if not gap:
        return None
    why = "more_in" if gap > 0 else "more_out"
    return violation("balance", None, why, sides=balance_text(values), gap=format_count(abs(gap)))


def check_over_whole(values: Mapping[str, int | None], served: frozenset[str]) -> RuleViolation | None:
    """The broken rule of a row in which more went out, or is still open, than came in.

    Only while an outgoing measure is blank, which can only make it worse; then `check_balance` takes over. None while
    an incoming measure is not reported.
    """
    incoming = [name for name in COMES_IN if name in served and name not in OPTIONAL]
    if any(values.get(name) is None for name in incoming) or balance_difference(values, served) is not None:
        return None
    gap = _sum(values, GOES_OUT) - _sum(values, COMES_IN)
    return violation("over_whole", sides=balance_text(values), gap=format_count(gap)) if gap > 0 else None


def balance_text(values: Mapping[str, int | None]) -> str:
    """Both sides of the balance in words; with "và" instead of "nhưng" if they agree.

    "Kỳ trước chuyển sang 9 + tiếp nhận 64 = 73, nhưng đã giải quyết 60 + rút, trả lại 1 + … = 70".
    """
    left, right = (_side(values, side) for side in SIDES)
    total_in, total_out = _sum(values, COMES_IN), _sum(values, GOES_OUT)
    joined = "và" if total_in == total_out else "nhưng"
    text = f"{left} = {format_count(total_in)}, {joined} {right} = {format_count(total_out)}"
    return text[:1].upper() + text[1:]


def closing_count(values: Mapping[str, int | None]) -> int | None:
    """Dossiers open at the end of a month (pending and awaiting), the next month's opening; None while one of these
    measures is not reported.
    """
    parts = [values.get(name) for name in CLOSING]
    return None if None in parts else sum_reported(parts)


def check_continuity(opening: int | None, previous_closing: int | None) -> RuleViolation | None:
    """A warning if the opening is not the closing of the month before; None while either is unknown."""
    if opening is None or previous_closing is None or opening == previous_closing:
        return None
    gap = format_count(abs(opening - previous_closing))
    return violation(
        "continuity", "opening", opening=format_count(opening), left=format_count(previous_closing), gap=gap
    )


def check_mixed_level(rows: Iterable[tuple[str, str | None]]) -> RuleViolation | None:
    """The broken rule of a report that counts on two levels; ``rows``: field and procedure (or None) of each row.

    The undivided field excludes other fields, and a field's own row excludes rows by procedure.
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
    """The broken rule of a report without any number; 0 is a number."""
    if any(value is not None for row in rows for value in row.values()):
        return None
    return violation("nothing_reported")


def check_odd_report(rows: Rows, last: Rows) -> RuleViolation | None:
    """A warning if every number of a report is 0, or else if every cell equals that of the month before.

    ``last``: the rows of that month. Rows without any number are ignored.
    """
    now = _reported_rows(rows)
    if not now:
        return None
    if not any(value for cells in now.values() for value in cells):
        return violation("all_zero")
    return violation("same_as_last") if now == _reported_rows(last) else None


def rules_as_data(day: date) -> dict[str, Any]:
    """The rules as data for static/js/rules.js; ``day``: the last day of the month, for the online levels' names."""
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


def _reported_rows(rows: Rows) -> dict[Any, list[int | None]]:
    """The cells of rows with any number, in the order of the measures."""
    cells_by_key = {key: [values.get(name) for name in MEASURES] for key, values in rows.items()}
    return {key: cells for key, cells in cells_by_key.items() if any(value is not None for value in cells)}


def _sum(values: Mapping[str, int | None], names: Iterable[str]) -> int:
    return sum_reported(values.get(name) for name in names) or 0


def _side(values: Mapping[str, int | None], parts: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """One side of the balance in words, without unreported terms and without an optional 0."""
    terms = []
    for label, names in parts:
        number = sum_reported(values.get(name) for name in names)
        if number is not None and (number or names[0] not in OPTIONAL):
            terms.append(f"{label} {format_count(number)}")
    return " + ".join(terms)
