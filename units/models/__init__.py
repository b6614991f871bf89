"""The rows of units: the dated tree and what is derived from it, memberships, tokens and receivers."""

from .derived import Inherited, Place, RosterStep
from .memberships import AccountOrigin, Membership, MembershipQuerySet, Role
from .systems import Receiver, System, Token, TokenScope
from .tree import Succession, Tier, Unit, UnitKind, UnitQuerySet, active, expected_within, key_on, subtree

__all__ = [
    "AccountOrigin",
    "Inherited",
    "Membership",
    "MembershipQuerySet",
    "Place",
    "Receiver",
    "Role",
    "RosterStep",
    "Succession",
    "System",
    "Tier",
    "Token",
    "TokenScope",
    "Unit",
    "UnitKind",
    "UnitQuerySet",
    "active",
    "expected_within",
    "key_on",
    "subtree",
]
