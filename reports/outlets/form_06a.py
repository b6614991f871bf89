"""Form II.06a/VPCP/KSTT (circular 01/2020/TT-VPCP) from a review's document: columns (3) to (13), by tier and field.

The form has no column for dossiers that were withdrawn or wait for the applicant: systems count them as resolved on
time (9) and in time (12). Dossiers handled across areas have none either. What was mapped is said under the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from figures.counts import added
from figures.summary import Summary
from figures.writing import count, tier_name

COLUMNS = range(1, 14)
LETTERS = "ABCDEG"


@dataclass(frozen=True)
class FormRow:
    """A line: eleven cells, columns (3) to (13); None is "nobody reported"."""

    mark: str
    name: str
    cells: tuple[int | None, ...]
    is_total: bool = False


def cells(counts: Mapping[str, int | None]) -> tuple[int | None, ...]:
    """Columns (3)…(13) of one line. Identities (3)=(4)+(5)+(6), (7)=(8)+(9)+(10), (11)=(12)+(13) hold by making."""
    online = counts["received_online"]
    by_hand = added([counts["received_direct"], counts["received_postal"]])
    opening = counts["opening"]
    early, late = counts["resolved_early"], counts["resolved_late"]
    on_time = added([counts["resolved_on_time"], counts["withdrawn"]])
    in_time, overdue = added([counts["pending_in_time"], counts["awaiting"]]), counts["pending_late"]
    return (
        added([online, by_hand, opening]),
        online,
        by_hand,
        opening,
        added([early, on_time, late]),
        early,
        on_time,
        late,
        added([in_time, overdue]),
        in_time,
        overdue,
    )


def table(doc: dict[str, Any]) -> dict[str, Any]:
    """`form_rows`, `form_columns` and `form_note` for the template."""
    rows: list[FormRow] = []
    total = Summary.from_dict(doc["figures"]).total
    parts = [(one["tier"], Summary.from_dict(one["figures"])) for one in doc["by_field"]]
    for place, (tier, summary) in enumerate(parts):
        rows.append(FormRow(LETTERS[place], tier_name(tier), cells(summary.total.counts), True))
        rows += [
            FormRow(str(number), row.name, cells(row.figures.counts))
            for number, row in enumerate(summary.rows, 1)
            if row.figures.completeness.reported or not row.figures.completeness.expected
        ]
    if len(parts) > 1:
        rows.append(FormRow("", "Tổng cộng", cells(total.counts), True))
    return {"form_rows": rows, "form_columns": COLUMNS, "form_note": note(total.counts)}


def note(counts: Mapping[str, int | None]) -> str:
    """What the form has no column for and where it was counted; and a difference of (3) and (7)+(11), if any."""
    told = [
        f"{count(counts['withdrawn'])} hồ sơ rút, trả lại tính vào cột (9)",
        f"{count(counts['awaiting'])} hồ sơ chờ bổ sung tính vào cột (12)",
    ]
    moved = [
        f"{count(counts[name])} hồ sơ {words}"
        for name, words in (
            ("transferred_in", "nhận từ nơi khác chuyển đến"),
            ("transferred_out", "chuyển nơi khác giải quyết"),
        )
        if counts[name]
    ]
    text = "; ".join(told) + "."
    if moved:
        text += f" Ngoài biểu: {', '.join(moved)}."
    row = cells(counts)
    gap = (row[0] or 0) - (row[4] or 0) - (row[8] or 0)
    if gap and None not in (row[0], row[4], row[8]):
        text += f" Cột (3) lệch {count(gap)} so với cột (7) + cột (11)"
        text += (
            " do hồ sơ chuyển đi, chuyển đến."
            if moved
            else " do có tháng chưa báo cáo hoặc số chuyển kỳ chưa khớp."
        )
    return text
