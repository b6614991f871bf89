"""The catalogue of rules for counts: code, severity and sentence of each, for pages, files and the browser."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

# A sentence is a template, filled by `rule_message` here and by static/js/rules.js in the browser, which gets this
# catalogue as data (`count_rules.rules_as_data`). Numbers are passed formatted (`formatting.format_count`).

Severity = Literal["error", "warning"]
LARGEST_COUNT = 999_999_999

_EXAMPLE = "Chỉ nhập số nguyên từ 0, ví dụ 12 hoặc 1.240."


@dataclass(frozen=True)
class Rule:
    """A rule: what it demands, and what it says when broken.

    ``says`` is a template; its ``{why}`` is one of ``words``, also templates. ``draft``: an error that a draft may be
    saved with.
    """

    code: str
    severity: Severity
    demands: str
    says: str
    words: Mapping[str, str] = field(default_factory=dict)
    draft: bool = False


@dataclass(frozen=True)
class RuleViolation:
    """A broken rule at a measure, or (None) in a row or report as a whole. ``message`` is Vietnamese and does not name
    the place.
    """

    code: str
    measure: str | None
    message: str
    severity: Severity

    @property
    def blocks(self) -> bool:
        """Whether it blocks sending."""
        return self.severity == "error"


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.code: rule
        for rule in (
            Rule(
                "not_a_number",
                "error",
                "Mỗi ô là một số nguyên, hoặc để trống khi chưa báo cáo.",
                f"“{{typed}}” {{why}}. {_EXAMPLE}",
                {
                    "text": "không phải số hồ sơ",
                    "percent": "là tỷ lệ phần trăm, không phải số hồ sơ",
                    "date": "là ngày tháng, không phải số hồ sơ",
                    "cell_error": "là lỗi của bảng tính",
                    "formula": "là công thức chưa có kết quả",
                    "digits": "dùng chữ số lạ; chỉ dùng chữ số 0–9",
                },
            ),
            Rule(
                "not_whole",
                "error",
                "Số hồ sơ là số nguyên, không có phần lẻ.",
                f"“{{typed}}” không phải số hồ sơ. {_EXAMPLE}",
            ),
            Rule(
                "negative",
                "error",
                "Số hồ sơ không thể nhỏ hơn 0.",
                f"“{{typed}}” là số âm; số hồ sơ không thể nhỏ hơn 0. {_EXAMPLE}",
            ),
            Rule(
                "too_large",
                "error",
                "Mỗi ô tối đa 999.999.999 hồ sơ.",
                "“{typed}” {why}: mỗi ô tối đa {most} hồ sơ. Xem lại rồi nhập đúng số.",
                {"large": "quá lớn", "long": "quá dài"},
            ),
            Rule(
                "not_served",
                "error",
                "Không nhập số vào hình thức mà lĩnh vực không có.",
                "Đây là hình thức không có ở lĩnh vực này. Xóa số {number}, hoặc nhập vào ô khác.",
            ),
            Rule(
                "balance",
                "error",
                "Kỳ trước chuyển sang + tiếp nhận + nơi khác chuyển đến = đã giải quyết + rút, trả lại "
                "+ chuyển nơi khác + đang giải quyết + chờ bổ sung.",
                "{sides}: lệch {gap} hồ sơ, {why}. Sửa ô sai để hai bên bằng nhau.",
                {"more_in": "bên tiếp nhận nhiều hơn", "more_out": "bên giải quyết nhiều hơn"},
                draft=True,
            ),
            Rule(
                "over_whole",
                "error",
                "Số đã giải quyết, rút, trả lại, chuyển nơi khác, đang giải quyết và chờ bổ sung không vượt số kỳ "
                "trước chuyển sang, tiếp nhận và nơi khác chuyển đến.",
                "{sides}: vượt {gap} hồ sơ, dù còn ô để trống. Sửa ô sai trước khi nhập tiếp.",
                draft=True,
            ),
            Rule(
                "mixed_level",
                "error",
                "Một báo cáo hoặc không chia lĩnh vực (chung), hoặc chia lĩnh vực; một lĩnh vực hoặc có một "
                "dòng, hoặc có các dòng theo thủ tục.",
                "{why} nên sẽ tính hai lần. Chỉ giữ một cách.",
                {
                    "undivided": "Báo cáo vừa có dòng chung, vừa có dòng theo lĩnh vực",
                    "procedures": "Lĩnh vực {fields} vừa có dòng của cả lĩnh vực, vừa có dòng theo thủ tục",
                },
            ),
            Rule(
                "nothing_reported",
                "error",
                "Báo cáo phải có ít nhất một số trước khi gửi.",
                "Báo cáo chưa có số nào nên chưa gửi được. Nếu trong kỳ không phát sinh hồ sơ, hãy nhập 0.",
                draft=True,
            ),
            Rule(
                "continuity",
                "warning",
                "Số kỳ trước chuyển sang bằng số đang giải quyết và chờ bổ sung cuối kỳ trước.",
                "Kỳ trước chuyển sang {opening}, nhưng cuối kỳ trước còn {left} hồ sơ đang giải quyết và chờ bổ "
                "sung: lệch {gap}. Sửa số chuyển sang, hoặc ghi lý do; nếu kỳ trước sai, đề nghị mở khóa báo cáo "
                "kỳ trước.",
            ),
            Rule(
                "outlier",
                "warning",
                "Số khác hẳn mọi tháng trước cần được xem lại.",
                "{value} {why} của các tháng trước. Nếu đúng, ghi lý do; nếu nhầm, sửa lại.",
                {
                    "times": "gấp {times} lần mức thường gặp ({usual})",
                    "above": "cao hơn hẳn mức thường gặp ({usual})",
                    "below": "thấp hơn hẳn mức thường gặp ({usual})",
                },
            ),
            Rule(
                "all_zero",
                "warning",
                "Báo cáo mà mọi ô đều là 0 cần được xem lại.",
                "Mọi ô đã nhập đều là 0. Nếu trong kỳ đúng là không phát sinh hồ sơ, ghi lý do; nếu chưa nhập xong, "
                "nhập tiếp.",
            ),
            Rule(
                "same_as_last",
                "warning",
                "Báo cáo giống kỳ trước ở mọi ô cần được xem lại.",
                "Mọi ô đều giống kỳ trước. Nếu đúng, ghi lý do; nếu chép nhầm, sửa lại.",
            ),
        )
    }
)


def rule_message(code: str, why: str = "", **values: str) -> str:
    """The filled sentence of a rule; ``why``: a key of its words. Raises KeyError."""
    rule = RULES[code]
    if why:
        values["why"] = rule.words[why].format_map(values)
    return rule.says.format_map(values)


def violation(code: str, measure: str | None = None, why: str = "", **values: str) -> RuleViolation:
    """A broken rule at a measure, or (None) of a row or report as a whole."""
    return RuleViolation(code, measure, rule_message(code, why, **values), RULES[code].severity)
