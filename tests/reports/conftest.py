"""The demo, loaded once a module and rolled back after it; people who are signed in; media in a folder of
their own.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache

import pytest
from django.test import Client

from accounts.models import User
from reports import review_access
from reports.models import Review
from reports.pdf import drawing, foreign_files
from reports.pdf.review_pdf import draw_pdf, pdf_text
from reports.printing import print_view
from reports.verification import verdict
from tests.support.loaded_demo import demo_loaded


@pytest.fixture
def demo(loaded, db) -> None:
    """The demo data, with what a test writes undone after it."""


@pytest.fixture
def reader(demo) -> Callable[[str], Client]:
    """reader("tonghop"): a client signed in under that name."""

    def signed_in(name: str) -> Client:
        client = Client()
        client.force_login(
            User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend"
        )
        return client

    return signed_in


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker) -> Iterator[int]:
    """The id of the demo's review."""
    with django_db_blocker.unblock(), demo_loaded() as review:
        yield review.pk


def attached(doc: dict, *, at: datetime) -> bytes:
    """The PDF of a document that is attached to it."""
    return draw_pdf(print_view.print_context(doc), data=doc, moment=at)


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


_drawn: dict[str, bytes] = {}
_pdf_text = lru_cache(maxsize=16)(pdf_text)
_read = lru_cache(maxsize=64)(foreign_files.read_foreign_file)


@pytest.fixture
def drawn_once(monkeypatch) -> None:
    """Draw the same pages and read the same bytes once for all tests: they are about what is kept, not about the
    drawing.
    """
    draw_job = drawing.draw_job

    def draw_new_job(job: dict, following=None) -> bytes:
        key = json.dumps(job)
        if key not in _drawn:
            _drawn[key] = draw_job(job, following)
        return _drawn[key]

    monkeypatch.setattr(drawing, "draw_job", draw_new_job)
    monkeypatch.setattr(verdict, "pdf_text", _pdf_text)
    monkeypatch.setattr(foreign_files, "read_foreign_file", _read)
    given = iter("BCDFGHJKLMNPQRTVWXZ")
    monkeypatch.setattr(review_access, "new_code", lambda: next(given) * review_access.LENGTH)
