"""What is kept beside a frozen review and only added to (form, signed files), and jobs that draw long PDFs."""

from django.db import models
from django.db.models import Q

from ledger.models import Job, JobState

from .review import Review


class FrozenForm(models.Model):
    """What drew a frozen review: page and style sheet as they were that day, as canonical JSON, whose SHA-256 stands
    in the document and in the log too; and the short code that is printed in it and typed at /verify/.
    """

    review = models.OneToOneField(Review, models.PROTECT, related_name="form")
    code = models.CharField("mã kiểm tra", max_length=16, unique=True)
    drawn = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = "mẫu in của báo cáo đã chốt"

    def __str__(self) -> str:
        return self.code


class SignedKind(models.TextChoices):
    """How far a signed file could be compared with the frozen one."""

    INTACT = "intact", "Bản đã chốt nguyên vẹn, có chữ ký số"
    TEXT = "text", "Tệp khác có chữ, so từng con số"
    PICTURE = "picture", "Bản quét không có chữ, không so được"


class SignedFile(models.Model):
    """A signed file as it was uploaded, byte for byte, with what comparing it found that day
    (reports.verification.signed_copy). The newest of a review counts; the others stay.
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
