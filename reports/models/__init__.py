"""The review of a half-year or year, its sections, the tasks it sets, and what is entered and asked around it."""

from .asking import Asking, AskingReminder, AskKind
from .comment import Resolution, SectionComment
from .drawing import Drawing, DrawingState
from .frozen import FrozenForm
from .meeting import Meeting
from .review import Review, ReviewSection, ReviewState
from .signed import SignedFile, SignedKind
from .task import PlanTask, TaskOutcome

__all__ = [
    "AskKind",
    "Asking",
    "AskingReminder",
    "Drawing",
    "DrawingState",
    "FrozenForm",
    "Meeting",
    "PlanTask",
    "Resolution",
    "Review",
    "ReviewSection",
    "ReviewState",
    "SectionComment",
    "SignedFile",
    "SignedKind",
    "TaskOutcome",
]
