"""Pages show what people typed as text, never as markup (threat T13)."""

from django.apps import apps
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import Client

from records.locking import actions
from records.models import Submission
from reports import triggers
from tests.product.test_docs import HOUSE
from tests.product.test_routes import address, routes
from tests.reports.conftest import loaded as loaded
from tests.reports.conftest import review as review

from .full_demo import NOW
from .full_demo import world as world
from .random_requests import numbers_of

MARK, SHOWN = "<b id=x>", "&lt;b id=x&gt;"
# Columns, of any table, that hold what somebody typed.
TYPED = {
    "name", "full_name", "position", "legal_basis", "title", "heading", "body", "words", "text", "reason", "answer",
    "return_reason", "outcome_note", "responsible", "source", "place", "chaired", "attended", "directed", "conclusions",
    "returned", "numerator_name", "denominator_name", "saved_by", "sent_by", "decided_by", "created_by", "asked_by",
    "said_by", "outcome_by", "requested_by",
}  # fmt: skip


def _marked() -> set[str]:
    """Put markup before every text that people type; the columns."""
    columns = set()
    # Frozen reviews too: people typed them.
    triggers.remove(connection)
    for model in (model for app in HOUSE for model in apps.get_app_config(app).get_models()):
        for field in model._meta.fields:
            if field.name in TYPED and not field.remote_field and model._meta.app_label != "ledger":
                model.objects.update(**{field.name: Concat(Value(MARK), F(field.name))})
                columns.add(field.name)
    triggers.install(connection)
    return columns


def test_no_text_of_a_person_is_markup_on_any_page(world):
    """Each page once, for the first of these people who may read it."""
    month = Submission.objects.filter(month=202205, unit__code="13474").get()
    actions.request_unlock(month, reason=f"{MARK}lý do", by=world.people["clerk"], at=NOW)
    world.things["records/"] = [month.pk, *world.things["records/"][:2]]
    assert _marked() == TYPED
    readers = []
    for name in ("reviewer", "administrator", "clerk"):
        readers.append(Client())
        readers[-1].force_login(world.people[name])
    shown = []
    for where, _ in routes():
        if where.startswith("accounts/log"):
            continue
        for number in numbers_of(where, world.things)[:3] if "<" in where else [0]:
            pages = (reader.get(address(where, number)) for reader in readers)
            page = next((page for page in pages if page.status_code == 200), None)
            if page is not None and "html" in page.headers["Content-Type"]:
                assert MARK not in page.content.decode(), (where, number)
                shown += [where] * (SHOWN in page.content.decode())
    assert {"records/<int:pk>/history/", "reports/reviews/<int:pk>/", "units/people/"} <= set(shown)
    assert len(set(shown)) > 30
