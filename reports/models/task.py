"""Tasks of the next period: direction given in a review, with the unit that answers for it and a deadline."""

from django.db import models

from units.models import Unit

from .review import Review


class TaskOutcome(models.TextChoices):
    OPEN = "open", "Đang thực hiện"
    DONE = "done", "Hoàn thành"
    NOT_DONE = "not_done", "Chưa hoàn thành"


class PlanTask(models.Model):
    """A task (nhiệm vụ) of the review that sets it."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="tasks")
    order = models.PositiveSmallIntegerField()
    text = models.TextField("nhiệm vụ")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    responsible = models.CharField("đơn vị thực hiện", max_length=300, blank=True)
    deadline = models.DateField("thời hạn", null=True, blank=True)
    outcome = models.CharField("kết quả", max_length=16, choices=TaskOutcome, default=TaskOutcome.OPEN)

    class Meta:
        verbose_name = "nhiệm vụ"
        ordering = ["review", "order"]
