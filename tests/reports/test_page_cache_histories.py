"""After any history a cached page equals the page rendered again, and unrelated changes leave it in the cache."""

from datetime import date

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from accounts import users
from accounts.models import User
from figures.periods import Month, Period
from ledger import log
from records import errors
from records.approval import actions as approval_actions
from records.models import Edition
from records.summary import queries as summary_queries
from reports import review_access
from reports.dashboard import cache as dashboard_cache
from reports.dashboard import views as dashboard_views
from reports.dashboard.views import _drawn
from reports.drafting import actions as drafting_actions
from tests.records.conftest import AT, SINCE, balanced, entered
from tests.records.conftest import cast as cast
from tests.records.conftest import fields as fields
from tests.records.stored_sums.test_group_sums import History
from units.lifecycle.actions import open_unit
from units.models import Membership, Role
from units.tree.rules import UnitDraft

APRIL = Month(2022, 4)
HALF = Period.parse("2022-H1")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(cast, fields):
    """Two districts, a reader of the province, and an empty cache."""
    cache.clear()
    draft = UnitDraft("352", "Huyện Hai", "committee", "district", SINCE, parent=cast.province)
    cast.other = open_unit(draft, by=None)
    draft = UnitDraft("13600", "Xã Gamma", "committee", "commune", SINCE, parent=cast.other)
    cast.gamma = open_unit(draft, by=None)
    cast.reader = User.objects.create(username="reader")
    Membership.objects.create(user=cast.reader, unit=cast.province, role=Role.VIEWER, valid_from=SINCE)
    cast.row = {(fields.ho_tich.pk, None): balanced(7, online=2)}
    yield cast
    cache.clear()


@pytest.fixture
def client(world) -> Client:
    found = Client()
    found.force_login(world.reader, backend="django.contrib.auth.backends.ModelBackend")
    return found


@pytest.fixture
def rendered(monkeypatch) -> list[str]:
    """Collects the codes of the units whose pages are rendered."""
    codes, draw = [], _drawn

    def record_unit(parameters, *rest) -> str:
        codes.append(parameters.query.unit.code)
        return draw(parameters, *rest)

    monkeypatch.setattr(dashboard_views, "_drawn", record_unit)
    return codes


