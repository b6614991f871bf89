"""The units directly below one, whole or as far as it tells whose sums and reports are read."""

from typing import NamedTuple

from django.db.models import Q

from units.compiled import Compiled
from units.models import Kind, Unit


class Branch(NamedTuple):
    """Of a unit directly below what tells whose sums and reports are read."""

    pk: int
    tier: str
    has_children: bool
    reports: bool
    external: bool


children_of = Compiled(lambda parent: Unit.objects.filter(parent=parent).order_by(), int)
branches_of = Compiled(
    lambda parent: (
        Unit.objects.filter(parent=parent)
        .order_by()
        .values_list("pk", "tier", "has_children", "reports", Q(kind=Kind.EXTERNAL))
    ),
    int,
)
