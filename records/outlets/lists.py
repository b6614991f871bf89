"""The tables of months as files (units.tablefile): all rows, whatever a page shows at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice

from django.db.models import QuerySet

from figures.measures import LABELS, SUMS, measure_label
from figures.periods import Month
from records.columns import GROUPS
from records.models import Edition
from records.queries import board
from records.queries.waiting import Waiting
from units.models import Unit
from units.tablefile import Cell, Column, TableFile
from units.whereabouts import Whereabouts

NAMED = (Column("unit", "Đơn vị", width=34), Column("code", "Mã"))
PROVINCE = Column("province", "Tỉnh, thành phố", width=30)
_MEASURES = tuple(
    name for group in GROUPS for name in (*group.measures, *((group.whole,) if group.whole else ()))
)
_AT_ONCE = 200


def batched(units: Iterable[Unit], number: int) -> Iterator[list[Unit]]:
    """So many at a time, the last ones fewer."""
    rest = iter(units)
    while some := list(islice(rest, number)):
        yield some


def _named(lies: Whereabouts) -> tuple[Column, ...]:
    """Name, code, and the province where there are several."""
    return (*NAMED, PROVINCE) if lies.provinces else NAMED


def _names(unit: Unit, lies: Whereabouts) -> tuple[Cell, ...]:
    named = unit.name, unit.code
    return (*named, str(lies.province(unit) or "")) if lies.provinces else named


def matrix_file(
    units: Iterable[Unit],
    months: Sequence[Month],
    found: Callable[[list[Unit]], dict[int, list[board.Standing]]],
    lies: Whereabouts,
    at: datetime,
) -> TableFile:
    """How units × months stand, in words; `found` tells the standings of some units at once."""
    columns = (*_named(lies), *(Column(str(month), month.label, width=24) for month in months))
    return TableFile(
        "tinh-hinh-gui", "Tình hình gửi báo cáo tháng", columns, _standings(units, found, lies), at
    )


def _standings(
    units: Iterable[Unit],
    found: Callable[[list[Unit]], dict[int, list[board.Standing]]],
    lies: Whereabouts,
) -> Iterator[tuple[Cell, ...]]:
    for some in batched(units, _AT_ONCE):
        standings = found(some)
        for unit in some:
            yield *_names(unit, lies), *(one.words for one in standings[unit.pk])


OWED = (
    Column("month", "Tháng báo cáo"),
    Column("due_on", "Hạn gửi"),
    Column("state", "Tình trạng", width=30),
    Column("late_days", "Quá hạn (ngày)"),
)


def owed_file(
    units: Iterable[Unit],
    found: Callable[[list[Unit]], dict[int, list[board.Standing]]],
    lies: Whereabouts,
    at: datetime,
) -> TableFile:
    """A row for each month that a unit still has to send."""
    return TableFile(
        "con-thieu", "Báo cáo tháng chưa gửi", (*_named(lies), *OWED), _owed(units, found, lies), at
    )


def _owed(
    units: Iterable[Unit],
    found: Callable[[list[Unit]], dict[int, list[board.Standing]]],
    lies: Whereabouts,
) -> Iterator[tuple[Cell, ...]]:
    for some in batched(units, _AT_ONCE):
        standings = found(some)
        for unit in some:
            for one in standings[unit.pk]:
                if one.owed:
                    yield *_names(unit, lies), one.month.label, one.due_on, one.words, one.late_days


WAITING = (
    Column("month", "Tháng báo cáo"),
    Column("received", "Tiếp nhận", total=True),
    Column("received_before", "Tiếp nhận kỳ trước", total=True),
    Column("pending_late", "Đang quá hạn", total=True),
    Column("oddities", "Điều cần xem", width=70),
    Column("sent_at", "Gửi lúc", width=20),
    Column("sent_by", "Người gửi", width=30),
)


def waiting_file(found: Iterable[Waiting], lies: Whereabouts, at: datetime) -> TableFile:
    """The months that wait for the reader's decision."""
    rows = (
        (
            *_names(one.unit, lies),
            one.month.label,
            one.received,
            one.received_before,
            one.pending_late,
            "; ".join(one.oddities),
            one.edition.sent_at,
            one.edition.sent_by,
        )
        for one in found
    )
    return TableFile("cho-duyet", "Báo cáo chờ duyệt", (*_named(lies), *WAITING), rows, at)


