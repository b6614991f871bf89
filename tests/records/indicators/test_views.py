"""The page of a unit's indicators: rights, saving, refusals, log."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import web
from figures.periods import Period
from ledger.models import Entry
from records.errors import ActionRefused
from records.indicators import actions
from records.models import Indicator, IndicatorValue
from tests.bad_inputs.numbers import READ, REFUSED, REFUSED_TYPED
from tests.product.test_rights_matrix import UNKNOWN
from tests.product.test_rights_matrix import cast as cast
from units.access.queries import is_allowed
from units.models import Unit

AT = datetime(2022, 8, 12, 2, 0, tzinfo=UTC)
DAY = date(2022, 8, 12)


@pytest.fixture
def listed(db) -> list[Indicator]:
    rows = [
        {"code": "so-hoa", "name": "Số hóa", "numerator_name": "Đã số hóa", "denominator_name": "Hồ sơ"},
        {"code": "tap-huan", "name": "Tập huấn", "numerator_name": "Lớp đã mở", "tier": "district"},
        {"code": "sipas", "name": "Hài lòng", "numerator_name": "Chỉ số", "quoted": True},
    ]
    return actions.define_indicator([{"counted_in": "hồ sơ"} | row for row in rows], by=None, at=AT)


def address(unit: Unit, what: str = "") -> str:
    return f"/records/indicators/{unit.pk}/{what}"


def sent(client, unit, **cells) -> dict:
    page = client.get(address(unit) + "?period=2022-H1").context
    return {"period": "2022-H1", "version": page["version"], **cells}


def test_rights_of_every_role_on_every_unit(cast, listed, client):
    """Reading: 200 or 404. Saving: the unit's clerk and the editors above it; 403 for readers."""
    cases = 0
    for name, user in cast.people.items():
        client.force_login(user)
        for space, unit, _ in cast.targets:
            if space != "units":
                continue
            user.__dict__.pop("_memberships", None)
            reads = is_allowed(user, web.Right.READ, unit, DAY)
            fills = is_allowed(user, web.Right.FILL, unit, DAY)
            assert client.get(address(unit)).status_code == (200 if reads else 404), (name, unit.code)
            data = {"period": "2022-H1", "version": "x"}
            expected = 409 if fills else 403 if reads else 404
            assert client.post(address(unit, "save/"), data).status_code == expected, (name, unit.code)
            cases += 2
        assert client.get(f"/records/indicators/{UNKNOWN}/").status_code == 404
    assert cases > 60 and not IndicatorValue.objects.exists()


def test_a_clerk_enters_the_own_unit(cast, listed, client):
    unit = Unit.objects.get(code="13474")
    client.force_login(cast.people["clerk 13474"])
    share, _, quoted = listed
    page = client.get(address(unit) + "?period=2022-H1").content.decode()
    assert "Số hóa" in page and "Tập huấn" not in page
    cells = {
        f"numerator-{share.pk}": "1.240",
        f"denominator-{share.pk}": "1 300",
        f"target-{share.pk}": "95,5%",
        f"source-{share.pk}": " Sổ  theo dõi ",
        f"quoted-{quoted.pk}": "85,4",
        f"quoted_on-{quoted.pk}": "1/6/2022",
    }
    assert client.post(address(unit, "save/"), sent(client, unit, **cells)).status_code == 302
    value = IndicatorValue.objects.get(indicator=share)
    assert (value.numerator, value.denominator, value.target) == (1240, 1300, Decimal("95.50"))
    assert value.saved_by and IndicatorValue.objects.get(indicator=quoted).quoted_on == date(2022, 6, 1)
    entry = Entry.objects.get(action="indicators.save")
    assert entry.detail["values"]["so-hoa"]["numerator"] == {"old": None, "new": 1240}
    text = client.get(address(unit) + "?period=2022-H1").content.decode()
    assert "95,4%" in text and 'value="85,4"' in text and "để trống → 1.240" in text


def test_blank_is_not_zero(cast, listed, client):
    unit, share = Unit.objects.get(code="351"), listed[0]
    client.force_login(cast.people["editor 351"])
    names = (f"numerator-{share.pk}", f"denominator-{share.pk}")
    client.post(address(unit, "save/"), sent(client, unit, **dict(zip(names, ("0", "0"), strict=True))))
    assert IndicatorValue.objects.get().numerator == 0
    client.post(address(unit, "save/"), sent(client, unit, **dict(zip(names, ("0", ""), strict=True))))
    assert IndicatorValue.objects.get().denominator is None
    assert "chưa tính được tỷ lệ" in client.get(address(unit) + "?period=2022-H1").content.decode()
    client.post(address(unit, "save/"), sent(client, unit, **dict.fromkeys(names, "")))
    assert not IndicatorValue.objects.exists()
    last = Entry.objects.filter(action="indicators.save").latest("sequence")
    assert last.detail["values"]["so-hoa"]["numerator"] == {"old": 0, "new": None}


