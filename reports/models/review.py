"""The review document: draft, for comment, frozen for signature, issued."""

from django.db import models
from django.db.models import Q

from units.models import Unit


class ReviewState(models.TextChoices):
    DRAFT = "draft", "Dự thảo"
    COMMENT = "comment", "Lấy ý kiến"
    FROZEN = "frozen", "Đã chốt số liệu, trình ký"
    ISSUED = "issued", "Đã phát hành"


class Review(models.Model):
    """One unit's review of one period. `frozen` keeps data, text and template version for good; `pdf_sha256` is of
    the file kept in media. What is frozen never changes: the database refuses it (migration 0002).
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="reviews")
    period = models.CharField("kỳ", max_length=24)
    title = models.CharField("tên báo cáo", max_length=300)
    state = models.CharField("trạng thái", max_length=16, choices=ReviewState, default=ReviewState.DRAFT)
    # Told by the units of this day, history carried over; null: by the units that reported.
    units_of = models.DateField("theo đơn vị ngày", null=True, blank=True)
    decimals = models.PositiveSmallIntegerField("số chữ số thập phân", default=1)
    header = models.JSONField(
        default=dict, help_text="place, superior, issuer, meeting day, chaired, attended"
    )
    signer = models.JSONField(default=dict, help_text="lines above the name, and the name")
    recipients = models.JSONField(default=list)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    number = models.CharField("số", max_length=50, blank=True)
    issued_on = models.DateField("ngày ban hành", null=True, blank=True)
    frozen = models.JSONField(null=True)
    frozen_sha256 = models.CharField(max_length=64, blank=True)
    frozen_at = models.DateTimeField(null=True)
    frozen_by = models.CharField(max_length=200, blank=True)
    frozen_reason = models.TextField(blank=True)
    pdf_name = models.CharField(max_length=100, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        verbose_name = "báo cáo sơ kết, tổng kết"
        ordering = ["-period", "unit", "-id"]
        constraints = [
            models.CheckConstraint(
                name="review_frozen_whole",
                condition=Q(state__in=["draft", "comment"], frozen_at=None, pdf_sha256="")
                | (Q(state__in=["frozen", "issued"], frozen_at__isnull=False) & ~Q(pdf_sha256="")),
                violation_error_message="Báo cáo đã chốt phải có bản đóng băng và tệp PDF.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_frozen(self) -> bool:
        return self.state in (ReviewState.FROZEN, ReviewState.ISSUED)


class ReviewSection(models.Model):
    """A part of the text. `body` is bound text: a blank line between paragraphs, figures as tokens.
    `block` names what is drawn after it, `key` the section of the outline that it came from. `responsible` writes what
    the section is made from, by `due_on` (reports.models.contribution).
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="sections")
    order = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField(default=1)
    heading = models.CharField("tiêu đề", max_length=300)
    body = models.TextField("nội dung", blank=True)
    block = models.CharField(max_length=32, blank=True)
    key = models.CharField(max_length=64, blank=True)
    responsible = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="đơn vị chủ trì"
    )
    due_on = models.DateField("hạn gửi nội dung", null=True, blank=True)

    class Meta:
        ordering = ["review", "order"]
        constraints = [models.UniqueConstraint(name="review_section_order", fields=["review", "order"])]
