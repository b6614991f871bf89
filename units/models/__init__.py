"""The rows of the room: the dated tree and what is derived from it, people, their proofs, other systems, safety."""

from units.safety import SafetyRules

from .credentials import Identity, RecoveryCode
from .derived import Inherited, Place, RosterStep
from .factor import Factor
from .people import AccountOrigin, Membership, MembershipQuerySet, Role, User
from .session import Session, kept_as
from .systems import Receiver, Scope, System, Token
from .tree import Kind, Succession, Tier, Unit, UnitQuerySet, active, fold, key_on, owing, subtree

__all__ = [
    "AccountOrigin",
    "Factor",
    "Identity",
    "Inherited",
    "Kind",
    "Membership",
    "MembershipQuerySet",
    "Place",
    "Receiver",
    "RecoveryCode",
    "Role",
    "RosterStep",
    "SafetyRules",
    "Scope",
    "Session",
    "Succession",
    "System",
    "Tier",
    "Token",
    "Unit",
    "UnitQuerySet",
    "User",
    "active",
    "fold",
    "kept_as",
    "key_on",
    "owing",
    "subtree",
]
