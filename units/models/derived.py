"""What is derived from the tree, so that reading it costs nothing that grows with it."""

from django.db import models

from .tree import Tier, Unit


class RosterStep(models.Model):
    """How many reporting units below `group` open and close on one day, so that what is expected in any month is a
    sum over a handful of rows, whatever the number of units. Derived: written by units.tree.roster, equal to a recount.
    """

    group = models.ForeignKey(Unit, models.CASCADE, related_name="roster_steps")
    tier = models.CharField(max_length=16, choices=Tier)
    external = models.BooleanField()
    on = models.DateField(help_text="first day of those that open, last day of those that close")
    opened = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="roster_step_once", fields=["group", "tier", "external", "on"])
        ]


class Inherited(models.Model):
    """Whose reports are part of whose history, from day to day (units.succession.lineage.HistorySpan says what each
    column means).

    Derived from units and successions: written by units.succession.inheritance only, equal to a recount. That a unit
    inherits its own reports goes without saying, and so does everything below a group that has no rows.
    """

    heir = models.ForeignKey(Unit, models.CASCADE, related_name="inherits")
    whole = models.BooleanField()
    source = models.ForeignKey(Unit, models.CASCADE, related_name="inherited_by")
    sums = models.BooleanField()
    tier = models.CharField(max_length=16, choices=Tier)
    into = models.CharField(max_length=16, choices=Tier)
    external = models.BooleanField()
    since = models.DateField()
    until = models.DateField()
    # A fraction such as 1/3, as text: along a chain of splits it outgrows every whole number of a database.
    share = models.TextField(default="1")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="inherited_once",
                fields=["heir", "whole", "source", "sums", "tier", "into", "external", "since"],
            ),
        ]


class Place(models.Model):
    """Where a unit that is over stands from day to day (units.succession.positions says what the columns mean). Derived
    from units and successions: written by units.succession.positions only, equal to a recount.
    """

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="places")
    path = models.CharField(max_length=220, db_index=True)
    within = models.CharField(max_length=220, blank=True, db_index=True)
    since = models.DateField()
    until = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(name="place_once", fields=["unit", "since"])]
