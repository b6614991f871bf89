"""A real recount of what a split unit reported, by its successors: replaces the estimate by shares."""

from django.db import models

from units.models import Unit

from .catalogue import Field
from .sums import Measured


class Recount(Measured):
    """Of the numbers of one old unit, month and field the part of one of its direct successors.

    All successors together have exactly what was reported; as soon as they no longer do (the month was corrected), the
    estimate counts again. Measures as in a count; what is blank there is blank here.
    """

    old = models.ForeignKey(Unit, models.PROTECT, related_name="recounts", verbose_name="đơn vị cũ")
    heir = models.ForeignKey(Unit, models.PROTECT, related_name="recounted", verbose_name="đơn vị mới")
    month = models.PositiveIntegerField("tháng báo cáo")
    field = models.ForeignKey(Field, models.PROTECT, verbose_name="lĩnh vực")

    class Meta:
        verbose_name = "số tính lại khi chia tách"
        constraints = [
            models.UniqueConstraint(name="recount_once", fields=["old", "month", "field", "heir"]),
        ]
