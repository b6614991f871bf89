"""The safety rules in force (Decision 742/QĐ-BTTTT; acceptance S35).

Read anew where they are needed, so that a change holds from the next request on, in every worker.
"""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import SafetyRules
from accounts.models.safety_rules import LEAST_IDLE


@dataclass(frozen=True)
class SafetySettings:
    """The rules that hold."""

    idle_minutes: int
    password_length: int
    password_kinds: bool = False
    password_days: int = 0
    addresses: str = ""


def current_safety() -> SafetySettings:
    """As they stand in the database at this moment."""
    row = SafetyRules.objects.filter(pk=1).values(*SafetySettings.__dataclass_fields__).first()
    return (
        SafetySettings(**row)
        if row
        else SafetySettings(settings.SESSION_IDLE_SECONDS // 60, settings.PASSWORD_LENGTH)
    )


def is_idle_too_long(seconds: int) -> bool:
    """Whether a session that was idle for so long is over. No rule ends it sooner than `LEAST_IDLE`, so that most
    requests ask the database for none.
    """
    if seconds <= min(settings.SESSION_IDLE_SECONDS, LEAST_IDLE * 60):
        return False
    minutes = SafetyRules.objects.filter(pk=1).values_list("idle_minutes", flat=True).first()
    return seconds > (settings.SESSION_IDLE_SECONDS if minutes is None else minutes * 60)