def body(client: Client, address: str) -> str:
    """The main element of a page, since the frame has a token of the request; JSON whole."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    text = answer.content.decode()
    return text.partition("<main")[2].partition("</main>")[0] if "<main" in text else text


class LongHistory(History):
    """The history of sums, with events that concern no figures."""

    def step(self) -> None:
        act = self.random.choice([super().step] * 5 + [self.review, self.person, self.office])
        try:
            act()
        except review_access.ReviewError:
            return

    def review(self) -> None:
        unit = self.random.choice([self.cast.district, self.cast.other, self.cast.gamma])
        drafting_actions.open_draft(unit, HALF, by=None, at=AT)

    def person(self) -> None:
        users.edit_user(
            self.cast.neighbour, by=None, full_name=f"Tên {self.random.random()}", position="", email=""
        )

    def office(self) -> None:
        code = f"p{self.random.randrange(10**6)}"
        draft = UnitDraft(code, "Phòng", "office", "district", date(2022, 2, 1), parent=self.cast.other)
        open_unit(draft, by=None)


@pytest.mark.parametrize("seed", range(3))
def test_a_cached_page_equals_the_page_rendered_again(seed, world, client, monkeypatch, rendered):
    pages = [
        f"/?period={period}&unit={unit}{more}"
        for period, unit, more in [
            ("2022-H1", "35", ""),
            ("2022-H1", "351", ""),
            ("2022-H1", "351", "&include=submitted&by=field"),
            ("2022-Q1", "352", "&include=submitted"),
            ("2022-M02", "13600", ""),
            ("2022-H1", "13600", "&by=month&include=submitted"),
        ]
    ]
    api_addresses = [f"/api/v1/summary{pages[0][1:]}&by=unit&change=1", f"/api/v1/summary{pages[2][1:]}"]
    history, hits = LongHistory(seed, world), 0
    for _ in range(30):
        history.step()
        before = len(rendered)
        cached = [body(client, address) for address in [*pages, *api_addresses]]
        hits += len(pages) - (len(rendered) - before)
        with monkeypatch.context() as without:
            without.setattr(dashboard_cache, "page_version", lambda *parameters: None)
            assert cached == [body(client, address) for address in [*pages, *api_addresses]]
    # Most events concern only some of the pages.
    assert hits > 40


def sent(world, unit) -> Edition:
    return entered(unit, APRIL, world.row, upto="sent")


ACTS = {
    "a draft elsewhere": (lambda world: entered(world.gamma, APRIL, world.row, upto="draft"), set()),
    "a draft below": (lambda world: entered(world.alpha, APRIL, world.row, upto="draft"), {"13441"}),
    "sent below": (lambda world: sent(world, world.alpha), {"13441", "351+", "35+"}),
    "approved elsewhere": (lambda world: entered(world.gamma, APRIL, world.row), {"35", "35+"}),
    "approved below": (
        lambda world: entered(world.alpha, APRIL, world.row),
        {"13441", "351", "351+", "35", "35+"},
    ),
    "a review": (
        lambda world: drafting_actions.open_draft(world.district, HALF, by=None, at=AT),
        {"351", "351+"},
    ),
    "a person": (
        lambda world: users.edit_user(world.clerk, by=None, full_name="Tên", position="", email=""),
        set(),
    ),
    "a tree": (
        lambda world: open_unit(UnitDraft("36", "Tỉnh Khác", "committee", "province", SINCE), by=None),
        {"13441", "351", "351+", "35", "35+"},
    ),
}


@pytest.mark.parametrize("act, affected", ACTS.values(), ids=ACTS)
def test_a_page_is_rendered_again_only_after_a_change_that_affects_it(act, affected, world, client, rendered):
    pages = {
        "13441": "/?unit=13441&period=2022-H1",
        "351": "/?unit=351&period=2022-H1",
        "351+": "/?unit=351&period=2022-H1&include=submitted",
        "35": "/?unit=35&period=2022-H1",
        "35+": "/?unit=35&period=2022-H1&include=submitted",
    }
    for address in pages.values():
        client.get(address)
    act(world)
    rendered_again = set()
    for name, address in pages.items():
        before = len(rendered)
        client.get(address)
        if len(rendered) > before:
            rendered_again.add(name)
    assert rendered_again == affected


def test_figures_as_json_are_computed_once_until_they_change(world, client, monkeypatch):
    queries, summary = [], summary_queries.summary
    monkeypatch.setattr(summary_queries, "summary", lambda query: queries.append(query) or summary(query))
    address = "/api/v1/summary?unit=351&period=2022-H1&by=unit"
    plain, changes_too = (client.get(address + more).json() for more in ("", "&change=1"))
    assert "change" in changes_too["rows"][0] and "change" not in plain["rows"][0]
    entered(world.gamma, APRIL, world.row)
    assert [client.get(address + more).json() for more in ("", "&change=1")] == [plain, changes_too]
    assert len(queries) == 2
    entered(world.alpha, APRIL, world.row)
    assert client.get(address).json() != plain
    assert len(queries) == 3


def test_a_change_that_is_rolled_back_keeps_the_page(world, client, rendered):
    edition = sent(world, world.alpha)
    client.get("/?unit=351&period=2022-H1")
    with pytest.raises(errors.OwnEntries):
        edition.writers.add(world.reviewer)
        approval_actions.approve_edition(edition, by=world.reviewer, at=AT)
    client.get("/?unit=351&period=2022-H1")
    assert rendered == ["351"]


def version_after(change_log: dashboard_cache.ChangeLog, act) -> tuple[tuple, tuple]:
    before = change_log.version(7, "approved")
    act()
    return before, change_log.version(7, "approved")


def test_a_restored_log_invalidates_all_pages(world):
    change_log = dashboard_cache.ChangeLog()
    change_log._read_on()
    change_log._last = (change_log._last[0], "0" * 64)
    before = change_log._begun
    assert change_log.version(7, "approved")[0] != before


def test_too_many_new_entries_invalidate_all_pages(world, monkeypatch):
    change_log = dashboard_cache.ChangeLog()
    monkeypatch.setattr(dashboard_cache, "MOST", 3)

    def edit_people(number: int) -> None:
        for _ in range(number):
            users.edit_user(world.clerk, by=None, full_name=f"{log.head()[0]}", position="", email="")

    before, after = version_after(change_log, lambda: edit_people(3))
    assert before == after
    before, after = version_after(change_log, lambda: edit_people(4))
    assert before != after


def test_an_unknown_subject_affects_all_pages(world):
    for subject in ("submission:999999", "holiday:3", "submission:x"):

        def act(subject=subject) -> None:
            with transaction.atomic():
                log.append("submission.save", by=None, subject=subject, detail={})

        before, after = version_after(dashboard_cache.ChangeLog(), act)
        assert before != after
