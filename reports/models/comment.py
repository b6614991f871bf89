"""What people said about a section of a draft. Kept for good, never printed."""

from django.db import models
from django.db.models import Q

from units.models import Unit

from .review import Review, ReviewSection


class Resolution(models.TextChoices):
    TAKEN = "taken", "Đã tiếp thu"
    EXPLAINED = "explained", "Đã giải trình"


class SectionComment(models.Model):
    """A comment on a section, or (without one) on the whole draft; a reply has a parent. `unit` is in whose name it is
    said. Words are never changed; an editor of the review resolves a comment. `heading` is the section's of that day.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="comments")
    section = models.ForeignKey(
        ReviewSection, models.SET_NULL, null=True, blank=True, related_name="comments"
    )
    heading = models.CharField(max_length=300, blank=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="replies")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    text = models.TextField("ý kiến")
    said_by = models.CharField(max_length=200)
    at = models.DateTimeField()
    resolution = models.CharField(max_length=16, choices=Resolution, blank=True)
    resolved_by = models.CharField(max_length=200, blank=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "ý kiến góp ý"
        ordering = ["review", "at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="comment_resolved_whole",
                condition=Q(resolution="", resolved_at=None)
                | (~Q(resolution="") & Q(resolved_at__isnull=False, parent=None)),
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]
