"""Whether a month is locked, why, since when and whom to ask: the one answer for page, file, cells and actions."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from figures import writing
from records.models import OPEN_STATES, Edition, State, Submission
from units import answering

APPROVED, REPLACED, CLOSED, RELOCKED = "approved", "replaced", "closed", "relocked"
WHY = {
    APPROVED: "đã được duyệt",
    REPLACED: "đã có lần báo cáo sau thay thế",
    CLOSED: "đã quá giờ chốt",
    RELOCKED: "đã hết thời gian mở khóa",
}


@dataclass(frozen=True)
class Lock:
    """`code` is a key of WHY; `since` is aware; `ask` names the unit whose reviewers may unlock."""

    code: str
    since: datetime
    ask: str

    @property
    def words(self) -> str:
        """All of it in a sentence or two, as every way in tells it."""
        since = writing.moment(timezone.localtime(self.since))
        return f"Báo cáo đã khóa từ {since} vì {WHY[self.code]}. Đề nghị {self.ask} mở khóa để sửa."


def lock_of(submission: Submission, edition: Edition, at: datetime, day: date) -> Lock | None:
    """Why nothing in this edition of the submission can be changed at a moment; None while it is open.

    Waiting for approval is a state and no lock. No query while it is open.
    """
    found = _locked_by(submission, edition, at)
    if found is None:
        return None
    above = answering.approver_of(submission.unit, day)
    return Lock(*found, above.name if above else "cấp trên")


def is_locked(submission: Submission, edition: Edition, at: datetime) -> bool:
    """The same without words."""
    return edition.state not in OPEN_STATES or _over(submission, at)


def _locked_by(submission: Submission, edition: Edition, at: datetime) -> tuple[str, datetime] | None:
    if edition.state == State.SUPERSEDED:
        later = submission.editions.filter(number__gt=edition.number, decided_at__isnull=False)
        return REPLACED, later.order_by("number").values_list("decided_at", flat=True).first()
    if edition.state == State.APPROVED:
        return APPROVED, edition.decided_at
    if not _over(submission, at):
        return None
    if submission.open_until is not None:
        return RELOCKED, submission.open_until
    return CLOSED, submission.closes_at


def _over(submission: Submission, at: datetime) -> bool:
    """Whether the time for changes is over: an unlocking counts for itself, whatever the closing time says."""
    last = submission.open_until or submission.closes_at
    return last is not None and at > last
