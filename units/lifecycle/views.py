"""Pages of the tree of units and of a unit; pages that open, close and reopen units; the units as a file."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST

from core.dates import format_day
from core.forms import posted_data
from core.text import clean_text, parse_digits
from core.web import Right, page_of, requires
from ledger.models import Entry
from spreadsheets.table_writer import ROWS_AT_ONCE, Cell, TableColumn, TableFile, requested_file
from units.access.queries import is_allowed, is_root_administrator, known_unit, known_units, unit_for
from units.activity_log import all_log_lines, latest_log_lines, log_file
from units.models import Membership, Unit, UnitKind, UnitQuerySet
from units.people import actions as people_actions
from units.people.queries import members_file
from units.tree import details
from units.tree.details import IN_FILES, detail_texts
from units.tree.queries import predecessors_of, resolve_code, search_units, successors_of
from units.tree.rules import TreeRefused

from . import actions as lifecycle_actions
from .actions import closing_of
from .derived_tables import unit_subject
from .forms import CloseUnitForm, OpenUnitForm, show_refusal
from .signals import consequences_of
from .undo import restructuring_of, touched_by

UNITS = (
    TableColumn("name", "Đơn vị", width=40),
    TableColumn("code", "Mã"),
    TableColumn("tier", "Cấp"),
    TableColumn("kind", "Loại", width=22),
    TableColumn("parent_code", "Mã đơn vị cấp trên"),
    TableColumn("parent", "Đơn vị cấp trên", width=30),
    TableColumn("active_from", "Hoạt động từ"),
    TableColumn("active_until", "Đến hết ngày"),
    TableColumn("state", "Tình trạng"),
    TableColumn("reports", "Báo cáo hằng tháng"),
    *(TableColumn(detail.name, detail.label, width=30) for detail in IN_FILES),
)


def unit_state(unit: Unit, day: date) -> tuple[str, str]:
    """State of the unit on the day: chip class and words."""
    if unit.is_over(day):
        return "none", "Đã kết thúc"
    if unit.active_from > day:
        return "draft", "Chưa hoạt động"
    return "ok", "Đang hoạt động"


def units_file(
    units: QuerySet[Unit] | Iterable[Unit], day: date, at: datetime, filter_text: str = ""
) -> TableFile:
    """Units in the order given; `filter_text` is the filter in words."""
    return TableFile(
        "don-vi", "Đơn vị", UNITS, _units(units, day), at, [("Bộ lọc", filter_text)] if filter_text else ()
    )


def _units(units: QuerySet[Unit] | Iterable[Unit], day: date) -> Iterator[tuple[Cell, ...]]:
    names = {pk: (code, name) for pk, code, name in Unit.objects.values_list("pk", "code", "name").iterator()}
    rows = units.iterator(ROWS_AT_ONCE) if isinstance(units, QuerySet) else units
    for unit in rows:
        above = names.get(unit.parent_id, ("", ""))
        yield (
            unit.name,
            unit.code,
            unit.get_tier_display(),
            unit.get_kind_display(),
            *above,
            unit.active_from,
            unit.active_until,
            unit_state(unit, day)[1],
            "có" if unit.reports else "không",
            *detail_texts(unit, IN_FILES).values(),
        )


STATES = [("", "Đang hoạt động"), ("over", "Đã kết thúc"), ("all", "Tất cả")]
# Sorting by name reads all units at once; a larger tree is shown in the order of its paths.
_SORTED = 500
_KINDS = list(UnitKind.values)


@requires(Right.SIGNED_IN)
def unit_list(request: HttpRequest) -> HttpResponse:
    """The units that the reader may see, as a tree; `?q=` searches names (ignoring diacritics) and codes."""
    text = clean_text(request.GET.get("q", ""))[:200]
    state = request.GET.get("state", "")
    units = known_units(request.user, request.day)
    if text:
        units = units & search_units(text)
    if state == "over":
        units = units.filter(active_until__lt=request.day)
    elif state != "all":
        units = units.active_on(request.day)
    units = units.order_by("path") if text or units.count() > _SORTED else _by_name(units)
    filter_text = "; ".join(
        part
        for part in (f"có “{text}” trong tên hoặc mã" if text else "", dict(STATES).get(state, ""))
        if part
    )
    if file := requested_file(
        request, {"": lambda: units_file(units, request.day, timezone.now(), filter_text)}
    ):
        return file
    page = page_of(request, units)
    above = Unit.objects.in_bulk({number for unit in page for number in unit.ancestor_ids()})
    rows = [_row(unit, above, request.day, indented=not text) for unit in page]
    context = {"page": page, "rows": rows, "q": text, "state": state, "states": STATES}
    return render(request, "units/lifecycle/list.html", context)


def _by_name(units: UnitQuerySet) -> list[Unit]:
    """Parents before their children, each level by kind and name (paths sort by id)."""
    units_by_id = {unit.pk: unit for unit in units}
    places = {pk: (_KINDS.index(unit.kind), unit.folded, pk) for pk, unit in units_by_id.items()}
    return sorted(
        units_by_id.values(),
        key=lambda unit: [places[pk] for pk in [*unit.ancestor_ids(), unit.pk] if pk in places],
    )


def _row(unit: Unit, above: dict[int, Unit], day: date, *, indented: bool) -> dict:
    names = [above[number].name for number in reversed(unit.ancestor_ids())]
    return {
        "unit": unit,
        "state": unit_state(unit, day),
        "above": ", ".join(names),
        "indent": range(unit.depth * indented),
    }


@requires(Right.SIGNED_IN)
def unit_detail(request: HttpRequest, pk: int) -> HttpResponse:
    unit = known_unit(request.user, pk, request.day)
    manages = is_allowed(request.user, Right.MANAGE, unit, request.day)
    children = Unit.objects.filter(parent=unit).order_by("active_until", "tier", "folded")
    members = Membership.objects.filter(unit=unit).select_related("user").order_by("role", "user__username")
    if file := requested_file(request, _files(unit, children, members, request.day)):
        return file
    page = page_of(request, children)
    after = successors_of(unit)
    context = {
        "unit": unit,
        "details": details.labelled_details(unit),
        "state": unit_state(unit, request.day),
        "trail": _trail(request, unit),
        "page": page,
        "children": [(child, unit_state(child, request.day)) for child in page],
        "before": [
            (item, is_allowed(request.user, Right.READ, item.old, request.day))
            for item in predecessors_of(unit)
        ],
        "after": [(item, is_allowed(request.user, Right.READ, item.new, request.day)) for item in after],
        "members": members,
        "history": latest_log_lines(unit_subject(unit)),
        "manages": manages,
        "opened_by": _opened_by(request, unit) if manages and not after else None,
        "closed_by": closing_of(unit) if manages and not after else None,
    }
    return render(request, "units/lifecycle/unit.html", context)


def _files(unit: Unit, children: QuerySet, members: QuerySet, day: date) -> dict:
    at = timezone.now()
    return {
        "truc-thuoc": lambda: units_file(children, day, at, f"trực thuộc {unit.name}"),
        "phan-quyen": lambda: members_file(f"Người được phân quyền tại {unit.name}", members, at),
        "nhat-ky": lambda: log_file(
            f"Nhật ký thay đổi của {unit.name}", all_log_lines(unit_subject(unit)), at
        ),
    }


def _trail(request: HttpRequest, unit: Unit) -> list[tuple[str, str]]:
    """Ancestors that the reader may open, then the unit itself."""
    ancestors = known_units(request.user, request.day).filter(pk__in=unit.ancestor_ids()).order_by("depth")
    above = [(ancestor.name, reverse("units:detail", args=[ancestor.pk])) for ancestor in ancestors]
    return [("Đơn vị", reverse("units:list")), *above, (unit.name, "")]


def _opened_by(request: HttpRequest, unit: Unit) -> Entry | None:
    """The merger or split that opened the unit, if the reader administers all units of it and so may undo it."""
    entry = restructuring_of(unit)
    if entry is None:
        return None
    theirs = all(
        is_allowed(request.user, Right.MANAGE, touched, request.day) for touched in touched_by(entry)
    )
    return entry if theirs else None


def administered_parent(request: HttpRequest, form, day) -> Unit | None:
    """The parent that the form names, if the reader administers it; else adds an error to the form, the same for
    unknown and hidden units.
    """
    code = form.cleaned_data["parent"]
    if not code:
        if not is_root_administrator(request.user, request.day):
            form.add_error("parent", "Hãy ghi mã đơn vị cấp trên.")
        return None
    try:
        unit = resolve_code(code, day)
    except ValueError:
        unit = None
    if unit is None or not is_allowed(request.user, Right.MANAGE, unit, request.day):
        form.add_error("parent", "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
        return None
    return unit


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def unit_open(request: HttpRequest) -> HttpResponse:
    form = OpenUnitForm(posted_data(request), initial=_below(request))
    if request.method == "POST" and form.is_valid():
        parent = administered_parent(request, form, form.cleaned_data["active_from"])
        if not form.errors:
            try:
                unit = lifecycle_actions.open_unit(form.draft(parent), by=request.user)
            except TreeRefused as refused:
                show_refusal(form, refused)
            else:
                messages.success(request, f"Đã mở {unit.name}.")
                return redirect("units:detail", unit.pk)
    return _open_form_page(request, form, "Mở đơn vị", "Mở đơn vị")


def _below(request: HttpRequest) -> dict:
    """Initial values from `?parent=`, the id of a unit that the reader administers."""
    pk = parse_digits(request.GET.get("parent", ""), 18)
    if pk < 0:
        return {}
    unit = unit_for(request.user, pk, request.day, Right.MANAGE)
    return {"parent": unit.code, "tier": unit.tier}


def _open_form_page(request: HttpRequest, form, title: str, verb: str, unit: Unit | None = None):
    context = {"form": form, "title": title, "verb": verb, "unit": unit}
    return render(request, "units/form.html", context, status=200 if not form.errors else 422)


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def unit_close(request: HttpRequest, pk: int) -> HttpResponse:
    unit = unit_for(request.user, pk, request.day, Right.MANAGE)
    form = CloseUnitForm(posted_data(request))
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        if request.POST.get("sure") != "1":
            closing = _preview_closing(request, form, unit)
            if closing:
                return render(
                    request, "units/lifecycle/close_preview.html", _closes(request, form, unit, closing)
                )
        elif _close(request, form, unit):
            messages.success(request, f"Đã ghi ngày kết thúc hoạt động của {unit.name}.")
            return redirect("units:detail", unit.pk)
    return _open_form_page(request, form, f"Đóng {unit.name}", "Xem những gì thay đổi", unit)


@requires(Right.MANAGE, by_unit=True)
@require_POST
def unit_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo the closing of a unit and of the units below that closed with it."""
    unit = unit_for(request.user, pk, request.day, Right.MANAGE)
    try:
        with transaction.atomic():
            units = lifecycle_actions.reopen_units(unit, by=request.user)
    except TreeRefused as refused:
        return not_undone(request, unit, refused)
    more = f" và {len(units) - 1} đơn vị bên dưới" if len(units) > 1 else ""
    until = units[0].active_until
    last = f" đến hết ngày {format_day(until)}" if until else ""
    messages.success(request, f"Đã hoàn tác việc đóng: {unit.name}{more} hoạt động tiếp{last}.")
    return redirect("units:detail", unit.pk)


