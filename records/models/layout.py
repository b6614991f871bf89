"""Groups of columns that a committee does not ask its units for."""

from django.db import models

from figures.measures import group_measures
from units.models import Unit

from .followed import Followed


class SwitchedGroup(models.TextChoices):
    """Groups of figures.measures.COLUMN_GROUPS that can be switched off, by their keys."""

    RETURNED = "returned", "Trả kết quả"
    TRANSFERRED = "transferred", "Phi địa giới"

    @property
    def measures(self) -> tuple[str, ...]:
        """The columns of the group."""
        return group_measures(self.value)


class GroupSwitch(Followed):
    """From this reporting month (YYYYMM) on, the units below `unit` are asked for a group of columns, or are not.

    The nearest unit above (or the unit itself) binds, and of its switches the latest; none: the group is asked for.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="group_switches")
    group = models.CharField("nhóm cột", max_length=16, choices=SwitchedGroup)
    first_month = models.PositiveIntegerField("từ tháng báo cáo")
    asked = models.BooleanField("có nhập")

    class Meta:
        verbose_name = "nhóm cột"
        ordering = ["unit", "group", "first_month"]
        constraints = [
            models.UniqueConstraint(name="group_switch_once", fields=["unit", "group", "first_month"])
        ]