def month_file(edition: Edition, lines: Iterable, end: date, at: datetime) -> TableFile:
    """The numbers of one month as its page shows them: a row for each field or procedure, sums beside their parts."""
    submission = edition.submission
    month = Month.from_number(submission.month)
    columns = (
        Column("field", "Lĩnh vực", width=34),
        Column("code", "Mã"),
        *(Column(name, _label(name, end), total=True, parts=SUMS.get(name, ())) for name in _MEASURES),
        Column("reason", "Lý do", width=40),
    )
    rows = (
        (line.label, line.code, *(_value(line.values, name) for name in _MEASURES), line.reason)
        for line in lines
    )
    source = [
        ("Đơn vị", f"{submission.unit.name} ({submission.unit.code})"),
        ("Kỳ báo cáo", month.label),
        ("Phạm vi", f"lần {edition.number}: {edition.get_state_display()}"),
        ("Ô trống", "chưa báo cáo, khác với 0"),
        *(
            (LABELS[name], " + ".join(_label(part, end).lower() for part in SUMS[name]))
            for name in SUMS
            if name in _MEASURES
        ),
    ]
    title = f"Báo cáo {month.label} của {submission.unit.name}"
    return TableFile(f"bao-cao-{submission.unit.code}-{month}", title, columns, rows, at, source)


def _label(name: str, end: date) -> str:
    return LABELS[name] if name in SUMS else measure_label(name, end)


def _value(values, name: str) -> int | None:
    if name not in SUMS:
        return values[name]
    parts = [values[part] for part in SUMS[name] if values[part] is not None]
    return sum(parts) if parts else None


HISTORY = (
    Column("at", "Lúc", width=20),
    Column("who", "Người thực hiện", width=30),
    Column("act", "Việc", width=26),
    Column("way", "Cách", width=14),
    Column("edition", "Lần"),
    Column("reason", "Lý do, tệp", width=40),
    Column("cell", "Ô", width=50),
    Column("before", "Số cũ"),
    Column("after", "Số mới"),
)


def history_file(title: str, acts: Iterable, at: datetime) -> TableFile:
    """Who did what with a month: a row for each changed cell, and one for an act without any."""
    return TableFile("lich-su", title, HISTORY, _acts(acts), at)


def _acts(acts: Iterable) -> Iterator[tuple[Cell, ...]]:
    for act in acts:
        head = (act.entry.at, act.who, act.words, act.way, act.edition, act.reason)
        for one in act.changes:
            yield (*head, one.place, one.before, one.after)
        if not act.changes:
            yield (*head, "", "", "")


CASES = (
    Column("row", "Dòng"),
    Column("code", "Mã hồ sơ", width=34),
    Column("procedure", "Thủ tục, lĩnh vực", width=50),
    Column("received", "Tiếp nhận", width=20),
    Column("channel", "Hình thức", width=26),
    Column("due", "Hẹn trả", width=20),
    Column("ended", "Trả kết quả", width=20),
    Column("returned_by", "Hình thức trả", width=20),
    Column("state", "Trạng thái trong tệp", width=26),
)


def cases_file(title: str, found: QuerySet, source: str, at: datetime) -> TableFile:
    """The dossiers behind one count of a month, in the order of the file that they came with."""
    rows = (
        (
            one.row,
            one.code,
            str(one.procedure or one.field or ""),
            one.received,
            one.get_channel_display(),
            one.due,
            one.ended,
            one.get_returned_by_display() if one.returned_by else "",
            one.get_state_display(),
        )
        for one in found.iterator(1_000)
    )
    return TableFile("ho-so", title, CASES, rows, at, [("Tệp hồ sơ", source)])
