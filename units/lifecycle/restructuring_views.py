"""Pages of mergers and splits (form, preview, confirmation) and of undoing one, for administrators."""

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.dates import day_before, format_day
from core.forms import posted_data
from core.web import Right, requires
from units.access.queries import known_units, managed_condition, require_right, unit_for
from units.models import Tier, Unit
from units.people import actions
from units.tree.queries import CodeIndex, predecessors_of
from units.tree.rules import TreeRefused, UnitDraft

from . import restructuring, undo
from .forms import MOST_LISTED, NAMES, MergeForm, SplitForm, show_refusal
from .signals import consequences_of
from .views import administered_parent, not_undone


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Merge units below a unit, or named by code. A POST shows the preview, with `sure` it merges, with `again` it
    shows the form again.
    """
    above = unit_for(request.user, pk, request.day, Right.MANAGE)
    goes_on = Q(active_until=None) | Q(active_until__gte=request.day)
    below = Unit.objects.filter(goes_on, parent=above).order_by("kind", "folded", "active_from", "pk")
    listed = list(below[:MOST_LISTED])
    initial = {"parent": above.code, "tier": listed[0].tier if listed else above.tier}
    return _merge_page(request, above, listed, initial, f"Sáp nhập đơn vị thuộc {above.name}")


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def succeed(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace a unit (name, tier or parent), merge it with its siblings, or record the successor of a closed one."""
    unit = unit_for(request.user, pk, request.day, Right.MANAGE)
    over = unit.is_over(request.day)
    goes_on = Q(active_until=None) | Q(active_until__gte=request.day)
    alike = Q(active_until=unit.active_until, successors=None) if over else goes_on
    beside = Unit.objects.filter(alike, managed_condition(request.user, request.day), parent=unit.parent)
    others = beside.filter(kind=unit.kind).exclude(pk=unit.pk).order_by("folded", "active_from", "pk")
    initial = {"olds": [unit.pk], "code": unit.code, "tier": unit.tier}
    if unit.parent is not None and not unit.parent.is_over(request.day):
        initial["parent"] = unit.parent.code
    if over:
        initial["on"] = unit.active_until + timedelta(1)
    title = f"Ghi đơn vị kế thừa {unit.name}" if over else f"Sáp nhập, thay thế {unit.name}"
    return _merge_page(request, unit, [unit, *others[: MOST_LISTED - 1]], initial, title, splits=not over)


def _merge_page(
    request: HttpRequest, unit: Unit, listed: list[Unit], initial: dict, title: str, *, splits: bool = False
) -> HttpResponse:
    """unit: where the page was opened from; splits: whether to offer a split instead."""
    form = MergeForm(posted_data(request), listed, request.day, initial=initial)
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        parts = _merge_parts(request, form)
        if parts is not None:
            olds, draft, there = parts
            if request.POST.get("sure") == "1":
                merged = _try_merge(request, form, olds, draft)
                if merged is not None:
                    messages.success(request, _merge_message(olds, merged))
                    return redirect("units:detail", merged.pk)
            elif _merge_is_possible(request, form, olds, draft):
                changes = _merge_changes(request, form, olds, draft, there)
                return render(
                    request, "units/lifecycle/merge_preview.html", {"from": unit, "form": form} | changes
                )
    context = {"form": form, "from": unit, "title": title, "splits": splits}
    return render(request, "units/lifecycle/merge.html", context, status=422 if form.errors else 200)


def _merge_message(olds: list[Unit], new: Unit) -> str:
    if len(olds) == 1:
        return f"Đã thay thế {olds[0].name} bằng {new.name}."
    return f"Đã sáp nhập {len(olds)} đơn vị thành {new.name}."


def _merge_parts(request: HttpRequest, form: MergeForm) -> tuple[list[Unit], UnitDraft, Unit | None] | None:
    """The old units, the draft of the new one, and the new unit if it exists already; checks the right on each. None if
    the form has errors.
    """
    on = form.cleaned_data["on"]
    codes = CodeIndex(known_units(request.user, request.day))
    olds, there = form.chosen(codes), form.there(codes)
    for unit in [*olds, *([there] if there else [])]:
        require_right(request.user, Right.MANAGE, unit, request.day)
    if len({unit.kind for unit in olds}) > 1:
        form.add_error("olds", "Các đơn vị cũ phải cùng loại.")
    if there is not None:
        draft = restructuring.reopened_draft(there, on, there.parent)
    else:
        parent = administered_parent(request, form, on)
        draft = form.draft(parent, olds[0].kind if olds else "")
    return None if form.errors else (olds, draft, there)


def _try_merge(request: HttpRequest, form: MergeForm, olds: list[Unit], draft: UnitDraft) -> Unit | None:
    data = form.cleaned_data
    try:
        result = restructuring.merge_units(
            olds, draft, data["on"], by=request.user, basis=data["basis"], offices_end=form.offices_end
        )
    except TreeRefused as refused:
        show_refusal(form, refused)
        return None
    return result.new[0]


def _merge_is_possible(request: HttpRequest, form: MergeForm, olds: list[Unit], draft: UnitDraft) -> bool:
    """Whether the rules allow it: does it and rolls back."""
    with transaction.atomic():
        merged = _try_merge(request, form, olds, draft)
        transaction.set_rollback(True)
    return merged is not None


