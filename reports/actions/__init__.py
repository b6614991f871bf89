"""Changes to reviews: drafting, freezing, recording number and date. Each is atomic and logged; `by` is a units.User
or None for the system, `at` an aware moment. Rights are checked by the caller (units.access).
"""

from .closing import CHANGED, FOLDER, freeze, record_issue
from .common import Refused, Stale, subject
from .drafting import (
    LONGEST_SECTION,
    LONGEST_TEXT,
    TaskText,
    default_header,
    default_title,
    draft,
    edit,
    replacement,
    set_state,
)
from .drawings import MOST_WAITING, Full
from .drawings import ask as ask_drawing
from .figures import accept_figures
from .meeting import MeetingText, record_meeting
from .signing import SIGNED_FOLDER, keep_signed
from .tasks import record_outcome
from .whole_draft import draft_whole
from .wording import write_section

__all__ = [
    "CHANGED",
    "FOLDER",
    "Full",
    "LONGEST_SECTION",
    "LONGEST_TEXT",
    "MOST_WAITING",
    "MeetingText",
    "Refused",
    "SIGNED_FOLDER",
    "Stale",
    "TaskText",
    "accept_figures",
    "ask_drawing",
    "default_header",
    "default_title",
    "draft",
    "draft_whole",
    "edit",
    "freeze",
    "keep_signed",
    "record_issue",
    "record_meeting",
    "record_outcome",
    "replacement",
    "set_state",
    "subject",
    "write_section",
]
