"""The page of targets by unit, tier and year: rights, validity, refusals, log."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import web
from ledger.models import Entry
from records import targets
from records.errors import ActionRefused
from records.models import RateTarget
from reports.dashboard.queries import rate_targets
from tests.product.test_rights_matrix import UNKNOWN
from tests.product.test_rights_matrix import cast as cast
from tests.support.page_text import shows
from units.access.queries import is_allowed
from units.models import Unit

AT = datetime(2022, 8, 12, 2, 0, tzinfo=UTC)
DAY = date(2022, 8, 12)


def address(unit: Unit, what: str = "") -> str:
    return f"/records/targets/{unit.pk}/{what}"


def sent(client, unit, **cells) -> dict:
    page = client.get(address(unit) + "?year=2022").context
    return {"year": "2022", "version": page["version"], **cells}


def test_rights_of_every_role_on_every_unit(cast, client):
    cases = 0
    for name, user in cast.people.items():
        client.force_login(user)
        for space, unit, _ in cast.targets:
            if space != "units":
                continue
            user.__dict__.pop("_memberships", None)
            reads = is_allowed(user, web.Right.READ, unit, DAY)
            edits = is_allowed(user, web.Right.EDIT, unit, DAY)
            assert client.get(address(unit)).status_code == (200 if reads else 404), (name, unit.code)
            answer = client.post(address(unit, "save/"), {"year": "2022", "version": "x"})
            assert answer.status_code == (409 if edits else 403 if reads else 404), (name, unit.code)
            cases += 2
        assert client.get(f"/records/targets/{UNKNOWN}/").status_code == 404
    assert cases > 60 and not RateTarget.objects.exists()


def test_a_target_holds_for_its_year(cast, client):
    unit = Unit.objects.get(code="351")
    client.force_login(cast.people["editor 351"])
    cells = {"percent-on_time-": "99", "percent-online-commune": "15,5", "source-online-commune": "QĐ 12"}
    assert client.post(address(unit, "save/"), sent(client, unit, **cells)).status_code == 302
    targets = rate_targets(Unit.objects.get(code="13474"), date(2022, 6, 14))
    assert [(target["rate"], target["tier"], target["percent"]) for target in targets] == [
        ("on_time", "", "99.0"),
        ("online", "commune", "15.5"),
    ]
    assert rate_targets(unit, date(2023, 1, 14)) == []
    detail = Entry.objects.get(action="targets.set").detail["targets"]
    assert detail["online-commune"] == {"old": [None, ""], "new": ["15.5", "QĐ 12"]}
    below = client.get(address(Unit.objects.get(code="13474")) + "?year=2022").content.decode()
    assert "Không đặt thì theo 99% của đơn vị 351" in below
    client.post(address(unit, "save/"), sent(client, unit, **{"percent-on_time-": ""}))
    assert [target.rate for target in RateTarget.objects.all()] == ["online"]


def test_an_older_open_target_holds_until_another_is_set(cast):
    unit = Unit.objects.get(code="351")
    RateTarget.objects.create(
        unit=unit, rate="on_time", tier="", percent=Decimal("90"), valid_from=date(2020, 12, 15)
    )
    targets.set_targets(unit, 2022, {"on_time-": (Decimal("95"), "")}, by=None, at=AT)
    by_year = {year: rate_targets(unit, date(year, 6, 14))[0]["percent"] for year in (2021, 2022, 2023)}
    assert by_year == {2021: "90.0", 2022: "95.0", 2023: "90.0"}


def percents(unit: Unit, *years: int) -> list[str]:
    """Targets in force in the middle of these years, "" for none."""
    by_year = [rate_targets(unit, date(year, 6, 14)) for year in years]
    return [targets[0]["percent"] if targets else "" for targets in by_year]


def begun(unit: Unit, percent: int, since: date, until: date | None = None) -> RateTarget:
    return RateTarget.objects.create(
        unit=unit, rate="on_time", tier="", percent=percent, valid_from=since, valid_until=until
    )


def test_the_later_years_of_a_target_that_begins_in_the_year_stay(cast):
    unit = Unit.objects.get(code="351")
    begun(unit, 90, date(2022, 3, 1))
    targets.set_targets(unit, 2022, {"on_time-": (Decimal("95"), "")}, by=None, at=AT)
    assert percents(unit, 2021, 2022, 2023, 2024) == ["", "95.0", "90.0", "90.0"]
    assert rate_targets(unit, date(2021, 12, 15))[0]["percent"] == "95.0", (
        "in force from the first day of the year"
    )


def test_they_stay_behind_what_was_set_for_one_of_them(cast):
    unit = Unit.objects.get(code="351")
    begun(unit, 80, date(2021, 12, 15))
    begun(unit, 90, date(2022, 3, 1), date(2024, 12, 14))
    targets.set_targets(unit, 2023, {"on_time-": (Decimal("97"), "")}, by=None, at=AT)
    targets.set_targets(unit, 2022, {"on_time-": (Decimal("95"), "")}, by=None, at=AT)
    assert percents(unit, 2022, 2023, 2024, 2025, 2026) == ["95.0", "97.0", "90.0", "80.0", "80.0"]
    targets.set_targets(unit, 2023, {"on_time-": (Decimal("96"), "")}, by=None, at=AT)
    assert percents(unit, 2022, 2023, 2024, 2025) == ["95.0", "96.0", "90.0", "80.0"]


def test_an_open_ended_target_is_marked_and_removed_as_a_whole(cast, client):
    unit = Unit.objects.get(code="351")
    begun(unit, 90, date(2022, 3, 1))
    client.force_login(cast.people["editor 351"])
    note = "Áp dụng cả các năm sau"
    assert shows(client.get(address(unit) + "?year=2022").content.decode(), note)
    assert not shows(client.get(address(unit) + "?year=2023").content.decode(), note), "it began in 2022"
    targets.set_targets(unit, 2022, {"on_time-": (None, "")}, by=None, at=AT)
    assert not RateTarget.objects.exists()


def test_what_began_in_the_year_before_another_is_not_what_holds_without_it(cast, client):
    """Removing the year's target removes both."""
    unit = Unit.objects.get(code="351")
    begun(unit, 80, date(2021, 12, 15))
    begun(unit, 90, date(2022, 3, 1))
    client.force_login(cast.people["editor 351"])
    page = client.get(address(unit) + "?year=2022").content.decode()
    assert 'value="90"' in page and "Không đặt thì theo" not in page


