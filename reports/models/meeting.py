"""The meeting at which a review was presented: who was there, what was directed and concluded."""

from django.db import models

from .review import Review


class Meeting(models.Model):
    """The conference (hội nghị) of a review, entered until long after the review is frozen: its conclusions come later.

    `directed` and `conclusions` are bound text. Day, place, chair and who attended stand in the
    review's header too while that may still be changed; reports.meeting.queries tells which ones hold.
    """

    review = models.OneToOneField(Review, models.CASCADE, related_name="meeting")
    day = models.DateField("ngày hội nghị", null=True, blank=True)
    place = models.CharField("nơi họp", max_length=300, blank=True)
    chaired = models.CharField("chủ trì", max_length=300, blank=True)
    attended = models.TextField("thành phần dự", blank=True)
    directed = models.TextField("ý kiến chỉ đạo", blank=True)
    conclusions = models.TextField("kết luận", blank=True)
    revision = models.PositiveIntegerField(default=1)
    saved_by = models.CharField(max_length=200, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name = "hội nghị"

    def __str__(self) -> str:
        return f"Hội nghị: {self.review}"
