"""Reviews that released versions froze (tests/frozen) are read as they were, also where today's figures are more."""

import difflib
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from accounts.models import User
from figures.summary import COUNTS
from reports import document
from tests.frozen import loader
from units.models import Membership, Unit

DATA = Path(project.BASE_DIR) / "fixtures" / "thanhliem"
FOLDERS = {f"{folder.parent.name}/{folder.name}": folder for folder in loader.folders()}
VERSIONS = sorted({folder.parent for folder in FOLDERS.values()})
# What a document may lack: blocks that came later, and what a reader fills in.
OPTIONAL = (
    "by_field", "by_month", "compared", "demo", "facts", "indicators", "last_tasks", "recipients", "signer", "targets",
    "tasks", "typed", "unit_tiers",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[int]:
    """Both trees, the old one and that of 2025, and the number of somebody who reads the reviews of either."""
    with django_db_blocker.unblock(), transaction.atomic():
        for command, name in (
            ("import_units", "units-2025.csv"),
            ("import_successions", "successions-2025.csv"),
        ):
            call_command(command, str(DATA / name), stdout=StringIO(), stderr=StringIO())
        user = User.objects.create_user("reader", password=None)
        for unit in Unit.objects.filter(code__in=["35", "37"]):
            Membership.objects.create(user=user, unit=unit, role="leader", valid_from=project.DEMO_TODAY)
        yield user.pk
        transaction.set_rollback(True)


@pytest.fixture
def reader(world, db, settings, tmp_path) -> Client:
    settings.MEDIA_ROOT = tmp_path / "media"
    client = Client()
    client.force_login(User.objects.get(pk=world))
    return client


def compare(folder: Path, name: str, text: str) -> None:
    """Against what was answered when it was frozen; CCHC_WRITE_ANSWERS=1 writes anew what is meant to be another."""
    path = folder / "answers" / f"{name}.txt"
    if os.environ.get("CCHC_WRITE_ANSWERS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", "utf-8", newline="")
    was, now = path.read_bytes().decode().splitlines(), (text + "\n").splitlines()
    told = list(difflib.unified_diff(was, now, lineterm="", n=0))
    assert not told, f"{path.parent.parent.name}, {name}:\n" + "\n".join(told[:40])


@pytest.mark.parametrize("version", VERSIONS, ids=lambda one: one.name)
def test_every_outlet_answers_as_when_it_was_frozen(reader, version):
    reviews = {name: loader.load(version / name) for name in loader.NAMES}
    for name, review in reviews.items():
        for outlet, text in loader.answers(reader, review):
            compare(version / name, outlet, text)
    for old, new in loader.PAIRS:
        told = dict(loader.differences(reader, reviews[old], reviews[new]))
        for outlet, text in told.items():
            # Of two units everything differs: the file tells it once, which is enough to keep.
            if reviews[old].unit_id == reviews[new].unit_id or outlet.endswith("-csv"):
                compare(version / new, outlet, text)


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_its_file_is_kept_sound_and_drawn_again(reader, folder):
    if (folder.name) == "quarter-replaced":
        loader.load(folder.parent / "quarter")
    review, content = loader.load(folder), (folder / "review.pdf").read_bytes()
    for address in (f"/reports/reviews/{review.pk}.pdf", f"/api/v1/reviews/{review.pk}/pdf"):
        assert loader.get_content(reader, address) == content
    compare(folder, "verify_review", loader.verify_output(folder / "review.pdf"))
    sent = SimpleUploadedFile("review.pdf", content, "application/pdf")
    compare(
        folder, "verify-file", loader.within(loader.MAIN, reader.post("/verify/", {"file": sent}).content)
    )


def without_counts(*names: str) -> loader.Change:
    def change(doc):
        for one in loader.every_figures(doc):
            one["counts"] = {name: number for name, number in one["counts"].items() if name not in names}

    return change


def without_rates(doc):
    """Neither shares nor rates, nor what is told of one of them against last year."""
    for one in loader.every_figures(doc):
        one["rates"], one["shares"] = {}, {}
        if "change" in one:
            one["change"] = {}


def without(*blocks: str) -> loader.Change:
    def change(doc):
        for name in blocks:
            doc.pop(name, None)

    return change


def with_more(doc):
    """As code would have stored it that knew a measure, a rate, a target and a block which today's does not."""
    share = {"percent": "4.0", "numerator": 4, "denominator": 100}
    for one in loader.every_figures(doc):
        one["counts"]["suspended"] = 4
        one["rates"]["suspended"] = share | {"formula": "suspended / pending"}
        one["shares"]["kiosk"] = share
    doc["targets"].append({"rate": "suspended", "tier": "commune", "percent": "5.0", "source": "Kế hoạch"})
    doc["block_of_tomorrow"] = {"any": [1, 2]}


def barest(doc):
    """Without any optional block, any rate, and what around the text somebody may not have been asked for."""
    without(*OPTIONAL)(doc)
    without_rates(doc)
    doc["header"] = {name: doc["header"][name] for name in ("issuer", "number_form", "place")}


OTHERS: dict[str, loader.Change] = {
    **{f"without {name}": without(name) for name in ("by_field", "compared", "facts", "last_tasks", "typed")},
    # Each measure and sum is missing once.
    **{f"without counts {part}": without_counts(*COUNTS[part::4]) for part in range(4)},
    "without rates": without_rates,
    "with more": with_more,
    "barest": barest,
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_what_a_document_does_not_hold_is_not_told(reader, change):
    """Each outlet answers, also of the difference to a document that holds everything, and says nothing made up."""
    version = VERSIONS[-1]
    old, new = loader.load(version / "quarter"), loader.load(version / "quarter-replaced", change)
    for outlet, text in [*loader.answers(reader, new), *loader.differences(reader, old, new)]:
        assert "None" not in text, outlet


def test_a_measure_that_is_not_held_is_a_dash_and_not_none_reported(reader):
    version = VERSIONS[-1]
    review = loader.load(version / "half-year", without_counts("received_postal"))
    told = dict(loader.answers(reader, review))
    was = (version / "half-year" / "answers" / "verify.txt").read_text("utf-8").splitlines()
    place = was.index("Tiếp nhận qua bưu chính công ích") + 1
    assert told["verify"].splitlines()[place] == "—" != was[place]
    assert document.document_facts(document.read(review.frozen))["now.total.received_postal"].value is None
