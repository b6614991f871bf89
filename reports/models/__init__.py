"""The review of a half-year or year, its sections, and the tasks it sets."""

from .frozen import FrozenForm
from .review import Review, ReviewSection, ReviewState
from .task import PlanTask, TaskOutcome

__all__ = ["FrozenForm", "PlanTask", "Review", "ReviewSection", "ReviewState", "TaskOutcome"]
