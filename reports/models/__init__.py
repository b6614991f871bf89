"""The models of reviews: sections, tasks, meeting, consultation, frozen and signed files, outlines and
phrases.
"""

from .consultation import Asking, AskingReminder, AskKind, Resolution, SectionComment
from .frozen import Drawing, FrozenForm, SignedFile, SignedKind
from .meeting import Meeting
from .outline import Outline, OutlineSection, StoredPhrase
from .review import Review, ReviewSection, ReviewState
from .task import PlanTask, TaskOutcome

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