def _merge_changes(
    request: HttpRequest, form: MergeForm, olds: list[Unit], draft: UnitDraft, there: Unit | None
) -> dict:
    on = form.cleaned_data["on"]
    # Fetched again: the trial has changed the objects. Their order decides whose code an office keeps.
    units = Unit.objects.in_bulk([unit.pk for unit in olds])
    olds = [units[unit.pk] for unit in olds]
    plan = restructuring.plan_merger(olds, draft, on, offices_end=form.offices_end)
    chosen = {unit.pk for unit in olds}
    roles = actions.open_roles_in(plan.olds, on).order_by("unit__folded", "user__username")
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
    """Undo the merger or split that opened a unit, and redirect to the old unit, preferably the one with its code."""
    new = unit_for(request.user, pk, request.day, Right.MANAGE)
    theirs = [
        succession.old
        for succession in sorted(predecessors_of(new), key=lambda succession: succession.old.code != new.code)
    ]
    entry = undo.restructuring_of(new)
    for unit in undo.touched_by(entry) if entry else ():
        require_right(request.user, Right.MANAGE, unit, request.day)
    try:
        with transaction.atomic():
            olds = undo.undo_restructuring(new, by=request.user)
    except TreeRefused as refused:
        return not_undone(request, new, refused)
    messages.success(request, f"Đã hoàn tác: {_undone(new, olds)}.")
    return redirect(
        "units:detail", next((succession for succession in theirs if succession in olds), olds[0]).pk
    )


def _undone(new: Unit, olds: list[Unit]) -> str:
    """What happened to the old units and to the one that was undone."""
    going_on = [unit for unit in olds if not unit.is_over(new.active_from)]
    sentence = f"{len(going_on)} đơn vị cũ hoạt động tiếp" if going_on else "đơn vị cũ chưa có đơn vị kế thừa"
    if Unit.objects.filter(pk=new.pk).exists():
        return f"{sentence}, {new.name} giữ nguyên"
    # With its day: an old unit may have the same name.
    return f"{sentence}, {new.name} mở ngày {format_day(new.active_from)} không còn"


Shares = list[restructuring.SplitShare]


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """Divide a unit among new and existing units; children of a group are assigned to them. A POST shows the preview,
    with `sure` it splits, with `again` it shows the form again.
    """
    old = unit_for(request.user, pk, request.day, Right.MANAGE)
    initial = {"tier": old.tier, "parent": old.parent.code if old.parent else "", "code_1": old.code}
    still_open = Q(active_until=None) | Q(active_until__gte=request.day)
    below = Unit.objects.filter(still_open, parent=old).order_by("kind", "folded", "pk")
    form = SplitForm(posted_data(request), old, below, initial=initial)
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        shares = _split_parts(request, form)
        if shares and request.POST.get("sure") == "1":
            result = _try_split(request, form, old, shares)
            if result is not None:
                messages.success(
                    request, f"Đã chia tách {old.name}: {', '.join(unit.name for unit in result.new)}."
                )
                return redirect("units:detail", result.new[0].pk)
        elif shares and _split_is_possible(request, form, old, shares):
            return render(
                request, "units/lifecycle/split_preview.html", _split_changes(request, form, old, shares)
            )
    return render(
        request, "units/lifecycle/split.html", {"form": form, "unit": old}, status=422 if form.errors else 200
    )


def _split_parts(request: HttpRequest, form: SplitForm) -> Shares:
    """The parts, with the right checked on existing units; empty if the form has errors."""
    parent = administered_parent(request, form, form.cleaned_data["on"])
    shares = form.shares(CodeIndex(known_units(request.user, request.day)), parent)
    for share in shares:
        for unit in filter(None, (share.taken_by, share.there)):
            require_right(request.user, Right.MANAGE, unit, request.day)
    return [] if form.errors else shares


def _try_split(
    request: HttpRequest, form: SplitForm, old: Unit, shares: Shares
) -> restructuring.RestructuringResult | None:
    data = form.cleaned_data
    try:
        return restructuring.split_unit(
            old, shares, data["on"], by=request.user, basis=data["basis"], offices=form.offices
        )
    except TreeRefused as refused:
        show_refusal(form, refused, NAMES)
        return None


def _split_is_possible(request: HttpRequest, form: SplitForm, old: Unit, shares: Shares) -> bool:
    """Whether the rules allow it: does it and rolls back."""
    with transaction.atomic():
        result = _try_split(request, form, old, shares)
        transaction.set_rollback(True)
    return result is not None


def _split_changes(request: HttpRequest, form: SplitForm, old: Unit, shares: Shares) -> dict:
    on = form.cleaned_data["on"]
    plan = restructuring.plan_split(old, shares, on, form.offices)
    closing = Unit.objects.in_bulk([unit.pk for unit in plan.closing])
    follows = dict(restructuring.people_followers(plan))
    roles = actions.open_roles_in(plan.olds, on).order_by("unit__folded", "user__username")
    names = {draft.unit().code: draft.name for draft in plan.drafts}
    above = {draft.unit().code: draft.parent for draft in plan.drafts}
    # Fetched again: the trial has changed the objects of the plan.
    opening = [
        unit_opening._replace(parts=[(closing[unit.pk], share) for unit, share in unit_opening.parts])
        for unit_opening in plan.opening
    ]
    ending = [closing[unit.pk] for unit in plan.ending]
    named = {old.pk, *(share.taken_by.pk for share in shares if share.taken_by)}
    there = sum(share.there.reports for share in shares if share.there)
    along = [(heir, names[above[heir.code]]) for heir in plan.heirs if heir.old.pk not in named]
    return {
        "unit": closing[old.pk],
        "form": form,
        "on": on,
        "last": day_before(on),
        "shares": shares,
        "closing": [closing[unit.pk] for unit in plan.closing if unit.pk in named],
        "moving": [pair for pair in along if pair[0].share == 1],
        "divided": [pair for pair in along if pair[0].share != 1],
        "ending": ending,
        "roles": [(role, names[follows[role.unit_id]]) for role in roles],
        "consequences": consequences_of(opening, ending, on, plan.reporting, there, request.day),
        "kept": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
    }
