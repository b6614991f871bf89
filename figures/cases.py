"""Counts single dossiers into the measures of a reporting month."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from types import MappingProxyType

from .measures import CHANNELS, names_where

# Moments are local times of Vietnam without a zone. Day by day: a dossier is received in the month of its day;
# what came before and was still open is the opening; what ended up to the cut-off (the end of the month's last
# day) is resolved or withdrawn; the rest is pending or awaiting there. So the balance always closes, and the
# opening of a month is what the month before left open.

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
# What a case list can tell.
COUNTED = names_where(lambda measure: measure.in_case_lists)


class CaseError(ValueError):
    """A dossier that cannot be as it is told; `column` names the role at fault, the text is Vietnamese."""

    def __init__(self, code: str, column: str, message: str) -> None:
        super().__init__(message)
        self.code, self.column = code, column


@dataclass(frozen=True, slots=True)
class DossierCase:
    """One dossier. `due` and `ended` of a day without a time: see `end_of` and `start_of`. A dossier without a due
    moment is never late. `awaiting` is a state of the day of the export: it is taken to have lasted since receipt.
    `returned_by` is "" where nobody tells.

    Raises CaseError for what contradicts itself.
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
        """How a resolved dossier stands to its due moment: late by day and time; early before the due day; else, on
        that day, on time. Without a due moment it is on time.
        """
        if self.due is not None and self.ended > self.due:
            return "resolved_late"
        early = self.due is not None and self.ended.date() < self.due.date()
        return "resolved_early" if early else "resolved_on_time"

    def measures(self, start: date, end: date) -> Iterator[str]:
        """What it adds one to in the month from `start` to `end`, both inclusive."""
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
    """What a due date without a time means, and when a month is cut off: the last moment of the day."""
    return datetime.combine(day, time.max)


def start_of_day(day: date) -> datetime:
    """What an end without a time means: nothing of that day speaks against its being in time."""
    return datetime.combine(day, time.min)
