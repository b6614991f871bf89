"""Switches a group of columns on or off for the units below, from a reporting month on."""

from datetime import datetime
from typing import Any

from django.db import transaction

from figures.periods import Month
from ledger import log
from records.aggregates import group_sums
from records.calendar.queries import stored_calendar
from records.catalogue.queries import Catalogue, served_in_row
from records.errors import ActionRefused
from records.models import DossierCount, Edition, GroupSwitch, State, SwitchedGroup
from records.storage.tallies import BLANK_COLUMNS, measures_of_row, set_measures
from units.models import Unit, subtree

_DRAFTS = (State.DRAFT, State.RETURNED)


@transaction.atomic
def switch_column_group(
    unit: Unit, group: SwitchedGroup, month: Month, *, asked: bool, by: Any, at: datetime
) -> GroupSwitch:
    """From a month on, ask the unit and those below it for a group of columns, or do not. What was stored stays; in
    drafts of these months what counts as blank is set anew.

    Errors: Refused("reported_later") where a unit below sent figures of the month or a later one: what counts as
    blank in these must not change.
    """
    kept = GroupSwitch.objects.filter(unit=unit, group=group, first_month=month.number).first()
    if kept is not None and kept.asked == asked:
        return kept
    detail = {
        "unit": unit.code,
        "group": group,
        "from": str(month),
        "asked": asked,
        "before": kept.asked if kept else None,
    }
    # First: writers of the log wait for each other, so no month is sent between our looking and our writing.
    log.append("groups.switch", by=by, subject=f"groups:{unit.pk}", detail=detail, at=at)
    below = Edition.objects.filter(
        subtree(unit.path, "submission__unit__path"), submission__month__gte=month.number
    ).select_related("submission__unit")
    sent = below.exclude(state__in=_DRAFTS).order_by("-submission__month").first()
    if sent is not None:
        last = Month.from_number(sent.submission.month)
        raise ActionRefused(
            "reported_later",
            f"{sent.submission.unit.name} đã gửi báo cáo {last.label}: chỉ đổi được từ {last.next().label}.",
        )
    found, _ = GroupSwitch.objects.update_or_create(
        unit=unit, group=group, first_month=month.number, defaults={"asked": asked, "followed": False}
    )
    _count_blanks(list(below.filter(state__in=_DRAFTS).select_for_update(of=("self",))))
    return found


def _count_blanks(editions: list[Edition]) -> None:
    catalogue = Catalogue(stored_calendar())
    rows: dict[int, list[DossierCount]] = {edition.pk: [] for edition in editions}
    for row in DossierCount.objects.filter(edition__in=editions).order_by("pk"):
        rows[row.edition_id].append(row)
    for edition in editions:
        expected = catalogue.expected(edition.submission.unit, Month.from_number(edition.submission.month))
        for row in rows[edition.pk]:
            set_measures(
                row,
                measures_of_row(row),
                served_in_row(expected, catalogue, (row.field_id, row.procedure_id)),
            )
        group_sums.set_edition_sums(edition, rows[edition.pk])
    blanks = list(BLANK_COLUMNS.values())
    DossierCount.objects.bulk_update(
        [row for listed in rows.values() for row in listed], blanks, batch_size=500
    )
    Edition.objects.bulk_update(editions, blanks, batch_size=500)
