"""A task for the next period, with the unit that answers for it, a deadline and an outcome."""

from datetime import date

from django.db import models

from units.models import Unit

from .review import Review


class TaskOutcome(models.TextChoices):
    OPEN = "open", "Đang thực hiện"
    DONE = "done", "Hoàn thành"
    NOT_DONE = "not_done", "Chưa hoàn thành"


class PlanTask(models.Model):
    """A task (nhiệm vụ) of the review that sets it. What became of it is entered until the next review, also after the
    review is frozen: outcome, a note, and the day on which it was so; who entered it and when.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="tasks")
    order = models.PositiveSmallIntegerField()
    text = models.TextField("nhiệm vụ")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    responsible = models.CharField("đơn vị thực hiện", max_length=300, blank=True)
    deadline = models.DateField("thời hạn", null=True, blank=True)
    outcome = models.CharField("kết quả", max_length=16, choices=TaskOutcome, default=TaskOutcome.OPEN)
    outcome_note = models.TextField("ghi chú kết quả", blank=True)
    outcome_on = models.DateField("ngày có kết quả", null=True, blank=True)
    outcome_by = models.CharField("người ghi", max_length=200, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "nhiệm vụ"
        ordering = ["review", "order"]

    @property
    def who(self) -> str:
        """Who answers for it, as printed."""
        return self.responsible or (self.unit.name if self.unit else "")

    def is_overdue(self, on: date) -> bool:
        """Whether the deadline has passed without the task being done."""
        return self.deadline is not None and self.deadline < on and self.outcome != TaskOutcome.DONE
