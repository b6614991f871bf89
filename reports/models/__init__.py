"""The review of a half-year or year, its sections, and the tasks it sets."""

from .frozen import FrozenForm
from .meeting import Meeting
from .review import Review, ReviewSection, ReviewState
from .signed import SignedFile, SignedKind
from .task import PlanTask, TaskOutcome

__all__ = [
    "FrozenForm",
    "Meeting",
    "PlanTask",
    "Review",
    "ReviewSection",
    "ReviewState",
    "SignedFile",
    "SignedKind",
    "TaskOutcome",
]
