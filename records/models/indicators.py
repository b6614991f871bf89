"""Indicators other than dossiers (a numerator, and a denominator for a share), and the targets of rates."""

from django.db import models
from django.db.models import Q

from figures import indicator_rules
from units.models import Tier, Unit

from .catalogue import InheritableSetting


class Indicator(models.Model):
    """A reported share or count (chỉ tiêu). Without a denominator it is a plain count; a quoted one is a number that
    somebody else has published (a score, an index), never computed here. A retired one is no longer reported.
    """

    code = models.CharField("mã", max_length=64, unique=True)
    name = models.CharField("tên", max_length=300)
    numerator_name = models.CharField("số đạt", max_length=200)
    denominator_name = models.CharField("tổng số", max_length=200, blank=True)
    counted_in = models.CharField("đơn vị tính", max_length=100)
    tier = models.CharField("cấp", max_length=16, choices=Tier, blank=True)
    group = models.CharField("nhóm", max_length=100, blank=True)
    order = models.PositiveIntegerField(default=0)
    quoted = models.BooleanField("số trích dẫn", default=False)
    retired = models.BooleanField("không dùng nữa", default=False)

    class Meta:
        verbose_name = "chỉ tiêu"
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_share(self) -> bool:
        return bool(self.denominator_name)

    @property
    def served(self) -> frozenset[str]:
        """The cells that may hold something (figures.indicator_rules)."""
        if self.quoted:
            return indicator_rules.QUOTED
        return indicator_rules.SHARE if self.is_share else indicator_rules.COUNT


class IndicatorValue(models.Model):
    """What a unit reported for an indicator and a period; NULL is "not reported", never 0. Target in percent;
    `quoted` in the unit in which the indicator is counted.
    """

    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="values")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="indicator_values")
    period = models.CharField("kỳ", max_length=24)
    numerator = models.BigIntegerField("số đạt", null=True)
    denominator = models.BigIntegerField("tổng số", null=True)
    target = models.DecimalField("chỉ tiêu giao (%)", max_digits=5, decimal_places=2, null=True)
    quoted = models.DecimalField("số trích dẫn", max_digits=9, decimal_places=2, null=True)
    quoted_on = models.DateField("ngày công bố", null=True)
    source = models.CharField("nguồn", max_length=300, blank=True)
    saved_by = models.CharField(max_length=200, blank=True)
    saved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "giá trị chỉ tiêu"
        constraints = [
            models.UniqueConstraint(name="indicator_value_once", fields=["indicator", "unit", "period"]),
            models.CheckConstraint(
                name="indicator_value_not_negative",
                condition=(Q(numerator=None) | Q(numerator__gte=0))
                & (Q(denominator=None) | Q(denominator__gte=0)),
                violation_error_message="Số liệu chỉ tiêu không được âm.",
            ),
            models.CheckConstraint(
                name="indicator_part_within_whole",
                condition=Q(numerator=None) | Q(denominator=None) | Q(numerator__lte=models.F("denominator")),
                violation_error_message="Số đạt không được lớn hơn tổng số.",
            ),
        ]


class RateTarget(InheritableSetting):
    """The target set for a named rate (figures.rates) of a unit's subtree: percent, by tier, dated."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="rate_targets")
    rate = models.CharField("tỷ lệ", max_length=32)
    tier = models.CharField("cấp", max_length=16, choices=Tier, blank=True)
    percent = models.DecimalField("chỉ tiêu giao (%)", max_digits=5, decimal_places=2)
    valid_from = models.DateField("từ ngày")
    valid_until = models.DateField("đến hết ngày", null=True, blank=True)
    source = models.CharField("căn cứ", max_length=300, blank=True)

    class Meta:
        verbose_name = "chỉ tiêu giao"
        constraints = [
            models.UniqueConstraint(name="rate_target_once", fields=["unit", "rate", "tier", "valid_from"])
        ]
