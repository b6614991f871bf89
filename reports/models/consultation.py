"""Requests to units for comments or text, their reminders, and comments on a draft."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from units.models import Unit

from .review import Review, ReviewSection


class AskKind(models.TextChoices):
    COMMENT = "comment", "Góp ý dự thảo"
    TEXT = "text", "Gửi nội dung"


class Asking(models.Model):
    """A unit is asked, by a day, for comments on a whole draft (no section) or for the text of one section. `body` is
    bound text; it stays when the section goes, and is never printed itself: the drafter takes it
    over.

    Sent: `sent_at` (of comments: the unit has said what it had to say). Sent back: `returned` says why, and nothing is
    sent any more. `revision` grows with each saving of the text.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="askings")
    section = models.ForeignKey(ReviewSection, models.SET_NULL, null=True, blank=True, related_name="askings")
    heading = models.CharField(max_length=300, blank=True)
    kind = models.CharField("loại", max_length=16, choices=AskKind)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="askings", verbose_name="đơn vị")
    due_on = models.DateField("hạn gửi", null=True, blank=True)
    words = models.TextField("yêu cầu", blank=True)
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    body = models.TextField("nội dung", blank=True)
    revision = models.PositiveIntegerField(default=0)
    saved_by = models.CharField(max_length=200, blank=True)
    saved_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    returned = models.TextField("lý do trả lại", blank=True)
    taken_by = models.CharField(max_length=200, blank=True)
    taken_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "yêu cầu gửi nội dung, góp ý"
        ordering = ["review", "kind", "section__order", "unit__path"]
        constraints = [
            models.UniqueConstraint(
                name="asking_comment_once", fields=["review", "unit"], condition=Q(kind="comment")
            ),
            models.UniqueConstraint(
                name="asking_text_once", fields=["section", "unit"], condition=Q(kind="text")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.heading or self.review}"


class AskingReminder(models.Model):
    """One person was reminded of what one unit is asked for; each kind (figures.reminder_schedule) once."""

    asking = models.ForeignKey(Asking, models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=16)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    on = models.DateField("ngày")
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "nhắc gửi nội dung, góp ý"
        constraints = [
            models.UniqueConstraint(name="asking_reminder_once", fields=["asking", "kind", "user"])
        ]


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
