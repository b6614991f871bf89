"""The tree of units, and one unit: what it was, what it is, who works in it."""

from datetime import date

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from ledger.models import Entry
from units import access, administering, details, history, queries
from units.access import Right, requires
from units.actions import closing_of, restructuring_of, touched_by
from units.actions.tree import subject
from units.models import Kind, Membership, Unit, UnitQuerySet
from units.outlets.lists import log_file, members_file, state_of, units_file
from units.tablefile import file_of
from units.words import clean

from .lists import page_of

STATES = [("", "Đang hoạt động"), ("over", "Đã kết thúc"), ("all", "Tất cả")]
# Sorting by name reads everything at once; a larger tree is shown in the order of its paths.
_SORTED = 500
_KINDS = list(Kind.values)


@requires(Right.SIGNED_IN)
def unit_list(request: HttpRequest) -> HttpResponse:
    """The units that the reader may see, as a tree; `?q=` finds names without diacritics and codes."""
    text = clean(request.GET.get("q", ""))[:200]
    state = request.GET.get("state", "")
    units = administering.known(request.user, request.day)
    if text:
        units = units & queries.search(text)
    if state == "over":
        units = units.filter(active_until__lt=request.day)
    elif state != "all":
        units = units.active_on(request.day)
    units = units.order_by("path") if text or units.count() > _SORTED else _by_name(units)
    told = "; ".join(
        part
        for part in (f"có “{text}” trong tên hoặc mã" if text else "", dict(STATES).get(state, ""))
        if part
    )
    if file := file_of(request, {"": lambda: units_file(units, request.day, timezone.now(), told)}):
        return file
    page = page_of(request, units)
    above = Unit.objects.in_bulk({number for unit in page for number in unit.ancestor_ids()})
    rows = [_row(unit, above, request.day, indented=not text) for unit in page]
    context = {"page": page, "rows": rows, "q": text, "state": state, "states": STATES}
    return render(request, "units/list.html", context)


def _by_name(units: UnitQuerySet) -> list[Unit]:
    """Parents before their children, and each level by kind and name (the order of paths is that of numbers)."""
    found = {unit.pk: unit for unit in units}
    places = {pk: (_KINDS.index(unit.kind), unit.folded, pk) for pk, unit in found.items()}
    return sorted(
        found.values(),
        key=lambda unit: [places[pk] for pk in [*unit.ancestor_ids(), unit.pk] if pk in places],
    )


def _row(unit: Unit, above: dict[int, Unit], day: date, *, indented: bool) -> dict:
    names = [above[number].name for number in reversed(unit.ancestor_ids())]
    return {
        "unit": unit,
        "state": state_of(unit, day),
        "above": ", ".join(names),
        "indent": range(unit.depth * indented),
    }


@requires(Right.SIGNED_IN)
def unit_detail(request: HttpRequest, pk: int) -> HttpResponse:
    unit = administering.known_unit(request.user, pk, request.day)
    manages = access.allowed(request.user, Right.MANAGE, unit, request.day)
    children = Unit.objects.filter(parent=unit).order_by("active_until", "tier", "folded")
    members = Membership.objects.filter(unit=unit).select_related("user").order_by("role", "user__username")
    if file := file_of(request, _files(unit, children, members, request.day)):
        return file
    page = page_of(request, children)
    after = queries.successors_of(unit)
    context = {
        "unit": unit,
        "details": details.told(unit),
        "state": state_of(unit, request.day),
        "trail": _trail(request, unit),
        "page": page,
        "children": [(child, state_of(child, request.day)) for child in page],
        "before": [
            (item, access.allowed(request.user, Right.READ, item.old, request.day))
            for item in queries.predecessors_of(unit)
        ],
        "after": [(item, access.allowed(request.user, Right.READ, item.new, request.day)) for item in after],
        "members": members,
        "history": history.of(subject(unit)),
        "manages": manages,
        "opened_by": _opened_by(request, unit) if manages and not after else None,
        "closed_by": closing_of(unit) if manages and not after else None,
    }
    return render(request, "units/detail.html", context)


def _files(unit: Unit, children: QuerySet, members: QuerySet, day: date) -> dict:
    at = timezone.now()
    return {
        "truc-thuoc": lambda: units_file(children, day, at, f"trực thuộc {unit.name}"),
        "phan-quyen": lambda: members_file(f"Người được phân quyền tại {unit.name}", members, at),
        "nhat-ky": lambda: log_file(f"Nhật ký thay đổi của {unit.name}", history.every(subject(unit)), at),
    }


def _trail(request: HttpRequest, unit: Unit) -> list[tuple[str, str]]:
    """Ancestors that the reader may open, then the unit itself."""
    seen = administering.known(request.user, request.day).filter(pk__in=unit.ancestor_ids()).order_by("depth")
    above = [(one.name, reverse("units:detail", args=[one.pk])) for one in seen]
    return [("Đơn vị", reverse("units:list")), *above, (unit.name, "")]


def _opened_by(request: HttpRequest, unit: Unit) -> Entry | None:
    """The merger or split that opened it, where the reader administers every unit of it and so may undo it."""
    entry = restructuring_of(unit)
    if entry is None:
        return None
    theirs = all(access.allowed(request.user, Right.MANAGE, one, request.day) for one in touched_by(entry))
    return entry if theirs else None
