"""Dated settings: fields and procedures with who reports them, column groups, cut-off and due rules, holidays."""

from django.db import models
from django.db.models import F, Q

from figures.measures import group_measures
from units.models import Tier, Unit


class InheritableSetting(models.Model):
    """A row that a unit sets for itself and those below it. `followed`: inherited from its predecessors, and not set
    by anybody since.
    """

    followed = models.BooleanField("tiếp nối đơn vị cũ", default=False, editable=False)

    class Meta:
        abstract = True


class CatalogueScope(models.Model):
    """Who reports an entry, from when to when, and through which channels (space-separated; all by default)."""

    tier = models.CharField("cấp", max_length=16, choices=Tier, blank=True)
    channels = models.CharField("hình thức tiếp nhận", max_length=80, blank=True)
    valid_from = models.DateField("áp dụng từ ngày")
    valid_until = models.DateField("đến hết ngày", null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_dates_in_order",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                violation_error_message="Ngày hết áp dụng phải từ ngày bắt đầu trở đi.",
            )
        ]


class Field(models.Model):
    """A group of procedures (lĩnh vực). Every database has `chung`: not divided by field."""

    UNDIVIDED = "chung"

    code = models.CharField("mã", max_length=64, unique=True)
    name = models.CharField("tên", max_length=200)
    order = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "lĩnh vực"
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return self.name


class FieldScope(CatalogueScope):
    field = models.ForeignKey(Field, models.CASCADE, related_name="scopes")
    units = models.ManyToManyField(Unit, blank=True, related_name="+")


class OnlineLevel(models.TextChoices):
    NONE = "none", "Không trực tuyến"
    PARTIAL = "partial", "Một phần"
    FULL = "full", "Toàn trình"


class Procedure(models.Model):
    """A procedure of the catalogue (TTHC). Its code, such as 1.000894, is text and never a number."""

    code = models.CharField("mã", max_length=64, unique=True)
    name = models.CharField("tên", max_length=500)
    field = models.ForeignKey(Field, models.PROTECT, related_name="procedures")

    class Meta:
        verbose_name = "thủ tục hành chính"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ProcedureScope(CatalogueScope):
    procedure = models.ForeignKey(Procedure, models.CASCADE, related_name="scopes")
    online_level = models.CharField("mức độ trực tuyến", max_length=16, choices=OnlineLevel, blank=True)
    posted = models.BooleanField("niêm yết công khai", null=True)
    units = models.ManyToManyField(Unit, blank=True, related_name="+")


class CutoffRule(models.Model):
    """From this reporting month on, a month ends on `day` of that month (empty: on its last day). Default: 14."""

    first_month = models.PositiveIntegerField("từ tháng báo cáo", unique=True)
    day = models.PositiveSmallIntegerField("ngày chốt", null=True, blank=True)

    class Meta:
        verbose_name = "quy tắc chốt tháng"
        ordering = ["first_month"]
        constraints = [
            models.CheckConstraint(
                name="cutoff_day_of_month",
                condition=Q(day=None) | Q(day__gte=1, day__lte=31),
                violation_error_message="Ngày chốt phải từ 1 đến 31.",
            )
        ]


class DueRule(models.Model):
    """From this reporting month on, reports of a tier are due so many working days after the month's end."""

    first_month = models.PositiveIntegerField("từ tháng báo cáo")
    tier = models.CharField("cấp", max_length=16, choices=Tier, blank=True)
    working_days = models.PositiveSmallIntegerField("số ngày làm việc", default=2)

    class Meta:
        verbose_name = "hạn gửi báo cáo"
        ordering = ["first_month", "tier"]
        constraints = [models.UniqueConstraint(name="due_rule_once", fields=["first_month", "tier"])]


class Holiday(models.Model):
    day = models.DateField("ngày", unique=True)
    name = models.CharField("tên", max_length=100)

    class Meta:
        verbose_name = "ngày nghỉ lễ"
        ordering = ["day"]


class SwitchedGroup(models.TextChoices):
    """Groups of figures.measures.COLUMN_GROUPS that can be switched off, by their keys."""

    RETURNED = "returned", "Trả kết quả"
    TRANSFERRED = "transferred", "Phi địa giới"

    @property
    def measures(self) -> tuple[str, ...]:
        """The columns of the group."""
        return group_measures(self.value)


class GroupSwitch(InheritableSetting):
    """From this reporting month (YYYYMM) on, a column group is on (`asked`) or off for `unit` and the units below it.

    The nearest unit above (or the unit itself) binds, with its latest switch; without any the group is on.
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
