"""A PDF that takes too long for a request: asked for, waiting its turn, drawn by a worker, left and found again."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from .review import Review


class DrawingState(models.TextChoices):
    WAITING = "waiting", "Đang chờ đến lượt"
    DRAWING = "drawing", "Đang vẽ"
    DONE = "done", "Đã xong"
    FAILED = "failed", "Không vẽ được"
    CANCELLED = "cancelled", "Đã hủy"


OPEN = (DrawingState.WAITING, DrawingState.DRAWING)


class Drawing(models.Model):
    """One long PDF of a review; it survives a restart. `freezes`: the figures are closed with it, as whoever asked has
    seen them (`version`), for `reason`, on `asked_at`. `told_at` is when its worker was last heard of.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="drawings")
    state = models.CharField("trạng thái", max_length=16, choices=DrawingState, default=DrawingState.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField("lúc yêu cầu")
    freezes = models.BooleanField("chốt số liệu", default=False)
    version = models.CharField(max_length=64, blank=True)
    reason = models.TextField("lý do", blank=True)
    qr = models.BooleanField("mã QR", default=False)
    pages = models.PositiveIntegerField("số trang đã dàn", default=0)
    expected = models.PositiveIntegerField("số trang ước tính", default=0)
    told_at = models.DateTimeField(null=True)
    words = models.TextField("vì sao không vẽ được", blank=True)

    class Meta:
        verbose_name = "bản vẽ PDF"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="drawing_one_open",
                fields=["review"],
                condition=Q(state__in=["waiting", "drawing"]),
                violation_error_message="Báo cáo này đang được vẽ PDF.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.review}: {self.get_state_display()}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN
