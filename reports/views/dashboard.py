"""The dashboard of a unit and period: the answer first, then what it rests on, down to the submission."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from figures import narrative, writing
from figures.rates import Place, rates_in
from figures.summary import Summary
from reports.outlets import markup, svg
from reports.queries import dashboard as queries
from reports.queries.month_reports import month_reports
from reports.queries.ranking import with_changes
from reports.queries.targets import indicators
from units import access, inheritance
from units.access import Right
from units.models import User
from units.snapshot import snapshot
from units.tablefile import file_of

from . import blocks, choices, listing
from .asked import Asked, BadQuestion, lasting_key, read
from .dashboard_files import Tables
from .finding import kept
from .remembered import remembered

MOST_NAMED = 3  # units that the lead names; the rest stands folded below it
MOST_LACKING = 100  # reports that are looked up to name who owes them; of more the rows tell how many
LEGEND = list(svg.CHANNELS.values())


@access.requires(Right.READ)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page at "/"; an address that cannot be read is answered in words (400)."""
    try:
        asked = read(request)
        wanted = replace(wanted_of(asked), most_named=MOST_LACKING)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    if file := file_of(request, Tables(asked, wanted).by_name()):
        return file
    above = choices.visible_above(asked, request.user)
    reach = [*above, *choices.beyond(asked, request.user)]
    body = remembered(asked, reach, lambda: _drawn(asked, wanted, above, request.user))
    title = f"{asked.unit.name}, {asked.period.label}"
    return render(request, "reports/dashboard.html", {"body": body, "page_title": title})


@snapshot()
def _drawn(asked: Asked, wanted: queries.Wanted, above: list[int], user: User) -> str:
    page = _page(asked, wanted, above, user) | {"today": asked.day}
    return render_to_string("reports/dashboard/body.html", page)


def wanted_of(asked: Asked) -> queries.Wanted:
    """The question behind a view. Errors: BadQuestion for a field that the catalogue does not have."""
    field = queries.field_named(asked.field) if asked.field else None
    if asked.field and field is None:
        raise BadQuestion("unknown_field", f"Không có lĩnh vực “{writing.quoted(asked.field)}”.")
    return queries.Wanted(
        asked.unit,
        asked.period,
        asked.calendar,
        asked.include,
        asked.external,
        asked.tier or None,
        asked.rows_by,
        asked.decimals,
        field,
        asked.as_of,
        asked.units_of,
    )


def _page(asked: Asked, wanted: queries.Wanted, visible: list[int], user: User) -> dict[str, Any]:
    summary, past = queries.now_and_before(wanted)
    summary = with_changes(wanted, summary)
    now, before = (past.against.current, past.against.before) if past.against else (summary, past.before)
    before = before if before.total.completeness.reported else None
    end = summary.period.end
    goals = blocks.goals_of(asked, end)
    above = choices.ancestors(visible)
    hidden = choices.unseen(asked, user, (row.extra["pk"] for row in summary.rows if "pk" in row.extra))
    own = not asked.unit.has_children or asked.unit.reports
    return {
        "asked": asked,
        "here": asked.link(),
        "as_of_start": asked.link(as_of=asked.day, include="", basis=""),
        "bases": _bases(asked),
        "basis_name": narrative.basis(asked.units_of),
        "estimated": narrative.ESTIMATED,
        "territory": summary.territory.in_words(MOST_NAMED) if summary.territory else [],
        "territory_whole": summary.territory.in_words() if summary.territory else [],
        "handover": summary.handover.sentences(),
        "as_of_kept": asked.pairs(as_of=""),
        # Who sees but one unit has nothing to look for.
        "find_kept": kept(asked) if above or asked.unit.has_children else [],
        "now": asked.link(as_of=""),
        "unit_key": asked.unit_key,
        "unit_options": markup.options(choices.units(asked, above, summary, end, hidden), asked.unit_key),
        "period_options": choices.periods(asked.calendar.month_of(asked.day), asked.period),
        "trail": _trail(asked, above, end) if above else [],
        "summary": summary,
        "before": before,
        "left_out": past.against.told if past.against else "",
        "uncompared": bool(past.against and past.against.nobody),
        "include_name": narrative.counted(asked.include, asked.as_of),
        "review": queries.review_of(asked.unit, asked.period, today=asked.basis == "today"),
        "empty": "" if summary.total.completeness.reported else _empty(asked, summary),
        "empty_title": "Số liệu chưa được tính" if _left_out(asked) else "Chưa có báo cáo nào trong kỳ này",
        "empty_way": _way_on(asked),
        "legend": LEGEND,
        "rates": {one.key: blocks.rate(one, end) for one in rates_in(Place.DASHBOARD)},
        "reports": month_reports(wanted) if own else [],
        # What indicators were on an earlier day is not kept.
        "indicators": [] if wanted.field or asked.tier or asked.as_of else _indicators(wanted),
        "field_name": wanted.field.name if wanted.field else "",
        **blocks.answer(asked, summary, now, before, wanted.field.name if wanted.field else ""),
        **blocks.on_time(summary, before, goals),
        **blocks.charts(asked, summary, past, now, before, goals),
        **listing.context(asked, summary, hidden),
    }


