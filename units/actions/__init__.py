"""Every change of units and people: atomic, logged, by whom. Rights are checked by the callers (units.access)."""

from .careers import leave, transfer
from .closing import close_branch, close_unit, close_units
from .factors import (
    begin_factor,
    check_factor,
    confirm_factor,
    drop_factor,
    renew_codes,
    reseal_factors,
    reset_factor,
)
from .following import roles_of
from .going_along import again
from .identities import link_identity, unlink_identity
from .merging import merge, merger
from .people import (
    Denied,
    add_membership,
    change_password,
    create_person,
    create_user,
    disable_user,
    edit_own,
    edit_user,
    enable_user,
    end_membership,
    invite,
    issue_password,
    use_issued_password,
)
from .receivers import create_receiver, stop_receiver
from .reopening import closing_of, reopen_units
from .restructuring import Done, followers
from .safety import set_safety
from .sessions import end_all_sessions, end_own_sessions, end_session, end_sessions_of
from .splitting import Offices, Share, split, splitting
from .succession import Link, add_successions
from .tokens import create_token, revoke_token
from .tree import Opened, open_unit, open_units
from .undoing import restructuring_of, touched_by, undo_restructuring

__all__ = [
    "Denied",
    "Done",
    "Link",
    "Offices",
    "Opened",
    "Share",
    "add_membership",
    "add_successions",
    "again",
    "begin_factor",
    "change_password",
    "check_factor",
    "close_branch",
    "close_unit",
    "close_units",
    "closing_of",
    "confirm_factor",
    "create_receiver",
    "create_token",
    "create_person",
    "create_user",
    "disable_user",
    "drop_factor",
    "edit_own",
    "edit_user",
    "enable_user",
    "end_membership",
    "end_all_sessions",
    "end_own_sessions",
    "end_session",
    "end_sessions_of",
    "followers",
    "invite",
    "issue_password",
    "leave",
    "link_identity",
    "merge",
    "merger",
    "open_unit",
    "open_units",
    "renew_codes",
    "reopen_units",
    "reseal_factors",
    "reset_factor",
    "restructuring_of",
    "revoke_token",
    "roles_of",
    "set_safety",
    "split",
    "splitting",
    "stop_receiver",
    "touched_by",
    "transfer",
    "undo_restructuring",
    "unlink_identity",
    "use_issued_password",
]
