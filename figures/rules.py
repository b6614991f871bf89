"""What counts must satisfy: one declared set of rules, with codes for programs and sentences for people.

An error blocks sending and never saving (only what can never be right, a negative count, is also forbidden by the
database); a warning blocks nothing. Each sentence says what is wrong, where, and how to mend it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from figures.counts import added
from figures.measures import CLOSING, LABELS, MEASURES, RECEIVED, RESOLVED, TRANSFERRED
from figures.writing import LARGEST_COUNT, count, quoted

Severity = Literal["error", "warning"]

# The field of a report that is not divided by field.
UNDIVIDED = "chung"

COMES_IN = ("opening", *RECEIVED, "transferred_in")
GOES_OUT = (*RESOLVED, "withdrawn", "transferred_out", *CLOSING)


@dataclass(frozen=True)
class Rule:
    """A rule by its code, with what it demands in one Vietnamese sentence."""

    code: str
    severity: Severity
    demands: str


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.code: rule
        for rule in (
            Rule("not_a_number", "error", "Mỗi ô là một số nguyên, hoặc để trống khi chưa báo cáo."),
            Rule("negative", "error", "Số hồ sơ không thể nhỏ hơn 0."),
            Rule("too_large", "error", f"Mỗi ô tối đa {count(LARGEST_COUNT)} hồ sơ."),
            Rule("not_served", "error", "Không nhập số vào hình thức mà lĩnh vực không có."),
            Rule(
                "balance",
                "error",
                "Kỳ trước chuyển sang + tiếp nhận + nơi khác chuyển đến = đã giải quyết + rút, trả lại "
                "+ chuyển nơi khác + đang giải quyết + chờ bổ sung.",
            ),
            Rule(
                "mixed_level",
                "error",
                "Một báo cáo hoặc không chia lĩnh vực (chung), hoặc chia lĩnh vực; một lĩnh vực hoặc có một "
                "dòng, hoặc có các dòng theo thủ tục.",
            ),
            Rule("nothing_reported", "error", "Báo cáo phải có ít nhất một số trước khi gửi."),
            Rule(
                "continuity",
                "warning",
                "Số kỳ trước chuyển sang bằng số đang giải quyết và chờ bổ sung cuối kỳ trước.",
            ),
            Rule("outlier", "warning", "Số khác hẳn mọi tháng trước cần được xem lại."),
        )
    }
)


@dataclass(frozen=True)
class Fault:
    """A broken rule: at a measure, or (None) in a row or report as a whole. ``message`` is Vietnamese."""

    code: str
    measure: str | None
    message: str
    severity: Severity

    @property
    def blocks(self) -> bool:
        """Whether it keeps a report from being sent."""
        return self.severity == "error"


def check_row(values: Mapping[str, int | None], served: frozenset[str]) -> tuple[Fault, ...]:
    """All faults of one row: cells first, in the order of the measures, then its balance.

    ``served`` names the measures that may hold a number here. The balance is only looked at when no cell is at
    fault and all its served parts are reported.
    """
    cells = tuple(
        fault for name in MEASURES if (fault := check_cell(name, values.get(name), served)) is not None
    )
    if cells:
        return cells
    balance = check_balance(values, served)
    return (balance,) if balance else ()


def check_cell(name: str, value: object, served: frozenset[str]) -> Fault | None:
    """The fault of one cell; a blank (None) has none."""
    if value is None:
        return None
    label = LABELS[name]
    # bool is an int to Python, and TRUE in a sheet is no count.
    if not isinstance(value, int) or isinstance(value, bool):
        told = f"“{quoted(str(value))}” không phải số hồ sơ. Nhập số nguyên từ 0, hoặc để trống."
        return _fault("not_a_number", name, f"{label}: {told}")
    if value < 0:
        return _fault("negative", name, f"{label}: {count(value)} nhỏ hơn 0. Nhập số nguyên từ 0.")
    if value > LARGEST_COUNT:
        return _fault("too_large", name, f"{label}: số quá lớn, tối đa {count(LARGEST_COUNT)}.")
    if name not in served:
        told = f"lĩnh vực này không có hình thức đó nhưng có số {count(value)}. Xóa số, hoặc nhập vào ô khác."
        return _fault("not_served", name, f"{label}: {told}")
    return None


def difference(values: Mapping[str, int | None], served: frozenset[str]) -> int | None:
    """What comes in minus what goes out, in dossiers: 0 when the balance closes.

    None while a served part is not reported. Dossiers moved between areas count as 0 where not reported, and so
    does what the field does not serve.
    """
    parts = [name for name in (*COMES_IN, *GOES_OUT) if name in served and name not in TRANSFERRED]
    if any(values.get(name) is None for name in parts):
        return None
    return _sum(values, COMES_IN) - _sum(values, GOES_OUT)


def check_balance(values: Mapping[str, int | None], served: frozenset[str]) -> Fault | None:
    """The fault of a row whose balance does not close."""
    gap = difference(values, served)
    if not gap:
        return None
    more = "bên tiếp nhận nhiều hơn" if gap > 0 else "bên giải quyết nhiều hơn"
    return _fault(
        "balance", None, f"{balance_text(values)}: lệch {count(abs(gap))} hồ sơ, {more}. Kiểm tra lại các ô."
    )


def balance_text(values: Mapping[str, int | None]) -> str:
    """Both sides of the balance in words.

    "Kỳ trước chuyển sang 9 + tiếp nhận 64 = 73, nhưng đã giải quyết 60 + rút, trả lại 1 + … = 70"; where both sides
    agree, with "và" instead of "nhưng".
    """
    left = _side(
        values,
        (
            ("kỳ trước chuyển sang", ("opening",)),
            ("tiếp nhận", RECEIVED),
            ("nơi khác chuyển đến", ("transferred_in",)),
        ),
    )
    right = _side(
        values,
        (
            ("đã giải quyết", RESOLVED),
            ("rút, trả lại", ("withdrawn",)),
            ("chuyển nơi khác", ("transferred_out",)),
            ("trong hạn", ("pending_in_time",)),
            ("quá hạn", ("pending_late",)),
            ("chờ bổ sung", ("awaiting",)),
        ),
    )
    total_in, total_out = _sum(values, COMES_IN), _sum(values, GOES_OUT)
    joined = "và" if total_in == total_out else "nhưng"
    text = f"{left} = {count(total_in)}, {joined} {right} = {count(total_out)}"
    return text[0].upper() + text[1:]


def closing(values: Mapping[str, int | None]) -> int | None:
    """What is still open at the end of a month (pending and awaiting): the next month's opening.

    None while a part of it is not reported.
    """
    parts = [values.get(name) for name in CLOSING]
    return None if None in parts else added(parts)


def continuity(opening: int | None, previous_closing: int | None) -> Fault | None:
    """A warning where what was carried over is not what was left open; nothing while either is unknown."""
    if opening is None or previous_closing is None or opening == previous_closing:
        return None
    return _fault(
        "continuity",
        "opening",
        f"Kỳ trước chuyển sang {count(opening)}, nhưng cuối kỳ trước còn {count(previous_closing)} hồ sơ đang "
        f"giải quyết và chờ bổ sung: lệch {count(abs(opening - previous_closing))}. "
        "Kiểm tra số chuyển sang; nếu kỳ trước sai, đề nghị mở lại báo cáo kỳ trước.",
    )


def mixed_level(rows: Iterable[tuple[str, str | None]]) -> Fault | None:
    """The fault of a report that counts on two levels; ``rows`` gives the field and the procedure (or None).

    The undivided field and real fields never stand together, nor do a field's own row and rows by procedure.
    """
    whole: set[str] = set()
    divided: set[str] = set()
    for name, procedure in rows:
        (divided if procedure else whole).add(name)
    if UNDIVIDED in (fields := whole | divided) and len(fields) > 1:
        return _fault(
            "mixed_level",
            None,
            "Báo cáo vừa có dòng chung, vừa có dòng theo lĩnh vực nên sẽ tính hai lần. Chỉ giữ một cách.",
        )
    if both := sorted(whole & divided):
        return _fault(
            "mixed_level",
            None,
            f"Lĩnh vực {', '.join(both)} vừa có dòng của cả lĩnh vực, vừa có dòng theo thủ tục nên sẽ tính "
            "hai lần. Chỉ giữ một cách.",
        )
    return None


def nothing_reported(rows: Iterable[Mapping[str, int | None]]) -> Fault | None:
    """The fault of a report without any number, which cannot be sent; 0 is a number."""
    if any(value is not None for row in rows for value in row.values()):
        return None
    return _fault(
        "nothing_reported",
        None,
        "Báo cáo chưa có số nào nên chưa gửi được. Nếu trong kỳ không phát sinh hồ sơ, hãy nhập 0.",
    )


def _sum(values: Mapping[str, int | None], names: Iterable[str]) -> int:
    return added(values.get(name) for name in names) or 0


def _side(values: Mapping[str, int | None], parts: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """One side of the balance; what is not reported is left out, and so is a transfer of 0."""
    told = []
    for label, names in parts:
        number = added(values.get(name) for name in names)
        if number is not None and (number or names[0] not in TRANSFERRED):
            told.append(f"{label} {count(number)}")
    return " + ".join(told)


def _fault(code: str, measure: str | None, message: str) -> Fault:
    return Fault(code, measure, message, RULES[code].severity)
