"""The dashboard page, and the search for a unit on it."""

from dataclasses import replace
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from accounts.models import User
from core import markup
from core.db.snapshot import snapshot
from core.text import clean_text
from core.web import rights
from core.web.pagination import page_of
from core.web.rights import Right
from figures import formatting
from figures.rates import Placement, rates_in
from figures.summary import Summary
from reports.charts import svg
from reports.review_text import sentences
from spreadsheets.table_file import requested_file
from units.access.queries import visible_units
from units.lifecycle.files import unit_state
from units.models import Unit
from units.succession import inheritance
from units.tree.queries import search_units

from . import blocks, choices, table
from .cache import cached
from .files import DashboardTables
from .month_reports import month_reports
from .params import LONGEST, BadParameter, DashboardParams, dashboard_query, parse_params, stable_unit_key
from .queries import DashboardQuery, current_and_past, frozen_review_for, with_changes
from .targets import reported_indicators


@rights.requires(Right.READ)
@require_safe
def find_unit(request: HttpRequest) -> HttpResponse:
    """The units whose name holds `?find=`, each with a link to the same view of it; the only one is shown at once."""
    try:
        asked = parse_params(request)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    text = clean_text(request.GET.get("find", ""))[:LONGEST]
    found = visible_units(request.user, request.day)
    found = (found & search_units(text)).order_by(F("active_until").desc(nulls_first=True), "folded", "pk")
    page = page_of(request, found if text else found.none())
    if page.paginator.count == 1:
        return redirect(_way(asked, page[0]))
    names = Unit.objects.in_bulk({number for unit in page for number in unit.ancestor_ids()})
    rows = [
        {
            "unit": unit,
            "href": _way(asked, unit),
            "above": ", ".join(names[number].name for number in reversed(unit.ancestor_ids())),
            "state": unit_state(unit, request.day),
        }
        for unit in page
    ]
    context = {"page": page, "rows": rows, "text": text, "kept": kept_params(asked), "back": asked.link()}
    return render(request, "reports/dashboard/found_units.html", context)


def kept_params(asked: DashboardParams) -> list[tuple[str, str]]:
    """What the search keeps of a view, for hidden fields: everything but how its table is shown."""
    return asked.pairs(by="", tier="", field="", sort="", q="", page="")


def _way(asked: DashboardParams, unit: Unit) -> str:
    key = stable_unit_key(unit, asked.calendar.bounds(asked.period)[1])
    link = asked.link(unit=key, by="", tier="", field="", sort="", q="")
    return f"{reverse('dashboard')}{link}"


MOST_NAMED = 3  # units that the lead names; the rest stands folded below it
MOST_LACKING = 100  # reports that are looked up to name who owes them; of more the rows tell how many
LEGEND = list(svg.CHANNELS.values())