@pytest.mark.parametrize(
    ("cell", "text", "words"),
    [
        ("numerator", "12,5", "có phần lẻ"),
        ("numerator", "9", "lớn hơn tổng số 5"),
        ("target", "101", "0–100%"),
        ("source", "x" * 301, "tối đa 300"),
        ("quoted", "5", "không có ô đó"),
        ("numerator", "\x00", ""),
    ],
)
def test_one_wrong_cell_stores_nothing(cast, listed, client, cell, text, words):
    unit, share = Unit.objects.get(code="351"), listed[0]
    client.force_login(cast.people["editor 351"])
    data = {f"denominator-{share.pk}": "5", f"{cell}-{share.pk}": text}
    answer = client.post(address(unit, "save/"), sent(client, unit, **data))
    assert answer.status_code in (400, 422) and words in answer.content.decode()
    assert not IndicatorValue.objects.exists()
    if answer.status_code == 422:
        assert 'value="5"' in answer.content.decode()


def test_what_somebody_else_stored_is_not_overwritten(cast, listed, client):
    unit, share = Unit.objects.get(code="351"), listed[0]
    client.force_login(cast.people["editor 351"])
    data = sent(client, unit, **{f"numerator-{share.pk}": "7"})
    actions.save_indicator_values(unit, Period.parse("2022-H1"), {share.pk: {"numerator": 3}}, by=None, at=AT)
    for _ in range(2):
        answer = client.post(address(unit, "save/"), data)
        assert answer.status_code == 409 and 'value="7"' in answer.content.decode()
    assert IndicatorValue.objects.get().numerator == 3


def test_only_the_units_own_indicators(cast, listed):
    commune, period = Unit.objects.get(code="13474"), Period.parse("2022-H1")
    for cells in ({listed[1].pk: {"numerator": 1}}, {listed[2].pk: {"numerator": 1}}, {UNKNOWN: {}}):
        with pytest.raises(ActionRefused):
            actions.save_indicator_values(commune, period, cells, by=None, at=AT)
    assert not IndicatorValue.objects.exists()


@pytest.mark.parametrize("period", ["2023-H1", "x", "2022-H3", "9" * 5000, ""])
def test_periods_of_the_address(cast, listed, client, period):
    unit = Unit.objects.get(code="351")
    client.force_login(cast.people["viewer 351"])
    answer = client.get(address(unit), {"period": period})
    assert answer.status_code == (200 if not period else 404)
    assert client.post(address(unit, "save/"), {"period": period}).status_code == 403


def test_presets_are_loaded_once_and_retired(cast, listed, client):
    client.force_login(cast.people["administrator 351"])
    assert client.post("/records/indicators/list/presets/").status_code == 403
    cast.people["administrator 351"].memberships.update(unit=Unit.objects.get(code="35"))
    assert client.get("/records/indicators/list/").status_code == 200
    for _ in range(2):
        assert client.post("/records/indicators/list/presets/").status_code == 302
    assert Indicator.objects.count() == 3 + 16 - 1
    assert Entry.objects.filter(action="indicators.define").count() == 2
    share = listed[0]
    IndicatorValue.objects.create(
        indicator=share, unit=Unit.objects.get(code="351"), period="2022-H1", numerator=1
    )
    assert client.post(f"/records/indicators/list/{share.pk}/retire/", {"retired": "1"}).status_code == 302
    client.force_login(cast.people["editor 351"])
    page = client.get(address(Unit.objects.get(code="351")) + "?period=2022-H1").content.decode()
    assert "không dùng nữa" in page
    assert (
        "Số hóa<"
        not in client.get(address(Unit.objects.get(code="351")) + "?period=2022-Q1").content.decode()
    )
    new = {"name": "Riêng", "code": "so-hoa", "numerator_name": "a", "counted_in": "b", "tier": ""}
    client.force_login(cast.people["administrator 351"])
    assert client.post("/records/indicators/list/", new).status_code == 422
    assert client.post("/records/indicators/list/", new | {"code": "rieng"}).status_code == 302


def test_queries_do_not_follow_the_number_of_indicators(cast, listed, client):
    unit = Unit.objects.get(code="351")
    client.force_login(cast.people["editor 351"])
    client.get(address(unit))
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(address(unit))
    rows = [{"code": f"c{n}", "name": f"C{n}", "numerator_name": "a", "counted_in": "b"} for n in range(40)]
    new = actions.define_indicator(rows, by=None, at=AT)
    actions.save_indicator_values(
        unit, Period.parse("2022-H1"), {indicator.pk: {"numerator": 1} for indicator in new}, by=None, at=AT
    )
    with CaptureQueriesContext(connection) as many:
        client.get(address(unit))
    assert len(many) == len(few)


@pytest.mark.parametrize(("text", "value"), READ)
def test_counts_as_people_type_them(cast, listed, client, text, value):
    unit, share = Unit.objects.get(code="351"), listed[0]
    client.force_login(cast.people["editor 351"])
    data = {f"numerator-{share.pk}": text, f"source-{share.pk}": "Sổ"}
    assert client.post(address(unit, "save/"), sent(client, unit, **data)).status_code == 302
    assert IndicatorValue.objects.get().numerator == value


@pytest.mark.parametrize(("text", "code"), [*REFUSED, *REFUSED_TYPED])
def test_what_is_no_count(cast, listed, client, text, code):
    unit, share = Unit.objects.get(code="351"), listed[0]
    client.force_login(cast.people["editor 351"])
    answer = client.post(address(unit, "save/"), sent(client, unit, **{f"numerator-{share.pk}": text}))
    assert answer.status_code in (400, 422), code
    if answer.status_code == 422:
        (fault,) = answer.context["faults"]
        assert fault[0] == f"numerator-{share.pk}" and fault[2].endswith(".")
    assert not IndicatorValue.objects.exists()
