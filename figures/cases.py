"""Single dossiers: parses dates and times as other systems write them, and counts dossiers into the measures of a
month.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from .measures import CHANNELS, names_where

_CLOCK = r"(\d{1,2})(?::|h|g)(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?"
_ISO = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:[T ]{_CLOCK})?(?:Z|[+]07:?00)?", re.ASCII)
_DAY_FIRST = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}})(?:,? {_CLOCK})?", re.ASCII)
_CLOCK_FIRST = re.compile(rf"{_CLOCK},? (\d{{1,2}})([/.-])(\d{{1,2}})\5(\d{{4}})", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.(\d{1,15}))?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1970, 2100
_FIRST_SERIAL, _LAST_SERIAL = 25_569, 73_415
_EPOCH = date(1899, 12, 30)
_SECONDS = 86_400


def parse_timestamp(text: str) -> datetime | date | None:
    """A local datetime, or a date if the text has no time; None for anything else, such as another time zone.

    The day comes before the month; a number with five digits before its point is a spreadsheet's serial number, of
    FIRST_YEAR to LAST_YEAR.
    """
    if match := _DAY_FIRST.fullmatch(text):
        day, _, month, year, *clock = match.groups()
    elif match := _ISO.fullmatch(text):
        year, month, day, *clock = match.groups()
        if text.endswith("Z"):
            return None
    elif match := _CLOCK_FIRST.fullmatch(text):
        *clock, day, _, month, year = match.groups()
    elif match := _SERIAL.fullmatch(text):
        return _from_serial(int(match[1]), match[2])
    else:
        return None
    return _date_or_datetime(int(year), int(month), int(day), clock)


def _date_or_datetime(year: int, month: int, day: int, clock: list[str | None]) -> datetime | date | None:
    try:
        if clock[0] is None:
            return date(year, month, day)
        return datetime(year, month, day, int(clock[0]), int(clock[1]), int(clock[2] or 0))
    except ValueError:
        return None


def _from_serial(days: int, fraction: str | None) -> datetime | date | None:
    if not _FIRST_SERIAL <= days <= _LAST_SERIAL:
        return None
    day = _EPOCH + timedelta(days)
    if not fraction or not int(fraction):
        return day
    # A spreadsheet's fraction of a day is not exact below a second.
    seconds = round(int(fraction) * _SECONDS / 10 ** len(fraction))
    return datetime.combine(day, time.min) + timedelta(seconds=seconds)


# Datetimes are Vietnamese local time without a zone. A dossier received before the month and still open is in the
# opening; one that ended by the end of the month's last day is resolved or withdrawn; the rest is pending or awaiting.
# So the balance always closes, and the opening of a month equals the closing of the month before.

OPEN, AWAITING, RESOLVED, WITHDRAWN = "open", "awaiting", "resolved", "withdrawn"
ENDED = (RESOLVED, WITHDRAWN)
RETURN_CHANNELS = ("direct", "online", "postal")
STATE_LABELS: Mapping[str, str] = MappingProxyType(
    {
        OPEN: "Đang giải quyết",
        AWAITING: "Chờ bổ sung",
        RESOLVED: "Đã giải quyết",
        WITHDRAWN: "Rút, trả lại",
    }
)
# The measures that a case list can fill.
COUNTED = names_where(lambda measure: measure.in_case_lists)


class CaseError(ValueError):
    """A dossier that contradicts itself; `column`: the role at fault; the text is Vietnamese."""

    def __init__(self, code: str, column: str, message: str) -> None:
        super().__init__(message)
        self.code, self.column = code, column


@dataclass(frozen=True, slots=True)
class DossierCase:
    """One dossier. For `due` and `ended` without a time see `end_of_day` and `start_of_day`. Without `due` it is never
    late. `awaiting` is the state on the day of export, assumed since receipt. `returned_by`: "" if unknown.

    Raises CaseError if it contradicts itself.
    """

    received: datetime
    channel: str
    state: str
    due: datetime | None = None
    ended: datetime | None = None
    returned_by: str = ""

    def __post_init__(self) -> None:
        if self.state in ENDED and self.ended is None:
            raise CaseError("missing", "ended", "Hồ sơ đã xong mà thiếu ngày trả kết quả.")
        if self.state not in ENDED and self.ended is not None:
            raise CaseError("state_and_date", "state", "Hồ sơ chưa xong mà đã có ngày trả kết quả.")
        if self.ended is not None and self.ended.date() < self.received.date():
            raise CaseError("order", "ended", "Ngày trả kết quả đứng trước ngày tiếp nhận.")
        if self.due is not None and self.due.date() < self.received.date():
            raise CaseError("order", "due", "Ngày hẹn trả đứng trước ngày tiếp nhận.")
        if self.channel not in CHANNELS or self.returned_by not in ("", *RETURN_CHANNELS):
            raise ValueError("no such channel")

    @property
    def punctual(self) -> str:
        """The measure of a resolved dossier: late after `due`, early if before the day of it, else, or without `due`,
        on time.
        """
        if self.due is not None and self.ended > self.due:
            return "resolved_late"
        early = self.due is not None and self.ended.date() < self.due.date()
        return "resolved_early" if early else "resolved_on_time"

    def measures(self, start: date, end: date) -> Iterator[str]:
        """The measures that it counts in, in the month from `start` to `end` (inclusive)."""
        came, went = self.received.date(), self.ended.date() if self.ended else None
        if came > end or went is not None and went < start:
            return
        yield f"received_{self.channel}" if came >= start else "opening"
        if went is None or went > end:
            yield self._open_at(end)
        elif self.state == WITHDRAWN:
            yield WITHDRAWN
        else:
            yield self.punctual
            if self.returned_by:
                yield f"returned_{self.returned_by}"

    def _open_at(self, end: date) -> str:
        if self.state == AWAITING:
            return "awaiting"
        late = self.due is not None and self.due < end_of_day(end)
        return "pending_late" if late else "pending_in_time"


def end_of_day(day: date) -> datetime:
    """The last moment of a day: the meaning of a due date without a time, and the cut-off of a month."""
    return datetime.combine(day, time.max)


def start_of_day(day: date) -> datetime:
    """The first moment of a day: the meaning of an end without a time, so that it is never late on its due day."""
    return datetime.combine(day, time.min)
