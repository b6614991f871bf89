"""The demo, loaded once a module and rolled back after it; media in a folder of its own."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as project
from django.db import transaction
from django.test import Client

from figures.summary import canonical
from reports.imports import demo
from reports.models import Review
from reports.outlets import codes, pdf, printed
from units.models import User

NOW = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
FIXTURE = Path(project.BASE_DIR) / "fixtures" / "thanhliem"


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker) -> Iterator[int]:
    """The number of the demo's review."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            yield demo.load(FIXTURE, NOW).pk
            transaction.set_rollback(True)


def attached(doc: dict, *, at: datetime) -> bytes:
    """The PDF of a document that is attached to it."""
    return pdf.draw(printed.view(doc), data=doc, moment=at)


@pytest.fixture
def review(loaded: int, db, settings, tmp_path) -> Review:
    settings.MEDIA_ROOT = tmp_path / "media"
    return Review.objects.get(pk=loaded)


@pytest.fixture
def signed_in(review):
    """signed_in("tonghop") is a client of that person."""

    def client(name: str) -> Client:
        found = Client()
        found.force_login(User.objects.get(username=name))
        return found

    return client


_drawn: dict[tuple[bytes, bytes, str], bytes] = {}


@pytest.fixture
def drawn_once(monkeypatch) -> None:
    """Draw the same document once for all tests: they are about what is kept, not about the drawing."""
    draw = pdf.draw

    def quick(
        context: dict, *, data: dict | None = None, moment: datetime | None = None, following=None
    ) -> bytes:
        key = (canonical(context["doc"]), canonical(data), str(moment))
        if key not in _drawn:
            _drawn[key] = draw(context, data=data, moment=moment, following=following)
        return _drawn[key]

    monkeypatch.setattr(pdf, "draw", quick)
    given = iter("BCDFGHJKLMNPQRTVWXZ")
    monkeypatch.setattr(codes, "new", lambda: next(given) * codes.LENGTH)
