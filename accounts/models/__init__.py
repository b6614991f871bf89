"""The rows of accounts: users, what they prove themselves with, sessions, safety rules."""

from .credentials import Identity, RecoveryCode
from .safety_rules import SafetyRules
from .second_factor import Factor
from .session import Session, hashed_session_key
from .user import User

__all__ = [
    "Factor",
    "Identity",
    "RecoveryCode",
    "SafetyRules",
    "Session",
    "User",
    "hashed_session_key",
]
