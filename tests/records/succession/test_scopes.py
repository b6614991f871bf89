"""Catalogue rows naming a unit continue for its successor; undoing the merger restores them (decision 24)."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from django.utils import timezone

from figures.periods import Month
from records.bulk_import.catalogue import import_catalogue
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.models import CaseMapping, Field, FieldScope, GroupSwitch, Procedure, ProcedureScope, RateTarget
from tests.units.conftest import draft, person
from tests.units.conftest import tree as tree
from tests.units.lifecycle.test_views import signed_in, text_of
from units.lifecycle import actions, restructuring, successor_links, undo
from units.models import Unit
from units.tree.rules import TreeRefused

SINCE, ON = date(2021, 1, 1), date(2025, 7, 1)
BEFORE, AFTER = Month(2025, 5), Month(2025, 8)
HEADER = "field,field_name,procedure,procedure_name,tier,valid_from,valid_until,units\n"


def row(code: str, *units: Unit, tier: str = "", until: date | None = None) -> FieldScope:
    """A field reported by these units only."""
    field, _ = Field.objects.get_or_create(code=code, defaults={"name": f"Lĩnh vực {code}"})
    scope = FieldScope.objects.create(field=field, tier=tier, valid_from=SINCE, valid_until=until)
    scope.units.set(units)
    return scope


def reports(unit: Unit, month: Month) -> set[str]:
    """The codes of the fields of a unit in a month."""
    fields = Catalogue(stored_calendar()).expected(unit, month)
    return set(Field.objects.filter(pk__in=fields).values_list("code", flat=True))


def state() -> list:
    """Every row with its values and units."""
    return [
        (
            model.__name__,
            values,
            sorted(model.objects.get(pk=values["id"]).units.values_list("pk", flat=True)),
        )
        for model in (FieldScope, ProcedureScope)
        for values in model.objects.order_by("pk").values()
    ]


def holder(code: str) -> Unit:
    return Unit.objects.get(code=code, active_from=ON)


@pytest.fixture
def offices(tree):
    """Two districts with an office of the same name each; only these report land matters."""
    actions.open_units(
        [draft("350", "district", "35"), draft("nv-2", "", "350", "office", name="Phòng Nội vụ")], by=None
    )
    tree.other = Unit.objects.get(code="350")
    tree.second = Unit.objects.get(code="nv-2")
    return tree


def merged(tree, **more) -> Unit:
    new = draft("351", more.pop("tier", "district"), "35", name="huyện Mới")
    return restructuring.merge_units([tree.district, tree.other], new, ON, by=None, basis="NQ", **more).new[0]


def test_a_row_continues_for_the_successor_and_the_past_stays(offices):
    row("dat-dai", offices.office, tier="district")
    row("mot-phia", offices.second)
    row("da-het", offices.office, until=date(2025, 6, 30))
    procedure = Procedure.objects.create(code="1.1", name="x", field=Field.objects.get(code="dat-dai"))
    own = ProcedureScope.objects.create(procedure=procedure, valid_from=SINCE)
    own.units.set([offices.liem_tuc])
    before = state()
    new = merged(offices)
    office, commune = holder("phong-noi-vu"), holder("13480")
    assert reports(office, AFTER) == {"dat-dai", "mot-phia"}
    assert reports(offices.office, BEFORE) == {"dat-dai", "da-het"}
    # The same code reopened under the new unit: not `chung`.
    assert reports(commune, AFTER) == {"dat-dai"} == reports(offices.liem_tuc, BEFORE)
    assert reports(holder("13474"), AFTER) == {Field.UNDIVIDED}
    undo.undo_restructuring(new, by=None)
    assert state() == before


def test_a_row_continues_for_every_part_of_a_split(tree):
    row("dat-dai", tree.tan_thanh, tier="commune")
    shares = [restructuring.SplitShare(draft(code), Fraction(1, 2)) for code in ("a", "b")]
    new = restructuring.split_unit(tree.tan_thanh, shares, ON, by=None, basis="NQ").new
    assert [reports(unit, AFTER) for unit in new] == [{"dat-dai"}] * 2


def test_a_successor_of_another_tier_has_a_row_of_its_own(tree):
    """An island district becomes a special zone, a unit of the commune tier."""
    (island,) = actions.open_units([draft("318", "district", "35", name="huyện đảo")], by=None).new
    row("bien-dao", island, tier="district")
    before = state()
    new = restructuring.merge_units([island], draft("318", "commune", "35"), ON, by=None, basis="NQ").new[0]
    assert reports(new, AFTER) == {"bien-dao"} and reports(island, BEFORE) == {"bien-dao"}
    assert FieldScope.objects.get(units=new).valid_from == ON
    undo.undo_restructuring(new, by=None)
    assert state() == before


def test_successions_from_a_file_are_followed_along_the_chain(tree):
    row("dat-dai", tree.tan_thanh)
    later = date(2026, 1, 1)
    first = actions.open_unit(draft("a", active_from=ON, active_until=date(2025, 12, 31)), by=None)
    last = actions.open_unit(draft("b", active_from=later), by=None)
    links = [
        successor_links.SuccessionLink(first, last, later),
        successor_links.SuccessionLink(tree.tan_thanh, first, ON),
    ]
    successor_links.add_successions(links, by=None)
    assert reports(first, AFTER) == reports(last, Month(2026, 3)) == {"dat-dai"}


def test_a_chain_is_followed_whichever_part_of_it_is_recorded_first(tree):
    row("dat-dai", tree.tan_thanh)
    later = date(2026, 1, 1)
    first = actions.open_unit(draft("a", active_from=ON, active_until=date(2025, 12, 31)), by=None)
    last = actions.open_unit(draft("b", active_from=later), by=None)
    for link in (
        successor_links.SuccessionLink(first, last, later),
        successor_links.SuccessionLink(tree.tan_thanh, first, ON),
    ):
        successor_links.add_successions([link], by=None)
    assert reports(first, AFTER) == reports(last, Month(2026, 3)) == {"dat-dai"}


@pytest.mark.parametrize("others", [False, True])
def test_a_row_that_names_the_new_unit_by_itself_is_not_lost(offices, others):
    """Without its only unit the row would apply to all units."""
    new = merged(offices)
    row("rieng", new, *([offices.external] if others else []))
    before = state()
    with pytest.raises(
        TreeRefused, match="Danh mục ghi riêng đơn vị mới .Lĩnh vực rieng: huyện Mới.: không hoàn"
    ):
        undo.undo_restructuring(new, by=None)
    assert state() == before and Unit.objects.filter(pk=new.pk).exists()


@pytest.mark.parametrize("what", ["target", "mapping", "switch"])
def test_what_was_set_for_the_new_unit_is_not_lost(offices, what):
    new = merged(offices)
    made = {
        "target": lambda: RateTarget.objects.create(unit=new, rate="online", percent=80, valid_from=ON),
        "mapping": lambda: CaseMapping.objects.create(
            unit=new, name="iGate", content={}, saved_at=timezone.now(), saved_by="x"
        ),
        "switch": lambda: GroupSwitch.objects.create(
            unit=new, group="returned", first_month=202508, asked=False
        ),
    }[what]()
    words = {"target": "chỉ tiêu giao", "mapping": "cách ghép cột", "switch": "nhóm cột"}[what]
    with pytest.raises(TreeRefused, match=f"Đã có {words}.* gắn với đơn vị mới: không hoàn tác được"):
        undo.undo_restructuring(new, by=None)
    assert type(made).objects.filter(pk=made.pk).exists()


def test_the_page_says_which_rows_continue_and_which_end(offices, settings):
    settings.DEMO_TODAY = date(2025, 6, 1)
    row("dat-dai", offices.office, offices.liem_tuc)
    row("thue", offices.second)
    client = signed_in(person("goc", ("administrator", offices.province)))
    data = {"olds": [offices.district.pk, offices.other.pk], "on": "1/7/2025", "basis": "NQ 1"}
    data |= {"code": "351", "name": "huyện Mới", "tier": "district", "parent": "35"}
    address = f"/units/{offices.province.pk}/merge/"
    going_on = "Đơn vị kế thừa báo cáo tiếp từ ngày 01/7/2025, các tháng trước giữ nguyên: lĩnh vực "
    page = text_of(client.post(address, data))
    assert "Danh mục ghi riêng đơn vị cũ" in page
    assert f"{going_on}Lĩnh vực dat-dai; Lĩnh vực thue." in page and "thôi báo cáo" not in page
    page = text_of(client.post(address, data | {"offices": "end"}))
    assert f"{going_on}Lĩnh vực dat-dai." in page
    assert "thôi báo cáo từ ngày 01/7/2025: lĩnh vực Lĩnh vực dat-dai; Lĩnh vực thue." in page


def test_the_same_file_again_changes_nothing_after_a_merger(offices):
    text = HEADER + "dd,Đất đai,,,,2021-01-01,,phong-noi-vu\n"
    at = datetime(2025, 6, 1, tzinfo=UTC)
    import_catalogue(text.encode(), "c.csv", at=at)
    merged(offices)
    before = state()
    again = import_catalogue(text.encode(), "c.csv", at=at)
    assert (again.written, again.unchanged) == (0, 1) and state() == before
    # A file loaded after the merger names the unit of 2021: the row continues for its current successor.
    late = HEADER + "tp,Tư pháp,,,,2021-01-01,,phong-noi-vu\n"
    assert import_catalogue(late.encode(), "c.csv", at=at).written == 1
    assert reports(holder("phong-noi-vu"), AFTER) == {"dd", "tp"}
    # The same if the row's last day is removed.
    ended = HEADER + "hs,Hộ tịch,,,,2021-01-01,{},phong-noi-vu\n"
    for until, fields in (("2025-06-30", {"dd", "tp"}), ("", {"dd", "tp", "hs"})):
        import_catalogue(ended.format(until).encode(), "c.csv", at=at)
        assert reports(holder("phong-noi-vu"), AFTER) == fields
