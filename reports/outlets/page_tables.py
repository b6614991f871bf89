"""Reviews, tasks and official forms as tables in files (units.tablefile)."""

from collections.abc import Iterable
from datetime import datetime

from reports.models import PlanTask, Review
from units.tablefile import Column, TableFile

from .filled_form import Filled

REVIEWS = (
    Column("title", "Báo cáo", width=60),
    Column("unit_code", "Mã đơn vị"),
    Column("unit", "Đơn vị", width=30),
    Column("period", "Kỳ"),
    Column("state", "Trạng thái", width=26),
    Column("number", "Số"),
    Column("issued_on", "Ngày phát hành"),
    Column("frozen_at", "Chốt số liệu lúc", width=20),
)


def reviews_file(found: Iterable[Review], at: datetime) -> TableFile:
    """All reviews that the reader may see."""
    rows = (
        (
            one.title,
            one.unit.code,
            one.unit.name,
            one.period,
            one.get_state_display(),
            one.number,
            one.issued_on,
            one.frozen_at,
        )
        for one in found
    )
    return TableFile("bao-cao-so-ket", "Báo cáo sơ kết, tổng kết", REVIEWS, rows, at)


TASKS = (
    Column("text", "Nhiệm vụ", width=70),
    Column("who", "Đơn vị thực hiện", width=30),
    Column("deadline", "Thời hạn"),
    Column("outcome", "Kết quả", width=20),
    Column("note", "Nội dung kết quả", width=50),
    Column("on", "Ngày hoàn thành"),
    Column("by", "Người ghi", width=30),
    Column("at", "Ghi lúc", width=20),
    Column("review", "Báo cáo giao nhiệm vụ", width=50),
)


def tasks_file(found: Iterable[PlanTask], title: str, at: datetime) -> TableFile:
    """Tasks with what became of them."""
    rows = (
        (
            one.text,
            one.who,
            one.deadline,
            one.get_outcome_display(),
            one.outcome_note,
            one.outcome_on,
            one.outcome_by,
            one.outcome_at,
            one.review.title,
        )
        for one in found
    )
    return TableFile("nhiem-vu", title, TASKS, rows, at)


def form_file(filled: Filled, name: str, at: datetime) -> TableFile:
    """An official form as a plain table (CSV, JSON): its XLSX has the form's own layout."""
    columns = (
        Column("mark", "TT"),
        Column("name", filled.form.name_head, width=40),
        *(Column(f"column_{one.number}", one.title) for one in filled.form.columns),
    )
    rows = ((row.mark, row.name, *row.cells) for row in filled.rows)
    source = [*filled.sources, *(("Ghi chú", note) for note in filled.notes)]
    if filled.broken:
        source.append(("Chỗ chưa khớp", "; ".join(filled.broken)))
    return TableFile(name, f"{filled.form.code}, {filled.period.label}", columns, rows, at, source)


PHRASES = (
    Column("section", "Mục", width=34),
    Column("key", "Mã", width=30),
    Column("text", "Câu", width=80),
    Column("conditions", "Điều kiện", width=40),
    Column("state", "Mẫu"),
)


def phrases_file(sections: Iterable[tuple[str, Iterable]], at: datetime) -> TableFile:
    """The phrases that drafts are written from, by section, in their order."""
    rows = (
        (name, one.key, one.text, str(one.conditions or ""), "Đang dùng" if one.in_use else "Không dùng")
        for name, ones in sections
        for one in ones
    )
    return TableFile("cau-mau", "Câu mẫu của báo cáo", PHRASES, rows, at)


ASKINGS = (
    Column("heading", "Mục", width=40),
    Column("unit", "Đơn vị", width=34),
    Column("due_on", "Hạn gửi"),
    Column("state", "Tình trạng", width=24),
    Column("sent_by", "Người gửi", width=30),
    Column("sent_at", "Gửi lúc", width=20),
)


def askings_file(title: str, standings: Iterable, at: datetime) -> TableFile:
    """Whom a review asks for what, and what has come."""
    rows = (
        (
            one.asking.heading or "Toàn văn dự thảo: xin ý kiến",
            one.asking.unit.name,
            one.asking.due_on,
            one.word,
            one.asking.sent_by,
            one.asking.sent_at,
        )
        for one in standings
    )
    return TableFile("gop-y", title, ASKINGS, rows, at)
