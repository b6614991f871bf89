"""When months lock and how one of them opens again: closing times that a committee sets, and requests to unlock."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from units.models import Unit

from .submission import Submission


class ClosingTime(models.Model):
    """When a committee closes one reporting month (YYYYMM) for all units below it; the nearest one above binds."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="closing_times")
    month = models.PositiveIntegerField("tháng báo cáo")
    closes_at = models.DateTimeField("khóa lúc")

    class Meta:
        verbose_name = "giờ chốt"
        ordering = ["-month", "unit"]
        constraints = [
            models.UniqueConstraint(
                name="closing_time_once",
                fields=["unit", "month"],
                violation_error_message="Đơn vị đã có giờ chốt của tháng này.",
            )
        ]


class UnlockRequest(models.Model):
    """Somebody asks, with a reason, to open one unit's locked month; a second person grants or declines it.

    `granted` is empty while nobody decided. A granted one opens the month until `open_until`, and it closes by itself.
    People are kept by number and by name, so that the request outlives an account.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="unlock_requests")
    reason = models.TextField("lý do")
    requested_at = models.DateTimeField("đề nghị lúc")
    requested_by = models.CharField("người đề nghị", max_length=200)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    granted = models.BooleanField("đồng ý", null=True)
    decided_at = models.DateTimeField("quyết định lúc", null=True)
    decided_by = models.CharField("người quyết định", max_length=200, blank=True)
    answer = models.TextField("ý kiến", blank=True)
    open_until = models.DateTimeField("mở đến", null=True)

    class Meta:
        verbose_name = "đề nghị mở khóa"
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="unlock_request_one_undecided", fields=["submission"], condition=Q(granted=None)
            )
        ]
