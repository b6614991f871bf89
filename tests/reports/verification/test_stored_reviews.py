"""Reviews frozen by released versions (tests/frozen) stay readable, also after measures and rates were added."""

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
# What a document may lack: blocks that were added later, and parts with a default.
OPTIONAL = (
    "by_field", "by_month", "compared", "demo", "facts", "indicators", "last_tasks", "recipients", "signer", "targets",
    "tasks", "typed", "unit_tiers",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[int]:
    """The trees of 2022 and of 2025; the id of a user who may read the reviews of both."""
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
    """Compares with the answer stored when it was frozen; CCHC_WRITE_ANSWERS=1 stores an intended change."""
    path = folder / "answers" / f"{name}.txt"
    if os.environ.get("CCHC_WRITE_ANSWERS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", "utf-8", newline="")
    was, now = path.read_bytes().decode().splitlines(), (text + "\n").splitlines()
    difference = list(difflib.unified_diff(was, now, lineterm="", n=0))
    assert not difference, f"{path.parent.parent.name}, {name}:\n" + "\n".join(difference[:40])


@pytest.mark.parametrize("version", VERSIONS, ids=lambda one: one.name)
def test_every_outlet_answers_as_when_frozen(reader, version):
    reviews = {name: loader.load(version / name) for name in loader.NAMES}
    for name, review in reviews.items():
        for outlet, text in loader.answers(reader, review):
            compare(version / name, outlet, text)
    for old, new in loader.PAIRS:
        difference = dict(loader.differences(reader, reviews[old], reviews[new]))
        for outlet, text in difference.items():
            # Everything differs between two units: storing one direction is enough.
            if reviews[old].unit_id == reviews[new].unit_id or outlet.endswith("-csv"):
                compare(version / new, outlet, text)


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_its_file_verifies_and_renders_again(reader, folder):
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
    """Removes shares, rates and their changes since last year."""
    for one in loader.every_figures(doc):
        one["rates"], one["shares"] = {}, {}
        if "change" in one:
            one["change"] = {}


def without(*blocks: str) -> loader.Change:
    def change(doc):
        for name in blocks:
            doc.pop(name, None)

    return change


def with_unknown_parts(doc):
    """Adds a measure, a rate, a target and a block that today's code does not know."""
    share = {"percent": "4.0", "numerator": 4, "denominator": 100}
    for one in loader.every_figures(doc):
        one["counts"]["suspended"] = 4
        one["rates"]["suspended"] = share | {"formula": "suspended / pending"}
        one["shares"]["kiosk"] = share
    doc["targets"].append({"rate": "suspended", "tier": "commune", "percent": "5.0", "source": "Kế hoạch"})
    doc["block_of_tomorrow"] = {"any": [1, 2]}


def without_optional_parts(doc):
    """Removes all optional blocks, all rates and optional parts of the text."""
    without(*OPTIONAL)(doc)
    without_rates(doc)
    doc["header"] = {name: doc["header"][name] for name in ("issuer", "number_form", "place")}


OTHERS: dict[str, loader.Change] = {
    **{f"without {name}": without(name) for name in ("by_field", "compared", "facts", "last_tasks", "typed")},
    # Each measure and sum is missing once.
    **{f"without counts {part}": without_counts(*COUNTS[part::4]) for part in range(4)},
    "without rates": without_rates,
    "with more": with_unknown_parts,
    "without_optional_parts": without_optional_parts,
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_parts_missing_in_a_document_are_left_out(reader, change):
    """Every outlet answers, the difference to a complete document too, without invented figures."""
    version = VERSIONS[-1]
    old, new = loader.load(version / "quarter"), loader.load(version / "quarter-replaced", change)
    for outlet, text in [*loader.answers(reader, new), *loader.differences(reader, old, new)]:
        assert "None" not in text, outlet


def test_a_measure_missing_in_a_document_is_a_dash(reader):
    version = VERSIONS[-1]
    review = loader.load(version / "half-year", without_counts("received_postal"))
    answers = dict(loader.answers(reader, review))
    was = (version / "half-year" / "answers" / "verify.txt").read_text("utf-8").splitlines()
    place = was.index("Tiếp nhận qua bưu chính công ích") + 1
    assert answers["verify"].splitlines()[place] == "—" != was[place]
    assert document.document_facts(document.read(review.frozen))["now.total.received_postal"].value is None
