"""Changes over rows: atomic, logged, with `by=` (a user, or None for the system) and `at=` (when, aware).

Rights are checked by the caller through units.access, except what no role may do: approving own entries and
deciding on an own request are refused here.
"""

from .closing import remove_closing_time, set_closing_time
from .common import must_have_ended, worked_on
from .decisions import approve, approve_all, recall, send, send_back
from .entry import open_submission, save_counts, save_in_hand
from .errors import OwnEntries, OwnRequest, Refused, StaleEdition
from .form_files import Filled, forget_forms, keep_form, store_chosen, store_forms
from .switching import switch_group
from .unlocking import decide_unlock, request_unlock

__all__ = [
    "Filled",
    "OwnEntries",
    "OwnRequest",
    "Refused",
    "StaleEdition",
    "approve",
    "approve_all",
    "decide_unlock",
    "forget_forms",
    "keep_form",
    "must_have_ended",
    "open_submission",
    "recall",
    "remove_closing_time",
    "request_unlock",
    "save_counts",
    "save_in_hand",
    "send",
    "send_back",
    "set_closing_time",
    "store_chosen",
    "store_forms",
    "switch_group",
    "worked_on",
]
