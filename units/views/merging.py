"""A merger step by step: choose, see what changes, confirm; undone while nothing was entered (administrators)."""

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from units import access, actions, administering, queries
from units.access import Right, requires
from units.dates import write_day
from units.forms.merging import MOST, MergeForm
from units.forms.tree import show_refusal
from units.models import Tier, Unit
from units.signals import consequences_of
from units.tree import Draft, Refused, day_before

from .changes import not_undone, parent_of
from .lists import posted


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Units below one unit, or named by code, become one. A POST shows what changes; with `sure` it is done, with
    `again` the form is there to be mended.
    """
    above = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    goes_on = Q(active_until=None) | Q(active_until__gte=request.day)
    below = Unit.objects.filter(goes_on, parent=above).order_by("kind", "folded", "active_from", "pk")
    listed = list(below[:MOST])
    initial = {"parent": above.code, "tier": listed[0].tier if listed else above.tier}
    return _page(request, above, listed, initial, f"Sáp nhập đơn vị thuộc {above.name}")


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def succeed(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for one unit: another name, tier or unit above it, or with others beside it into one; where it is over,
    who follows it.
    """
    unit = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    over = unit.is_over(request.day)
    goes_on = Q(active_until=None) | Q(active_until__gte=request.day)
    alike = Q(active_until=unit.active_until, successors=None) if over else goes_on
    beside = Unit.objects.filter(alike, administering.managed(request.user, request.day), parent=unit.parent)
    others = beside.filter(kind=unit.kind).exclude(pk=unit.pk).order_by("folded", "active_from", "pk")
    initial = {"olds": [unit.pk], "code": unit.code, "tier": unit.tier}
    if unit.parent is not None and not unit.parent.is_over(request.day):
        initial["parent"] = unit.parent.code
    if over:
        initial["on"] = unit.active_until + timedelta(1)
    title = f"Ghi đơn vị kế thừa {unit.name}" if over else f"Sáp nhập, thay thế {unit.name}"
    return _page(request, unit, [unit, *others[: MOST - 1]], initial, title, splits=not over)


def _page(
    request: HttpRequest, unit: Unit, listed: list[Unit], initial: dict, title: str, *, splits: bool = False
) -> HttpResponse:
    """unit: the one that the page was opened from; splits: whether it may be divided instead."""
    form = MergeForm(posted(request), listed, request.day, initial=initial)
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        asked = _asked(request, form)
        if asked is not None:
            olds, draft, there = asked
            if request.POST.get("sure") == "1":
                merged = _done(request, form, olds, draft)
                if merged is not None:
                    messages.success(request, _told(olds, merged))
                    return redirect("units:detail", merged.pk)
            elif _possible(request, form, olds, draft):
                changes = _changes(request, form, olds, draft, there)
                return render(request, "units/merge_check.html", {"from": unit, "form": form} | changes)
    context = {"form": form, "from": unit, "title": title, "splits": splits}
    return render(request, "units/merge.html", context, status=422 if form.errors else 200)


def _told(olds: list[Unit], new: Unit) -> str:
    if len(olds) == 1:
        return f"Đã thay thế {olds[0].name} bằng {new.name}."
    return f"Đã sáp nhập {len(olds)} đơn vị thành {new.name}."


def _asked(request: HttpRequest, form: MergeForm) -> tuple[list[Unit], Draft, Unit | None] | None:
    """The old units, the new one, and the unit that is it where that has opened already: each administered by the
    reader. None where the form has faults.
    """
    on = form.cleaned_data["on"]
    codes = queries.Codes(administering.known(request.user, request.day))
    olds, there = form.chosen(codes), form.there(codes)
    for unit in [*olds, *([there] if there else [])]:
        access.check(request.user, Right.MANAGE, unit, request.day)
    if len({unit.kind for unit in olds}) > 1:
        form.add_error("olds", "Các đơn vị cũ phải cùng loại.")
    if there is not None:
        draft = actions.again(there, on, there.parent)
    else:
        parent = parent_of(request, form, on)
        draft = form.draft(parent, olds[0].kind if olds else "")
    return None if form.errors else (olds, draft, there)


def _done(request: HttpRequest, form: MergeForm, olds: list[Unit], draft: Draft) -> Unit | None:
    data = form.cleaned_data
    try:
        done = actions.merge(
            olds, draft, data["on"], by=request.user, basis=data["basis"], offices_end=form.offices_end
        )
    except Refused as refused:
        show_refusal(form, refused)
        return None
    return done.new[0]


def _possible(request: HttpRequest, form: MergeForm, olds: list[Unit], draft: Draft) -> bool:
    """Whether the rules allow it: tried, and taken back."""
    with transaction.atomic():
        done = _done(request, form, olds, draft)
        transaction.set_rollback(True)
    return done is not None


def _changes(
    request: HttpRequest, form: MergeForm, olds: list[Unit], draft: Draft, there: Unit | None
) -> dict:
    on = form.cleaned_data["on"]
    # As they stand: trying the merger has changed these objects. Their order decides whose code an office keeps.
    found = Unit.objects.in_bulk([unit.pk for unit in olds])
    olds = [found[unit.pk] for unit in olds]
    plan = actions.merger(olds, draft, on, offices_end=form.offices_end)
    chosen = {unit.pk for unit in olds}
    roles = actions.roles_of(plan.olds, on).order_by("unit__folded", "user__username")
    return {
        "olds": olds,
        "draft": draft,
        "tier": Tier(draft.tier or draft.parent.tier).label,
        "on": on,
        "last": day_before(on),
        "moving": [heir for heir in plan.heirs if heir.old.pk not in chosen],
        "ending": plan.ending,
        "roles": list(roles),
        "there": there,
        "consequences": consequences_of(
            plan.opening,
            list(plan.ending),
            on,
            plan.reporting,
            int(there is not None and there.reports),
            request.day,
        ),
        "kept": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
    }


@requires(Right.MANAGE, by_unit=True)
@require_POST
def undo_merger(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the merger or split back that opened a unit; what is shown then is the old unit that it came from, of
    several the one of its code.
    """
    new = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    theirs = [
        one.old for one in sorted(queries.predecessors_of(new), key=lambda one: one.old.code != new.code)
    ]
    entry = actions.restructuring_of(new)
    for unit in actions.touched_by(entry) if entry else ():
        access.check(request.user, Right.MANAGE, unit, request.day)
    try:
        with transaction.atomic():
            olds = actions.undo_restructuring(new, by=request.user)
    except Refused as refused:
        return not_undone(request, new, refused)
    messages.success(request, f"Đã hoàn tác: {_undone(new, olds)}.")
    return redirect("units:detail", next((one for one in theirs if one in olds), olds[0]).pk)


def _undone(new: Unit, olds: list[Unit]) -> str:
    """What has become of the old units and of the one from whose page it was undone."""
    going_on = [unit for unit in olds if not unit.is_over(new.active_from)]
    told = f"{len(going_on)} đơn vị cũ hoạt động tiếp" if going_on else "đơn vị cũ chưa có đơn vị kế thừa"
    if Unit.objects.filter(pk=new.pk).exists():
        return f"{told}, {new.name} giữ nguyên"
    # With its day: an old unit may have the same name.
    return f"{told}, {new.name} mở ngày {write_day(new.active_from)} không còn"
