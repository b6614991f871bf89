"""Fields and online levels of dossiers by the catalogue of their month and day."""

from datetime import date

import pytest

from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.cases.reader import Classifier, OnlineLevels, PlaceTexts, WrongCell
from records.catalogue import Catalogue
from records.models import CaseFile, CaseRow, Field, FieldScope, Procedure, ProcedureScope
from tests.records.conftest import SINCE
from units.models import Tier

from .clerk import address, mapped, read, uploaded
from .exports import HEADS, as_csv, rows

FIRST, LAST = date(2022, 6, 15), date(2022, 7, 14)
JUNE, JULY = Month(2022, 6), Month(2022, 7)


@pytest.fixture
def turned(fields) -> Procedure:
    """A procedure received partly online up to June and fully online from July."""
    made = Procedure.objects.create(code="1.000894", name="Đăng ký kết hôn", field=fields.ho_tich)
    scope = {"procedure": made, "tier": Tier.COMMUNE}
    ProcedureScope.objects.create(
        **scope, online_level="partial", valid_from=SINCE, valid_until=date(2022, 6, 30)
    )
    ProcedureScope.objects.create(**scope, online_level="full", valid_from=date(2022, 7, 1))
    return made


@pytest.mark.parametrize(
    ("day", "channel"),
    [
        (date(2020, 6, 30), "online_partial"),
        (date(2022, 6, 30), "online_partial"),
        (date(2022, 7, 1), "online_full"),
        (date(2030, 1, 1), "online_full"),
    ],
)
def test_a_level_is_that_of_the_day(cast, turned, day, channel):
    assert OnlineLevels(cast.alpha, FIRST, LAST).on(turned.pk, day) == channel


def test_no_level_is_guessed_for_a_day_that_counts(cast, turned):
    ProcedureScope.objects.filter(online_level="full").update(valid_until=date(2022, 7, 5))
    levels = OnlineLevels(cast.alpha, FIRST, LAST)
    assert levels.on(turned.pk, date(2022, 7, 6)) is None and levels.on(None, FIRST) is None
    assert levels.on(turned.pk, date(2022, 7, 15)) == "online_full"


def test_a_row_for_other_units_says_nothing(cast, turned):
    ProcedureScope.objects.get(online_level="full").units.add(cast.beta)
    assert OnlineLevels(cast.alpha, FIRST, LAST).on(turned.pk, date(2022, 7, 2)) is None
    assert OnlineLevels(cast.beta, FIRST, LAST).on(turned.pk, date(2022, 7, 2)) == "online_full"


def test_a_file_counts_each_dossier_by_the_level_of_its_day(as_, july, work, turned):
    lines = [line for line in rows(80) if line[HEADS.index("Lĩnh vực")] == "ho-tich"]
    for line in lines:
        line[HEADS.index("Tên thủ tục")] = "1.000894 Đăng ký kết hôn"
        line[HEADS.index("Hình thức tiếp nhận")] = "Trực tuyến"
    file = read(as_("clerk"), july, work, as_csv(lines))
    assert file.state == "done"
    turn = "2022-06-30T17:00:00Z"
    before, after = CaseRow.objects.filter(received__lt=turn), CaseRow.objects.filter(received__gte=turn)
    assert set(before.values_list("channel", flat=True)) == {"online_partial"}
    assert set(after.values_list("channel", flat=True)) == {"online_full"}


def places(unit) -> Classifier:
    return Classifier(Catalogue(stored_calendar()), unit, [JUNE, JULY], {}, True)


def test_a_field_is_needed_in_the_months_that_count_it(cast, fields):
    FieldScope.objects.filter(field=fields.ho_tich).update(valid_until=date(2022, 6, 14))
    FieldScope.objects.filter(field=fields.chung_thuc).update(valid_from=date(2022, 6, 15))
    classifier, old, new = places(cast.alpha), PlaceTexts("", "ho-tich"), PlaceTexts("", "chung-thuc")
    assert classifier.key(old, date(2022, 6, 1), date(2022, 6, 14)) == (fields.ho_tich.pk, None)
    assert classifier.key(new, date(2022, 6, 15), None) == (fields.chung_thuc.pk, None)
    for texts, came, went in [
        (old, date(2022, 6, 1), None),
        (old, date(2022, 6, 1), date(2022, 6, 15)),
        (new, date(2022, 6, 14), date(2022, 6, 14)),
    ]:
        with pytest.raises(WrongCell) as wrong:
            classifier.key(texts, came, went)
        assert wrong.value.code == "not_served"


def test_months_reported_divided_and_not_are_read_one_by_one(cast, fields):
    FieldScope.objects.update(valid_from=date(2022, 6, 15))
    classifier, texts = places(cast.alpha), PlaceTexts("", "ho-tich")
    undivided = Field.objects.get(code=Field.UNDIVIDED).pk
    assert classifier.key(texts, date(2022, 6, 1), date(2022, 6, 2)) == (undivided, None)
    assert classifier.key(texts, date(2022, 6, 20), None) == (fields.ho_tich.pk, None)
    with pytest.raises(WrongCell, match="riêng từng tháng"):
        classifier.key(texts, date(2022, 6, 1), None)


def test_a_word_may_mean_a_field_of_any_month_of_the_file(as_, july, work, fields):
    """Civil status is reported up to June, not from July on."""
    end = stored_calendar().span(JUNE).end
    FieldScope.objects.filter(field=fields.ho_tich).update(valid_until=end)
    field, procedure = HEADS.index("Lĩnh vực"), HEADS.index("Tên thủ tục")
    came, ended = HEADS.index("Ngày tiếp nhận"), HEADS.index("Ngày trả kết quả")
    lines = [line for line in rows(60) if line[field] == "ho-tich" and line[ended]][:5]
    assert lines
    for line in lines:
        line[field], line[procedure], line[came] = "Tư pháp", "", "20/05/2022 08:00"
        line[ended] = "24/05/2022 08:00"
    client, june = as_("clerk"), str(JUNE)
    uploaded(client, july, as_csv(lines), first=june)
    page = client.get(address("case_file", july.pk, CaseFile.objects.get().pk))
    role, meanings, words = next(
        group for group in page.context["words"] if "Tư pháp" in [w for w, *_ in group[2]]
    )
    assert "ho-tich" in dict(meanings), role
    box = next(box for word, _, box, _ in words if word == "Tư pháp")
    assert mapped(client, july, first=june, **{box: "ho-tich"}).status_code == 302
    work()
    file = CaseFile.objects.get()
    assert (file.state, file.faults) == ("done", [])
    assert {count.field_id for count in file.counts.all()} == {fields.ho_tich.pk}
