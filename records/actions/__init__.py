"""Changes over rows: atomic, logged, with `by=` (a user, or None for the system) and `at=` (when, aware).

Rights are checked by the caller through units.access, except that nobody approves own entries, which is checked here.
"""

from .decisions import approve, recall, reopen, send, send_back
from .entry import open_submission, save_counts
from .errors import OwnEntries, Refused, StaleEdition

__all__ = [
    "OwnEntries",
    "Refused",
    "StaleEdition",
    "approve",
    "open_submission",
    "recall",
    "reopen",
    "save_counts",
    "send",
    "send_back",
]
