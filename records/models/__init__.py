"""The rows of the room: catalogue, submissions with their editions and counts, indicators, derived sums."""

from .cases import CaseCount, CaseFile, CaseFileState, CaseMapping, CaseRow
from .catalogue import CutoffRule, DueRule, Field, FieldScope, Holiday, OnlineLevel, Procedure, ProcedureScope
from .form_file import FormFile
from .importing import ImportProgress
from .indicator import Indicator, IndicatorValue, RateTarget
from .layout import GroupSwitch, SwitchedGroup
from .locking import ClosingTime, UnlockRequest
from .recount import Recount
from .reminder import Reminder, ReminderKind
from .submission import OPEN_STATES, DossierCount, Edition, State, Submission
from .sums import GroupSum, Measured, MissingReport, Stage

__all__ = [
    "OPEN_STATES",
    "CaseCount",
    "CaseFile",
    "CaseFileState",
    "CaseMapping",
    "CaseRow",
    "ClosingTime",
    "CutoffRule",
    "DossierCount",
    "DueRule",
    "Edition",
    "Field",
    "FieldScope",
    "FormFile",
    "MissingReport",
    "GroupSum",
    "GroupSwitch",
    "Holiday",
    "ImportProgress",
    "Indicator",
    "IndicatorValue",
    "Measured",
    "OnlineLevel",
    "Procedure",
    "ProcedureScope",
    "RateTarget",
    "Recount",
    "Reminder",
    "ReminderKind",
    "Stage",
    "State",
    "Submission",
    "SwitchedGroup",
    "UnlockRequest",
]
