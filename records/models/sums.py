"""The columns of the measures, and the derived sums and missing reports of each group."""

from django.db import models

from figures.measures import CATALOGUE, WHOLES
from units.models import Tier, Unit


class Measured(models.Model):
    """The measures (integers ≥ 0; NULL: nobody reported) and, per whole, how many rows left a served part blank: a
    column for each of figures.measures.CATALOGUE, and one for each of its WHOLES.
    """

    class Meta:
        abstract = True


for _measure in CATALOGUE:
    Measured.add_to_class(_measure.name, models.BigIntegerField(_measure.column_label, null=True, blank=True))
for _whole in WHOLES:
    Measured.add_to_class(f"blank_{_whole}", models.PositiveIntegerField(default=0))


class Stage(models.TextChoices):
    APPROVED = "approved", "Đã duyệt"
    SUBMITTED = "submitted", "Gồm cả chưa duyệt"


class GroupSum(Measured):
    """Sums of everything below one group, and of itself where it reports, in one month.

    Only records.aggregates writes them.

    `field` NULL is all fields together. `reported` counts unit-months with figures in force at that stage; for a
    field, those that reported a number in it.
    """

    group = models.ForeignKey(Unit, models.CASCADE, related_name="sums")
    month = models.PositiveIntegerField()
    tier = models.CharField(max_length=16, choices=Tier)
    external = models.BooleanField()
    stage = models.CharField(max_length=16, choices=Stage)
    # No index of its own: no question asks for a field of all groups, and each sum that is written would pay for it.
    field = models.ForeignKey("records.Field", models.PROTECT, null=True, db_index=False)
    reported = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="group_sum_by_field",
                fields=["group", "month", "stage", "tier", "external", "field"],
                condition=models.Q(field__isnull=False),
            ),
            models.UniqueConstraint(
                name="group_sum_total",
                fields=["group", "month", "stage", "tier", "external"],
                condition=models.Q(field__isnull=True),
            ),
        ]

    @staticmethod
    def stores(tier: str, stage: str) -> bool:
        """Whether a group of this tier keeps sums of a stage. The country does of what is approved only: months are
        sent by thousands of units at once, which would all wait for one lock. Else it is added up on reading.
        """
        return tier != Tier.COUNTRY or stage == Stage.APPROVED


class MissingReport(models.Model):
    """A unit-month that is expected and has no figures in force at that stage.

    Only records.aggregates writes it, together with the sums of its group.

    Never one that is there; but not every one that lacks: nothing is noted before anything is reported in the group,
    and the tree or the cut-off rules may have changed since. Whoever reads compares with what is expected and reported.
    """

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="gaps", db_index=False)
    month = models.PositiveIntegerField()
    stage = models.CharField(max_length=16, choices=Stage)

    class Meta:
        constraints = [models.UniqueConstraint(name="gap_once", fields=["unit", "stage", "month"])]
        indexes = [models.Index(fields=["stage", "month"], name="gap_of_month")]
