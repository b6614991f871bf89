"""The right that each view declares with `@requires(...)`.

Who has it is decided by units.access; the middleware refuses a view that declares none.
"""

from collections.abc import Callable
from enum import Enum


class Right(Enum):
    PUBLIC = "public"  # no sign-in: health checks, sign-in itself, verification of an issued review
    SIGNED_IN = "signed_in"  # any signed-in person; the view then fetches through this module
    READ = "read"
    ENTER = "enter"  # enter and send months of the own unit
    FILL = "fill"  # what else a unit reports: indicators, parts of a review; its clerk, or an editor above
    COMMENT = "comment"  # say something about a draft that is put to comment
    APPROVE = "approve"  # approve, return, unlock months of units below
    ASK_UNLOCK = "ask_unlock"  # ask for unlocking a month: of the own unit, or of units below
    EDIT = "edit"  # draft reviews, indicators, tasks
    CLOSE = "close"  # close the figures of a review and put it to signature
    MANAGE = "manage"  # units, catalogue, people


def requires(right: Right, *, by_unit: bool = False) -> Callable:
    """Declare the right of a view (function, or the result of `as_view()`).

    by_unit: the view fetches one unit through `unit_for` with this right. The gate then leaves the decision to that
    call, so that a unit outside the reader's subtree is unknown (404) whatever the reader's role.
    """

    def declare(view):
        view.declared_right = right
        view.by_unit = by_unit
        return view

    return declare


def takes_large_body(setting: str) -> Callable:
    """A view that may be sent bodies of more bytes than others, by who is signed in: the name of the setting."""

    def declare(view):
        view.largest_body = setting
        return view

    return declare
