"""The signed file of a frozen review, in a table that is only ever added to (reports.triggers)."""

from django.db import models

from .review import Review


class SignedKind(models.TextChoices):
    """How far a signed file could be compared with the frozen one."""

    INTACT = "intact", "Bản đã chốt nguyên vẹn, có chữ ký số"
    TEXT = "text", "Tệp khác có chữ, so từng con số"
    PICTURE = "picture", "Bản quét không có chữ, không so được"


class SignedFile(models.Model):
    """A signed file as it was uploaded, byte for byte, with what comparing it found that day
    (reports.outlets.comparing). The newest of a review counts; the others stay.
    """

    review = models.ForeignKey(Review, models.PROTECT, related_name="signed_files")
    name = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=SignedKind)
    found = models.JSONField()
    reason = models.TextField(blank=True)
    uploaded_by = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField()

    class Meta:
        verbose_name = "bản đã ký của báo cáo"
        ordering = ["review", "-pk"]

    def __str__(self) -> str:
        return f"{self.review} ({self.sha256[:8]})"
