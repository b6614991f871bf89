"""What is kept beside a frozen review, in tables that are only ever added to (reports.triggers)."""

from django.db import models

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
