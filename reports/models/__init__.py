"""The review of a half-year or year, its sections, tasks, what it is written from, entered and asked around it."""

from .asking import Asking, AskingReminder, AskKind
from .comment import Resolution, SectionComment
from .drawing import Drawing
from .frozen import FrozenForm
from .meeting import Meeting
from .review import Review, ReviewSection, ReviewState
from .signed import SignedFile, SignedKind
from .task import PlanTask, TaskOutcome
from .wording import Outline, OutlineSection, StoredPhrase

__all__ = [
    "AskKind",
    "Asking",
    "AskingReminder",
    "Drawing",
    "FrozenForm",
    "Meeting",
    "Outline",
    "OutlineSection",
    "PlanTask",
    "Resolution",
    "Review",
    "ReviewSection",
    "ReviewState",
    "SectionComment",
    "SignedFile",
    "SignedKind",
    "StoredPhrase",
    "TaskOutcome",
]
