"""A split step by step, as the merger: state the parts, see what changes, confirm (administrators)."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from units import access, actions, administering, queries
from units.access import Right, requires
from units.forms.splitting import NAMES, SplitForm
from units.forms.tree import show_refusal
from units.models import Unit
from units.signals import consequences_of
from units.tree import Refused, day_before

from .changes import parent_of
from .lists import posted

Shares = list[actions.Share]


@requires(Right.MANAGE, by_unit=True)
@require_http_methods(["GET", "HEAD", "POST"])
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """A unit is divided among new units and units that are there; what is below a group is assigned to them. A POST
    shows what changes; with `sure` it is done, with `again` the form is there to be mended.
    """
    old = access.unit_for(request.user, pk, request.day, Right.MANAGE)
    initial = {"tier": old.tier, "parent": old.parent.code if old.parent else "", "code_1": old.code}
    goes_on = Q(active_until=None) | Q(active_until__gte=request.day)
    below = Unit.objects.filter(goes_on, parent=old).order_by("kind", "folded", "pk")
    form = SplitForm(posted(request), old, below, initial=initial)
    if request.method == "POST" and "again" not in request.POST and form.is_valid():
        shares = _asked(request, form)
        if shares and request.POST.get("sure") == "1":
            done = _done(request, form, old, shares)
            if done is not None:
                messages.success(
                    request, f"Đã chia tách {old.name}: {', '.join(one.name for one in done.new)}."
                )
                return redirect("units:detail", done.new[0].pk)
        elif shares and _possible(request, form, old, shares):
            return render(request, "units/split_check.html", _changes(request, form, old, shares))
    return render(
        request, "units/split.html", {"form": form, "unit": old}, status=422 if form.errors else 200
    )


def _asked(request: HttpRequest, form: SplitForm) -> Shares:
    """The parts, whoever takes one over or is there administered by the reader; none where the form has faults."""
    parent = parent_of(request, form, form.cleaned_data["on"])
    shares = form.shares(queries.Codes(administering.known(request.user, request.day)), parent)
    for one in shares:
        for unit in filter(None, (one.taken_by, one.there)):
            access.check(request.user, Right.MANAGE, unit, request.day)
    return [] if form.errors else shares


def _done(request: HttpRequest, form: SplitForm, old: Unit, shares: Shares) -> actions.Done | None:
    data = form.cleaned_data
    try:
        return actions.split(
            old, shares, data["on"], by=request.user, basis=data["basis"], offices=form.offices
        )
    except Refused as refused:
        show_refusal(form, refused, NAMES)
        return None


def _possible(request: HttpRequest, form: SplitForm, old: Unit, shares: Shares) -> bool:
    """Whether the rules allow it: tried, and taken back."""
    with transaction.atomic():
        done = _done(request, form, old, shares)
        transaction.set_rollback(True)
    return done is not None


def _changes(request: HttpRequest, form: SplitForm, old: Unit, shares: Shares) -> dict:
    on = form.cleaned_data["on"]
    plan = actions.splitting(old, shares, on, form.offices)
    closing = Unit.objects.in_bulk([unit.pk for unit in plan.closing])
    follows = dict(actions.followers(plan))
    roles = actions.roles_of(plan.olds, on).order_by("unit__folded", "user__username")
    names = {draft.unit().code: draft.name for draft in plan.drafts}
    above = {draft.unit().code: draft.parent for draft in plan.drafts}
    # As they stand: trying the split has changed the objects of the plan.
    opening = [
        one._replace(parts=[(closing[unit.pk], share) for unit, share in one.parts]) for one in plan.opening
    ]
    ending = [closing[unit.pk] for unit in plan.ending]
    named = {old.pk, *(one.taken_by.pk for one in shares if one.taken_by)}
    there = sum(one.there.reports for one in shares if one.there)
    along = [(heir, names[above[heir.code]]) for heir in plan.heirs if heir.old.pk not in named]
    return {
        "unit": closing[old.pk],
        "form": form,
        "on": on,
        "last": day_before(on),
        "shares": shares,
        "closing": [closing[unit.pk] for unit in plan.closing if unit.pk in named],
        "moving": [one for one in along if one[0].share == 1],
        "divided": [one for one in along if one[0].share != 1],
        "ending": ending,
        "roles": [(role, names[follows[role.unit_id]]) for role in roles],
        "consequences": consequences_of(opening, ending, on, plan.reporting, there, request.day),
        "kept": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
    }
