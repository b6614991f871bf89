"""Whatever is handed over by whom on whatever day: every figure of every group, period and basis equals a second
opinion in plain lists, and what is kept equals a recount.
"""

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

from .handover_query import Asked
from .random_handover import HISTORY, World

pytestmark = pytest.mark.django_db
DAYS = (date(2022, 6, 20), date(2022, 7, 20), date(2022, 12, 31))


# Nothing is made smaller: of a history that takes seconds that would take minutes.
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(HISTORY, st.integers(0, 1000))
def test_every_figure_equals_a_second_opinion(fields, history, seed):
    with transaction.atomic():
        World(fields).live(history)
        recount("--check")
        chance = random.Random(seed)
        for unit in Unit.objects.order_by("pk"):
            for day in (None, chance.choice(DAYS)):
                Asked(unit, day, chance).compare()
        what_is_turned_is_found(chance)
        transaction.set_rollback(True)


def recount(*how: str) -> None:
    call_command("recount", *how, stdout=StringIO(), stderr=StringIO())


def what_is_turned_is_found(chance: random.Random) -> None:
    """Whether an opening or a closing counts, kept wrongly: found, and mended."""
    rows = Submission.objects.order_by("pk").values("pk", "opens", "closes")
    kept = list(rows)
    if not kept:
        return
    one, name = chance.choice(kept), chance.choice(["opens", "closes"])
    Submission.objects.filter(pk=one["pk"]).update(**{name: not one[name]})
    with pytest.raises(SystemExit):
        recount("--check")
    recount()
    recount("--check")
    assert list(rows.all()) == kept
