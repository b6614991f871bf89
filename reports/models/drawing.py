"""A PDF that takes too long for a request: a job of ledger.jobs, counted in pages."""

from django.db import models
from django.db.models import Q

from ledger.models import Job, JobState

from .review import Review


class Drawing(Job):
    """One long PDF of a review. `freezes`: the figures are closed with it, as whoever asked has seen them (`version`),
    for `reason`, on `asked_at`.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="drawings")
    freezes = models.BooleanField("chốt số liệu", default=False)
    version = models.CharField(max_length=64, blank=True)
    reason = models.TextField("lý do", blank=True)
    qr = models.BooleanField("mã QR", default=False)

    class Meta:
        verbose_name = "bản vẽ PDF"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="drawing_one_open",
                fields=["review"],
                condition=Q(state__in=[JobState.WAITING, JobState.WORKING]),
                violation_error_message="Báo cáo này đang được vẽ PDF.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.review}: {self.get_state_display()}"
