"""The safety rules that an administrator sets for the whole installation."""

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
