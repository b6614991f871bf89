"""After any handovers, every figure on every basis equals the oracle, and stored flags equal a recount."""

import random
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from records.models import Submission
from units.models import Unit

from .handover_query import RandomQuery
from .random_handover import HISTORY, HandoverWorld

pytestmark = pytest.mark.django_db
DAYS = (date(2022, 6, 20), date(2022, 7, 20), date(2022, 12, 31))


# Without shrinking: it would take minutes, since a history takes seconds.
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(HISTORY, st.integers(0, 1000))
def test_every_figure_equals_the_oracle(fields, history, seed):
    with transaction.atomic():
        HandoverWorld(fields).live(history)
        recount("--check")
        rng = random.Random(seed)
        for unit in Unit.objects.order_by("pk"):
            for day in (None, rng.choice(DAYS)):
                RandomQuery(unit, day, rng).compare()
        recount_repairs_a_wrong_flag(rng)
        transaction.set_rollback(True)


def recount(*options: str) -> None:
    call_command("recount", *options, stdout=StringIO(), stderr=StringIO())


def recount_repairs_a_wrong_flag(rng: random.Random) -> None:
    """A wrong `opens` or `closes` is detected and repaired."""
    rows = Submission.objects.order_by("pk").values("pk", "opens", "closes")
    stored = list(rows)
    if not stored:
        return
    row, name = rng.choice(stored), rng.choice(["opens", "closes"])
    Submission.objects.filter(pk=row["pk"]).update(**{name: not row[name]})
    with pytest.raises(SystemExit):
        recount("--check")
    recount()
    recount("--check")
    assert list(rows.all()) == stored