def not_undone(request: HttpRequest, unit: Unit, refused: TreeRefused) -> HttpResponse:
    """The page that says why a change cannot be undone, with a link back to the unit."""
    back = reverse("units:detail", args=[unit.pk])
    context = {"title": "Không hoàn tác được", "reason": capfirst(str(refused)), "back": back}
    return render(request, "400.html", context, status=422)


def _close(request: HttpRequest, form: CloseUnitForm, unit: Unit) -> bool:
    data = form.cleaned_data
    close = lifecycle_actions.close_branch if data["branch"] else lifecycle_actions.close_unit
    try:
        close(unit, data["on"], by=request.user, basis=data["basis"])
    except TreeRefused as refused:
        show_refusal(form, refused)
        return False
    return True


def _preview_closing(request: HttpRequest, form: CloseUnitForm, unit: Unit) -> list[Unit]:
    """The unit and what closes with it: closes them and rolls back. Empty if the form has errors."""
    ending = Unit.objects.under(unit).filter(active_until=form.cleaned_data["on"])
    before = set(ending.values_list("pk", flat=True))
    with transaction.atomic():
        closed = _close(request, form, Unit.objects.select_related("parent").get(pk=unit.pk))
        numbers = set(ending.values_list("pk", flat=True)) - before if closed else set()
        transaction.set_rollback(True)
    return list(Unit.objects.filter(pk__in=numbers).order_by("depth", "kind", "folded", "pk"))


def _closes(request: HttpRequest, form: CloseUnitForm, unit: Unit, closing: list[Unit]) -> dict:
    on = form.cleaned_data["on"]
    after = on + timedelta(1)
    return {
        "unit": unit,
        "form": form,
        "on": on,
        "closing": closing,
        "roles": people_actions.open_roles_in(closing, after).order_by("unit__folded", "user__username"),
        "consequences": consequences_of([], closing, after, 0, 0, request.day),
        "kept": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
    }
