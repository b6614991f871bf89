"""What a unit goes on with because its predecessors had set it (docs/decisions/0024)."""

from django.db import models


class Followed(models.Model):
    """A row that a unit sets for itself and those below it. `followed`: it came over by rule from the units that this
    one took over, and nobody has set it since.
    """

    followed = models.BooleanField("tiếp nối đơn vị cũ", default=False, editable=False)

    class Meta:
        abstract = True