@rights.requires(Right.READ)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page at "/"; an address that cannot be read is answered in words (400)."""
    try:
        asked = parse_params(request)
        wanted = replace(dashboard_query(asked), most_named=MOST_LACKING)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    if file := requested_file(request, DashboardTables(asked, wanted).by_name()):
        return file
    above = choices.visible_above(asked, request.user)
    reach = [*above, *choices.paths_held(asked, request.user)]
    body = cached(asked, reach, lambda: _drawn(asked, wanted, above, request.user))
    title = f"{asked.unit.name}, {asked.period.label}"
    return render(request, "reports/dashboard/dashboard.html", {"body": body, "page_title": title})


@snapshot()
def _drawn(asked: DashboardParams, wanted: DashboardQuery, above: list[int], user: User) -> str:
    page = _page(asked, wanted, above, user) | {"today": asked.day}
    return render_to_string("reports/dashboard/body.html", page)


def _page(asked: DashboardParams, wanted: DashboardQuery, visible: list[int], user: User) -> dict[str, Any]:
    summary, past = current_and_past(wanted)
    summary = with_changes(wanted, summary)
    now, before = (past.against.current, past.against.before) if past.against else (summary, past.before)
    before = before if before.total.completeness.reported else None
    end = summary.period.end
    goals = blocks.targets_by_tier(asked, end)
    above = choices.ancestors(visible)
    hidden = choices.hidden_units(asked, user, (row.extra["pk"] for row in summary.rows if "pk" in row.extra))
    own = not asked.unit.has_children or asked.unit.reports
    return {
        "asked": asked,
        "here": asked.link(),
        "as_of_start": asked.link(as_of=asked.day, include="", basis=""),
        "bases": _bases(asked),
        "basis_name": formatting.basis_label(asked.units_of),
        "estimated": formatting.ESTIMATED,
        "territory": summary.territory.in_words(MOST_NAMED) if summary.territory else [],
        "territory_whole": summary.territory.in_words() if summary.territory else [],
        "handover": summary.handover.sentences(),
        "as_of_kept": asked.pairs(as_of=""),
        # Who sees but one unit has nothing to look for.
        "find_kept": kept_params(asked) if above or asked.unit.has_children else [],
        "now": asked.link(as_of=""),
        "unit_key": asked.unit_key,
        "unit_options": markup.options(
            choices.unit_options(asked, above, summary, end, hidden), asked.unit_key
        ),
        "period_options": choices.period_options(asked.calendar.month_of(asked.day), asked.period),
        "trail": _trail(asked, above, end) if above else [],
        "summary": summary,
        "before": before,
        "left_out": past.against.told if past.against else "",
        "uncompared": bool(past.against and past.against.nobody),
        "include_name": formatting.included_label(asked.include, asked.as_of),
        "review": frozen_review_for(asked.unit, asked.period, today=asked.basis == "today"),
        "empty": "" if summary.total.completeness.reported else _empty(asked, summary),
        "empty_title": "Số liệu chưa được tính" if _left_out(asked) else "Chưa có báo cáo nào trong kỳ này",
        "empty_way": _way_on(asked),
        "legend": LEGEND,
        "rates": {one.key: blocks.rate_label(one, end) for one in rates_in(Placement.DASHBOARD)},
        "reports": month_reports(wanted) if own else [],
        # What indicators were on an earlier day is not kept.
        "indicators": [] if wanted.field or asked.tier or asked.as_of else _indicators(wanted),
        "field_name": wanted.field.name if wanted.field else "",
        **blocks.answer_block(asked, summary, now, before, wanted.field.name if wanted.field else ""),
        **blocks.on_time_block(summary, before, goals),
        **blocks.chart_blocks(asked, summary, past, now, before, goals),
        **table.table_context(asked, summary, hidden),
    }


def _bases(asked: DashboardParams) -> list[tuple[str, str, bool]]:
    """The switch between units as they reported and today's: name, link, whether chosen; nothing where both are the
    same.
    """
    unit, end = asked.unit, asked.calendar.bounds(asked.period)[1]
    if asked.basis == "reported" and not inheritance.figures_can_differ(
        unit, max(asked.day, unit.active_from)
    ):
        return []
    key = stable_unit_key(unit, end)
    return [
        (name, asked.link(basis=basis, unit=key, as_of=""), asked.basis == (basis or "reported"))
        for name, basis in (("Báo cáo", ""), ("Đơn vị hiện nay", "today"))
    ]


def _trail(asked: DashboardParams, above: list, end) -> list[tuple[str, str]]:
    clean = {"by": "", "tier": "", "q": "", "sort": ""}
    trail = [(unit.name, asked.link(unit=choices.unit_key_for(asked, unit, end), **clean)) for unit in above]
    return [*trail, (asked.unit.name, asked.link())]


def _empty(asked: DashboardParams, summary: Summary) -> str:
    """Why there is nothing, and what to do next."""
    if _left_out(asked):
        name = capfirst(summary.unit_name)
        return f"{name} là cơ quan ngoài Ủy ban nhân dân, chỉ được tính khi chọn “Cả cơ quan ngoài Ủy ban”."
    if not summary.total.completeness.expected:
        name, unit, label = capfirst(summary.unit_name), asked.unit, summary.period.label
        if _not_yet(asked):
            return f"{name} hoạt động từ ngày {formatting.format_day(unit.active_from)}, sau {label}."
        if _over(asked):
            return f"{name} hoạt động đến hết ngày {formatting.format_day(unit.active_until)}, trước {label}."
        return f"{name} không phải báo cáo trong {label}."
    if asked.as_of:
        return f"Đến hết ngày {formatting.format_day(asked.as_of)} chưa có báo cáo nào của kỳ này được duyệt."
    state = "được duyệt" if asked.include == "approved" else "được gửi"
    also = ", chọn “Gồm cả chưa duyệt”" if asked.include == "approved" else ""
    todo = f"Hãy nhập hoặc đôn đốc gửi, duyệt báo cáo{also}, hoặc chọn kỳ khác."
    return f"Đã {state}: {summary.completeness_text}. {todo}"


def _left_out(asked: DashboardParams) -> bool:
    """Whether the unit that is seen is itself of those that are only counted when asked for."""
    return asked.unit.external and not asked.external


def _not_yet(asked: DashboardParams) -> bool:
    """Whether the unit began after the period."""
    return asked.unit.active_from > asked.calendar.bounds(asked.period)[1]


def _over(asked: DashboardParams) -> bool:
    """Whether the unit ended before the period."""
    until = asked.unit.active_until
    return until is not None and until < asked.calendar.bounds(asked.period)[0]


def _way_on(asked: DashboardParams) -> tuple[str, str]:
    """Where to go from an empty page: address and words."""
    if _left_out(asked):
        return asked.link(external="1"), "Xem số liệu của đơn vị này"
    if asked.as_of:
        return asked.link(as_of=""), "Xem số liệu hiện nay"
    if _not_yet(asked) and asked.basis == "reported":
        key = stable_unit_key(asked.unit, asked.calendar.bounds(asked.period)[1])
        return asked.link(basis="today", unit=key), "Xem theo đơn vị hiện nay"
    if _over(asked):
        return reverse("units:detail", args=[asked.unit.pk]), "Xem đơn vị kế thừa"
    return reverse("records:worklist"), "Mở Việc của tôi"


def _indicators(wanted: DashboardQuery) -> list[dict[str, Any]]:
    found = reported_indicators(wanted.unit, wanted.period, wanted.decimals)
    for one in found:
        one["verdict"] = sentences.target_gap(one["percent"], one["target"])
    return found
