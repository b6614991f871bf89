"""What an administrator sets for the safety of all: how long an idle session lasts, what a password must be, and from
where administration is done (Decision 742/QĐ-BTTTT; acceptance S35). Read anew where it is asked for, so that a change
holds from the next request on, in every worker.
"""

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

LEAST_IDLE, MOST_IDLE = 5, 480
LEAST_LENGTH, MOST_LENGTH = 12, 64
LEAST_DAYS, MOST_DAYS = 30, 730


class SafetyRules(models.Model):
    """At most one row; without it the environment's settings hold."""

    idle_minutes = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(LEAST_IDLE), MaxValueValidator(MOST_IDLE)]
    )
    password_length = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(LEAST_LENGTH), MaxValueValidator(MOST_LENGTH)]
    )
    password_kinds = models.BooleanField(default=False)
    # Days after which a password has to be changed; 0: never.
    password_days = models.PositiveSmallIntegerField(default=0)
    # Networks in CIDR, one a line; empty: from anywhere.
    addresses = models.TextField(blank=True)

    class Meta:
        verbose_name = "quy định an toàn"
        constraints = [models.CheckConstraint(name="safety_rules_once", condition=models.Q(pk=1))]


@dataclass(frozen=True)
class Safety:
    """The rules that hold."""

    idle_minutes: int
    password_length: int
    password_kinds: bool = False
    password_days: int = 0
    addresses: str = ""


def current() -> Safety:
    """As they stand in the database at this moment."""
    row = SafetyRules.objects.filter(pk=1).values(*Safety.__dataclass_fields__).first()
    return Safety(**row) if row else Safety(settings.SESSION_IDLE_SECONDS // 60, settings.PASSWORD_LENGTH)


def too_idle(seconds: int) -> bool:
    """Whether a session that was idle for so long is over. No rule ends it sooner than `LEAST_IDLE`, so that most
    requests ask the database for none.
    """
    if seconds <= min(settings.SESSION_IDLE_SECONDS, LEAST_IDLE * 60):
        return False
    minutes = SafetyRules.objects.filter(pk=1).values_list("idle_minutes", flat=True).first()
    return seconds > (settings.SESSION_IDLE_SECONDS if minutes is None else minutes * 60)


def admits(addresses: str, address: str | None) -> bool:
    """Whether `address` lies in one of the networks; everything does where none is named."""
    networks = addresses.split()
    if not networks:
        return True
    with suppress(ValueError):
        found = ip_address(address or "")
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in ip_network(network) for network in networks)
    return False
