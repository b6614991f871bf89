"""The columns of the measures, and the derived sums and missing reports of each group."""

from django.db import models

from figures.measures import CATALOGUE, WHOLES
from units.models import Tier, Unit


class Measured(models.Model):
    """A column for each measure of figures.measures.CATALOGUE (integer ≥ 0; NULL: nobody reported), and for each of
    its WHOLES how many rows left a served part blank.
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

    Only records.stored_sums writes them.

    `field` NULL is all fields together. `reported` counts unit-months with figures in force at that stage; for a
    field, those that reported a number in it.
    """

    group = models.ForeignKey(Unit, models.CASCADE, related_name="sums")
    month = models.PositiveIntegerField()
    tier = models.CharField(max_length=16, choices=Tier)
    external = models.BooleanField()
    stage = models.CharField(max_length=16, choices=Stage)
    # No index: no query selects a field across groups, and every write would have to maintain it.
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
        """Whether sums of a stage are stored for a group of this tier. For the country only approved ones: thousands of
        units send at once and would all wait for its lock. Its other sums are computed on reading.
        """
        return tier != Tier.COUNTRY or stage == Stage.APPROVED


class MissingReport(models.Model):
    """A unit-month that is expected and has no figures in force at that stage.

    Only records.stored_sums writes it, together with the sums of its group.

    Never holds a report that exists, but may lack missing ones: rows are written only once something is reported in
    the group, and the tree or the cut-off rules may have changed since. Readers compare with what is expected.
    """

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="gaps", db_index=False)
    month = models.PositiveIntegerField()
    stage = models.CharField(max_length=16, choices=Stage)

    class Meta:
        constraints = [models.UniqueConstraint(name="gap_once", fields=["unit", "stage", "month"])]
        indexes = [models.Index(fields=["stage", "month"], name="gap_of_month")]