@pytest.mark.parametrize("text", ["101", "95.5", "-1", "x", "9" * 50])
def test_a_wrong_cell_stores_nothing(cast, client, text):
    unit = Unit.objects.get(code="351")
    client.force_login(cast.people["editor 351"])
    cells = {"percent-on_time-": "99", "percent-online-": text}
    answer = client.post(address(unit, "save/"), sent(client, unit, **cells))
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.content.decode()
    assert not RateTarget.objects.exists()


def test_what_somebody_else_set_is_not_overwritten(cast, client):
    unit = Unit.objects.get(code="351")
    client.force_login(cast.people["editor 351"])
    data = sent(client, unit, **{"percent-on_time-": "80"})
    targets.set_targets(unit, 2022, {"on_time-": (Decimal("95"), "")}, by=None, at=AT)
    assert client.post(address(unit, "save/"), data).status_code == 409
    assert RateTarget.objects.get().percent == 95
    with pytest.raises(ActionRefused):
        targets.set_targets(unit, 2022, {"postal-": (Decimal("95"), "")}, by=None, at=AT)


@pytest.mark.parametrize("year", ["1999", "x", "2022-H1", "9" * 5000])
def test_years_of_the_address(cast, client, year):
    client.force_login(cast.people["viewer 351"])
    assert client.get(address(Unit.objects.get(code="351")), {"year": year}).status_code == 404


def test_queries_do_not_follow_the_number_of_targets(cast, client):
    unit = Unit.objects.get(code="351")
    client.force_login(cast.people["editor 351"])
    client.get(address(unit))
    with CaptureQueriesContext(connection) as few:
        client.get(address(unit))
    for year in range(2000, 2022):
        for tier in ("", "commune", "district"):
            RateTarget.objects.create(
                unit=unit, rate="online", tier=tier, percent=1, valid_from=date(year, 1, 1)
            )
    with CaptureQueriesContext(connection) as many:
        client.get(address(unit))
    assert len(many) == len(few)