def _bases(asked: Asked) -> list[tuple[str, str, bool]]:
    """The switch between units as they reported and today's: name, link, whether chosen; nothing where both are the
    same.
    """
    unit, end = asked.unit, asked.calendar.bounds(asked.period)[1]
    if asked.basis == "reported" and not inheritance.moved(unit, max(asked.day, unit.active_from)):
        return []
    key = lasting_key(unit, end)
    return [
        (name, asked.link(basis=basis, unit=key, as_of=""), asked.basis == (basis or "reported"))
        for name, basis in (("Báo cáo", ""), ("Đơn vị hiện nay", "today"))
    ]


def _trail(asked: Asked, above: list, end) -> list[tuple[str, str]]:
    clean = {"by": "", "tier": "", "q": "", "sort": ""}
    trail = [(unit.name, asked.link(unit=choices.key_of(asked, unit, end), **clean)) for unit in above]
    return [*trail, (asked.unit.name, asked.link())]


def _empty(asked: Asked, summary: Summary) -> str:
    """Why there is nothing, and what to do next."""
    if _left_out(asked):
        name = capfirst(summary.unit_name)
        return f"{name} là cơ quan ngoài Ủy ban nhân dân, chỉ được tính khi chọn “Cả cơ quan ngoài Ủy ban”."
    if not summary.total.completeness.expected:
        name, unit, label = capfirst(summary.unit_name), asked.unit, summary.period.label
        if _not_yet(asked):
            return f"{name} hoạt động từ ngày {writing.day(unit.active_from)}, sau {label}."
        if _over(asked):
            return f"{name} hoạt động đến hết ngày {writing.day(unit.active_until)}, trước {label}."
        return f"{name} không phải báo cáo trong {label}."
    if asked.as_of:
        return f"Đến hết ngày {writing.day(asked.as_of)} chưa có báo cáo nào của kỳ này được duyệt."
    state = "được duyệt" if asked.include == "approved" else "được gửi"
    also = ", chọn “Gồm cả chưa duyệt”" if asked.include == "approved" else ""
    todo = f"Hãy nhập hoặc đôn đốc gửi, duyệt báo cáo{also}, hoặc chọn kỳ khác."
    return f"Đã {state}: {summary.completeness_text}. {todo}"


def _left_out(asked: Asked) -> bool:
    """Whether the unit that is seen is itself of those that are only counted when asked for."""
    return asked.unit.external and not asked.external


def _not_yet(asked: Asked) -> bool:
    """Whether the unit began after the period."""
    return asked.unit.active_from > asked.calendar.bounds(asked.period)[1]


def _over(asked: Asked) -> bool:
    """Whether the unit ended before the period."""
    until = asked.unit.active_until
    return until is not None and until < asked.calendar.bounds(asked.period)[0]


def _way_on(asked: Asked) -> tuple[str, str]:
    """Where to go from an empty page: address and words."""
    if _left_out(asked):
        return asked.link(external="1"), "Xem số liệu của đơn vị này"
    if asked.as_of:
        return asked.link(as_of=""), "Xem số liệu hiện nay"
    if _not_yet(asked) and asked.basis == "reported":
        key = lasting_key(asked.unit, asked.calendar.bounds(asked.period)[1])
        return asked.link(basis="today", unit=key), "Xem theo đơn vị hiện nay"
    if _over(asked):
        return reverse("units:detail", args=[asked.unit.pk]), "Xem đơn vị kế thừa"
    return reverse("records:worklist"), "Mở Việc của tôi"


def _indicators(wanted: queries.Wanted) -> list[dict[str, Any]]:
    found = indicators(wanted.unit, wanted.period, wanted.decimals)
    for one in found:
        one["verdict"] = narrative.against_target(one["percent"], one["target"])
    return found
