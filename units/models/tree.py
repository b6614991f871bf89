"""The dated tree of units, and who succeeded whom."""

from datetime import date
from typing import Self

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from core.text import fold


class Tier(models.TextChoices):
    """A label on the unit, never a rule in code: the district tier ended on 1 July 2025."""

    COUNTRY = "country", "Cả nước"
    PROVINCE = "province", "Cấp tỉnh"
    DISTRICT = "district", "Cấp huyện"
    COMMUNE = "commune", "Cấp xã"


class UnitKind(models.TextChoices):
    COMMITTEE = "committee", "Ủy ban nhân dân"
    OFFICE = "office", "Phòng, ban"
    EXTERNAL = "external", "Cơ quan ngoài ủy ban"


def subtree(path: str, column: str = "path") -> Q:
    """Condition on the column of paths: that unit and everything below it, by an index on either database.

    SQLite's LIKE knows no index here, so there the prefix is a range ("0" follows "/"); PostgreSQL has an index made
    for prefixes, while a range would follow the rules of the language.
    """
    if connection.vendor == "sqlite":
        return Q(**{f"{column}__gte": path, f"{column}__lt": path[:-1] + "0"})
    return Q(**{f"{column}__startswith": path})


def key_on(code: str, last: date | None, day: date) -> str:
    """How a unit is named in results read on `day`: its code, or CODE@last-day once it no longer holds it."""
    return f"{code}@{last.isoformat()}" if last is not None and last < day else code


def active(start: date, end: date) -> Q:
    """Condition: the unit exists on at least one day of start..end, both inclusive."""
    return (Q(active_until=None) | Q(active_until__gte=start)) & Q(active_from__lte=end)


def expected_within(start: date, end: date) -> Q:
    """Condition: the unit owes a report for a month that runs from start to end (the same as `Unit.owes`)."""
    still = Q(reports_until=None) | Q(reports_until__gte=start)
    return Q(reports=True) & active(start, end) & still


class UnitQuerySet(models.QuerySet):
    def under(self, unit: "Unit") -> Self:
        """The unit itself and everything below it."""
        return self.filter(subtree(unit.path))

    def active_within(self, start: date, end: date) -> Self:
        """Units that exist on at least one day of start..end, both inclusive."""
        return self.filter(active(start, end))

    def active_on(self, day: date) -> Self:
        return self.active_within(day, day)

    def reporting(self) -> Self:
        """Units that report on some day of their life: a group only before it had children."""
        return self.filter(reports=True)

    def first_by_name(self, most: int) -> Self:
        """The first of them by name, of a country's units too."""
        # Not by the bare column: PostgreSQL would go through all names in the order of their index, since
        # it takes the first rows to be enough.
        return self.order_by(Coalesce("folded", models.Value("")), "pk")[:most]

    def with_until(self) -> Self:
        """Annotates `until`: `Unit.reporting_ends`, for questions that read no whole units."""
        return self.annotate(until=Coalesce("reports_until", "active_until"))

    def expected_within(self, start: date, end: date) -> Self:
        """Units that owe a report for a month that runs from start to end (the same as `Unit.owes`)."""
        return self.filter(expected_within(start, end))


class Unit(models.Model):
    """One unit for one span of time. It never moves and is never renamed in place: it closes, and a successor opens.

    `code` is text and is re-used with another meaning: unique only together with dates (checked by units.tree.rules).
    `path` holds the numbers of the ancestors and of the unit itself: "/1/7/23/".
    """

    code = models.CharField("mã", max_length=64, db_index=True)
    name = models.CharField("tên", max_length=200)
    folded = models.CharField(max_length=300, editable=False, db_index=True)
    kind = models.CharField("loại", max_length=16, choices=UnitKind)
    tier = models.CharField("cấp", max_length=16, choices=Tier)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=200, editable=False, db_index=True)
    depth = models.PositiveSmallIntegerField(editable=False, default=0)
    active_from = models.DateField("hoạt động từ ngày")
    active_until = models.DateField("đến hết ngày", null=True, blank=True)
    reports_declared = models.BooleanField("tự báo cáo", null=True, blank=True)
    reports = models.BooleanField(editable=False, default=True)
    # The last day on which a unit that has children since then reports itself; null: as long as it is active.
    reports_until = models.DateField(editable=False, null=True)
    has_children = models.BooleanField(editable=False, default=False)
    legal_basis = models.CharField("căn cứ", max_length=300, blank=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = "đơn vị"
        ordering = ["path"]
        constraints = [
            models.CheckConstraint(
                name="unit_dates_in_order",
                condition=Q(active_until=None) | Q(active_until__gte=F("active_from")),
                violation_error_message="Ngày kết thúc hoạt động phải từ ngày bắt đầu trở đi.",
            ),
            models.UniqueConstraint(
                name="unit_code_and_start",
                fields=["code", "active_from"],
                violation_error_message="Mã này đã có đơn vị bắt đầu cùng ngày.",
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "active_from"], name="unit_children"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs) -> None:
        self.folded = fold(self.name)
        super().save(*args, **kwargs)

    @property
    def external(self) -> bool:
        return self.kind == UnitKind.EXTERNAL

    def ancestor_ids(self) -> list[int]:
        """Numbers of the ancestors from the root down, without the unit itself."""
        return [int(part) for part in self.path.strip("/").split("/")[:-1]]

    def is_over(self, day: date) -> bool:
        return self.active_until is not None and self.active_until < day

    @property
    def reporting_ends(self) -> date | None:
        """The last day on which the unit itself reports: its own last day, or the day before it became a group."""
        ends = [day for day in (self.active_until, self.reports_until) if day is not None]
        return min(ends, default=None)

    def owes(self, start: date, end: date) -> bool:
        """Whether the unit owes a report for a month that runs from start to end, both inclusive."""
        last = self.reporting_ends
        return self.reports and self.active_from <= end and (last is None or last >= start)

    def key_on(self, day: date) -> str:
        """How the unit is named in results read on `day`."""
        return key_on(self.code, self.active_until, day)


class Succession(models.Model):
    """Old unit → new unit with a share (numerator ÷ denominator); splits of one old unit sum to 1, merges have 1."""

    old = models.ForeignKey(Unit, models.PROTECT, related_name="successors")
    new = models.ForeignKey(Unit, models.PROTECT, related_name="predecessors")
    on = models.DateField("từ ngày")
    share_numerator = models.PositiveIntegerField(default=1)
    share_denominator = models.PositiveIntegerField(default=1)
    legal_basis = models.CharField("căn cứ", max_length=300, blank=True)

    class Meta:
        verbose_name = "kế thừa"
        ordering = ["on", "id"]
        constraints = [
            models.UniqueConstraint(name="succession_once", fields=["old", "new", "on"]),
            models.CheckConstraint(
                name="succession_share_up_to_one",
                condition=Q(share_numerator__gte=1) & Q(share_numerator__lte=F("share_denominator")),
                violation_error_message="Tỷ lệ kế thừa phải lớn hơn 0 và không quá 1.",
            ),
        ]
