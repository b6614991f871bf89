"""Reminders that were given, so that none is given twice."""

from django.conf import settings
from django.db import models

from units.models import Unit


class ReminderKind(models.TextChoices):
    BEFORE = "before", "Sắp đến hạn"
    ON_DAY = "on_day", "Đến hạn hôm nay"
    AFTER = "after", "Đã quá hạn"
    BY_HAND = "by_hand", "Đôn đốc"


class Reminder(models.Model):
    """One person was reminded of one unit's month (YYYYMM). `on` is the day; several by hand on different days are
    possible, of the others one each. `mailed_at` is empty where no e-mail went out (muted, no address).
    """

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="reminders")
    month = models.PositiveIntegerField("tháng báo cáo")
    kind = models.CharField("loại", max_length=16, choices=ReminderKind)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminders")
    on = models.DateField("ngày")
    given_by = models.CharField("người đôn đốc", max_length=200, blank=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "nhắc gửi báo cáo"
        ordering = ["-on", "unit"]
        constraints = [
            models.UniqueConstraint(
                name="reminder_once",
                fields=["unit", "month", "kind", "user"],
                condition=~models.Q(kind="by_hand"),
            ),
            models.UniqueConstraint(
                name="reminder_by_hand_once_a_day",
                fields=["unit", "month", "user", "on"],
                condition=models.Q(kind="by_hand"),
            ),
        ]
