"""Reads and checks the cells of an indicator against its own rules."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from .count_input import CountInputError, parse_count
from .formatting import format_count, shorten
from .rule_catalogue import LARGEST_COUNT, Rule, RuleViolation

SHARE = frozenset({"numerator", "denominator", "target"})
COUNT = frozenset({"numerator"})
QUOTED = frozenset({"quoted", "quoted_on"})

_EXAMPLE = "Nhập số nguyên từ 0, ví dụ 12 hoặc 1.240; chưa có số thì để trống."
_DECIMAL = re.compile(r"([0-9]{1,6}|[1-9][0-9]{0,2}(?:\.[0-9]{3}))(?:,([0-9]{1,2}))?\s?%?")
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.code: rule
        for rule in (
            Rule(
                "not_a_number",
                "error",
                "Mỗi ô là một số nguyên, hoặc để trống khi chưa báo cáo.",
                f"“{{typed}}” không đọc được là số. {_EXAMPLE}",
            ),
            Rule("not_whole", "error", "Số đếm là số nguyên.", f"“{{typed}}” có phần lẻ. {_EXAMPLE}"),
            Rule("negative", "error", "Số đếm không nhỏ hơn 0.", f"“{{typed}}” là số âm. {_EXAMPLE}"),
            Rule(
                "too_large",
                "error",
                "Mỗi ô tối đa 999.999.999.",
                "“{typed}” quá lớn: mỗi ô tối đa {most}. Xem lại rồi nhập đúng số.",
            ),
            Rule(
                "not_served",
                "error",
                "Không nhập số vào ô mà chỉ tiêu không có.",
                "Chỉ tiêu này không có ô đó. Xóa “{typed}”, hoặc nhập vào ô khác.",
            ),
            Rule(
                "over_whole",
                "error",
                "Số đạt không lớn hơn tổng số.",
                "Số đạt {part} lớn hơn tổng số {whole}. Sửa ô sai.",
            ),
            Rule(
                "not_a_decimal",
                "error",
                "Tỷ lệ, điểm viết với dấu phẩy, nhiều nhất hai chữ số lẻ.",
                "“{typed}” không đọc được. Viết như 95 hoặc 95,5; nhiều nhất hai chữ số sau dấu phẩy.",
            ),
            Rule(
                "not_within_100",
                "error",
                "Chỉ tiêu giao từ 0% đến 100%.",
                "Chỉ tiêu giao {typed}% không nằm trong khoảng 0–100%.",
            ),
            Rule(
                "no_day",
                "error",
                "Số trích dẫn có ngày công bố.",
                "Ghi ngày công bố của số trích dẫn này.",
            ),
            Rule(
                "half_share",
                "warning",
                "Tỷ lệ cần cả số đạt và tổng số.",
                "Mới có một trong hai số, chưa tính được tỷ lệ.",
            ),
        )
    }
)


def indicator_violation(code: str, cell: str, **values: str) -> RuleViolation:
    """A broken rule at a cell of an indicator."""
    return RuleViolation(code, cell, RULES[code].says.format_map(values), RULES[code].severity)


def read_count(cell: str, text: str, served: frozenset[str]) -> tuple[int | None, RuleViolation | None]:
    """Parses a typed count: its value (None: blank or unreadable), and the broken rule."""
    if cell not in served:
        return None, _not_served(cell, text)
    try:
        return parse_count(text), None
    except CountInputError as error:
        return None, indicator_violation(
            error.code, cell, typed=shorten(text.strip()), most=format_count(LARGEST_COUNT)
        )


def read_decimal(cell: str, text: str, served: frozenset[str]) -> tuple[Decimal | None, RuleViolation | None]:
    """Parses a percentage or a quoted number ("95", "95,5", "95,5%", "1.240,5"): its value (None: blank or unreadable),
    and the broken rule. A target is at most 100.
    """
    if cell not in served:
        return None, _not_served(cell, text)
    typed = text.strip()
    if not typed:
        return None, None
    match = _DECIMAL.fullmatch(typed)
    if match is None:
        return None, indicator_violation("not_a_decimal", cell, typed=shorten(typed))
    value = Decimal(f"{match[1].replace('.', '')}.{match[2] or '0'}")
    if cell == "target" and value > 100:
        return None, indicator_violation(
            "not_within_100", cell, typed=shorten(typed.removesuffix("%").strip())
        )
    return value, None


def check_indicator(values: Mapping[str, int | Decimal | date | None]) -> tuple[RuleViolation, ...]:
    """Broken rules between the cells of one indicator; `values` by cell, a missing key is a blank."""
    part, whole = values.get("numerator"), values.get("denominator")
    violations = []
    if isinstance(part, int) and isinstance(whole, int) and part > whole:
        violations.append(
            indicator_violation("over_whole", "numerator", part=format_count(part), whole=format_count(whole))
        )
    if values.get("quoted") is not None and values.get("quoted_on") is None:
        violations.append(indicator_violation("no_day", "quoted_on"))
    return tuple(violations)


def check_half_share(part: int | None, whole: int | None) -> RuleViolation | None:
    """A warning if only one of the two numbers of a share is reported."""
    return indicator_violation("half_share", "denominator") if (part is None) != (whole is None) else None


def _not_served(cell: str, text: str) -> RuleViolation | None:
    return indicator_violation("not_served", cell, typed=shorten(text.strip())) if text.strip() else None
