"""The demo: Thanh Liêm from January 2021 to July 2022, read by the same importers that real data comes through."""

from datetime import datetime
from pathlib import Path

from django.db import transaction

from records.imports.catalogue import import_catalogue
from reports.models import Review
from units.imports import import_units

from .accounts import PASSWORD, load_accounts
from .fixture import Broken, clean, read
from .indicators import load_indicators, load_targets
from .months import approved, returned, sending, sent_by_their_clerks
from .review import drafted
from .signing import entered_by_their_clerks

__all__ = ["PASSWORD", "Broken", "load"]
# Every step may run again and changes nothing then. fixtures/thanhliem/README.md: what is published, what is
# made up.

REVIEWER = "tonghop"


def load(folder: Path, at: datetime) -> Review:
    """Load everything and give the review. `at` dates what the fixture does not date. Raises Broken."""
    clean(import_units(folder / "units.csv", "units.csv", by=None).faults)
    clean(import_catalogue(folder / "catalogue.csv", "catalogue.csv", at=at).errors)
    people = load_accounts(read(folder / "users.json"))
    with transaction.atomic():
        load_indicators(read(folder / "indicators.json"))
        load_targets(read(folder / "rate_targets.json"))
    states = read(folder / "states.json")
    when = sending(states)
    for name in ("counts-2021.csv", "counts-2022.csv", "counts-2022-07-approved.csv"):
        approved(folder / name, at, people[REVIEWER], when)
    entered_by_their_clerks(people, when)
    for name in ("counts-2022-07-sent.csv", "counts-2022-07-returned.csv"):
        sent_by_their_clerks(folder / name, people, when)
    returned(states["returned"], people)
    return drafted(read(folder / "review.json"), people)
