"""People and their roles (administrators)."""

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from units import access, actions, administering, factors, history, keys, mailing, queries, sso
from units.access import Right, requires
from units.actions.people import Denied, subject
from units.forms.people import IdentityForm, NewPersonForm, PersonForm, RoleForm, TransferForm
from units.models import Membership, User, fold
from units.outlets.lists import log_file, members_file, people_file
from units.tablefile import file_of
from units.words import clean

from .links import invite
from .lists import page_of, posted

_MOST_NAMED = 500


def _deny(form, denied: Denied) -> None:
    form.add_error(denied.field if denied.field in form.fields else None, str(denied))


@requires(Right.MANAGE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody whom the reader may manage, with today's roles; `?q=` by name, sign-in name or unit."""
    text = clean(request.GET.get("q", ""))[:200]
    found = administering.people(request.user, request.day)
    if text:
        units = Q(memberships__unit__folded__contains=fold(text)) | Q(memberships__unit__code=text)
        found = found.filter(Q(pk__in=_named(found, text)) | units).distinct()
    told = f"có “{text}”" if text else ""
    people = found.order_by("username")
    if file := file_of(request, {"": lambda: people_file(people, request.day, timezone.now(), told)}):
        return file
    valid = Membership.objects.valid_on(request.day).select_related("unit").order_by("unit__path", "role")
    found = found.prefetch_related(Prefetch("memberships", valid, to_attr="roles_today"))
    page = page_of(request, found.order_by("username"))
    return render(request, "units/people.html", {"page": page, "q": text})


def _named(people: QuerySet, text: str) -> list[int]:
    """Numbers of those with the text in a name, without diacritics (SQLite compares capitals of ASCII only)."""
    folded = fold(text)
    names = people.values_list("pk", "full_name", "username")
    return [pk for pk, *each in names.iterator() if any(folded in fold(name) for name in each)][:_MOST_NAMED]


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def person_create(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        invited = data.pop("invite")
        try:
            unit = access.home_unit(request.user, request.day, Right.MANAGE)
            person, password = actions.create_person(unit, by=request.user, at=timezone.now(), **data)
        except Denied as denied:
            _deny(form, denied)
        else:
            if invited:
                invite(request, person)
                return redirect("units:person", person.pk)
            return _show_password(request, person, password)
    context = {"form": form, "title": "Thêm người dùng", "verb": "Tạo tài khoản"}
    return render(request, "units/form.html", context, status=422 if form.errors else 200)


def _show_password(request: HttpRequest, person: User, password: str) -> HttpResponse:
    """The only time that the password is seen: in the answer itself, not kept for another page."""
    return render(request, "units/password.html", {"person": person, "password": password})


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: what they are called, their roles of all times, the log."""
    someone = administering.person_for(request.user, pk, request.day)
    initial = {name: getattr(someone, name) for name in PersonForm.base_fields}
    form = PersonForm(posted(request), initial=initial)
    if file := file_of(request, _files(someone)):
        return file
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_user(someone, by=request.user, **form.cleaned_data)
        except Denied as denied:
            _deny(form, denied)
        else:
            messages.success(request, "Đã lưu.")
            return redirect("units:person", pk)
    return _person(request, someone, form, RoleForm(initial={"valid_from": request.day}))


def _files(someone: User) -> dict:
    at, roles = timezone.now(), someone.memberships.order_by("-valid_from", "role")
    return {
        "vai-tro": lambda: members_file(f"Vai trò của {someone}", roles, at),
        "nhat-ky": lambda: log_file(f"Nhật ký thay đổi của {someone}", history.every(subject(someone)), at),
    }


def _person(request: HttpRequest, someone: User, form: PersonForm, role_form: RoleForm) -> HttpResponse:
    roles = someone.memberships.select_related("unit").order_by("-valid_from", "role")
    own = someone.pk == request.user.pk
    context = {
        "person": someone,
        "form": form,
        "role_form": role_form,
        "roles": [(one, one.valid_until is None or one.valid_until >= request.day) for one in roles],
        "history": history.of(subject(someone)),
        "own": own,
        "no_mail": "" if mailing.is_set_up() else mailing.NO_SERVER,
        "transfer_form": TransferForm(initial={"on": request.day}, auto_id="transfer_%s"),
        "factor": factors.device_of(someone),
        "tokens": keys.made_by(someone, request.day, timezone.now()),
        "identities": someone.identities.all(),
        "identity_form": IdentityForm(request, asked=own) if sso.enabled() else None,
    }
    return render(
        request, "units/person.html", context, status=422 if form.errors or role_form.errors else 200
    )


@requires(Right.MANAGE)
@require_POST
def person_grant(request: HttpRequest, pk: int) -> HttpResponse:
    someone = administering.person_for(request.user, pk, request.day)
    form = RoleForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            unit = queries.resolve(data["unit"], data["valid_from"])
            if unit is None or not access.allowed(request.user, Right.MANAGE, unit, request.day):
                raise ValueError("Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
            period = {"valid_from": data["valid_from"], "valid_until": data["valid_until"]}
            actions.add_membership(someone, unit, data["role"], **period, by=request.user)
        except Denied as denied:
            _deny(form, denied)
        except ValueError as error:
            form.add_error("unit", str(error))
        else:
            messages.success(request, f"Đã giao vai trò ở {unit.name}.")
            return redirect("units:person", pk)
    initial = {name: getattr(someone, name) for name in PersonForm.base_fields}
    return _person(request, someone, PersonForm(initial=initial), form)


@requires(Right.MANAGE)
@require_POST
def person_end_role(request: HttpRequest, pk: int, membership: int) -> HttpResponse:
    """The role ends with yesterday: it has no effect from this day on."""
    someone = administering.person_for(request.user, pk, request.day)
    held = someone.memberships.select_related("unit").filter(pk=membership).first()
    if held is None or not administering.staffed(request.user, request.day).filter(pk=held.unit_id).exists():
        raise Http404
    return _done(
        request,
        pk,
        lambda: actions.end_membership(held, request.day, by=request.user),
        "Đã kết thúc vai trò.",
    )


@requires(Right.MANAGE)
@require_POST
def person_disable(request: HttpRequest, pk: int) -> HttpResponse:
    someone = administering.person_for(request.user, pk, request.day)
    return _done(request, pk, lambda: actions.disable_user(someone, by=request.user), "Đã khóa tài khoản.")


@requires(Right.MANAGE)
@require_POST
def person_enable(request: HttpRequest, pk: int) -> HttpResponse:
    someone = administering.person_for(request.user, pk, request.day)
    return _done(request, pk, lambda: actions.enable_user(someone, by=request.user), "Đã mở khóa tài khoản.")


@requires(Right.MANAGE)
@require_POST
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    someone = administering.person_for(request.user, pk, request.day)
    try:
        password = actions.issue_password(someone, by=request.user, at=timezone.now())
    except Denied as denied:
        messages.error(request, str(denied))
        return redirect("units:person", pk)
    return _show_password(request, someone, password)


@requires(Right.MANAGE)
@require_POST
def person_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away the second factor of somebody who lost the phone."""
    someone = administering.person_for(request.user, pk, request.day)
    return _done(
        request, pk, lambda: actions.reset_factor(someone, by=request.user), "Đã đặt lại xác thực hai bước."
    )


@requires(Right.MANAGE)
@require_POST
def person_sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    """End every session of somebody; one's own are ended on the page of one's sessions, by the password."""
    someone = administering.person_for(request.user, pk, request.day)
    return _done(
        request,
        pk,
        lambda: actions.end_sessions_of(someone, by=request.user),
        "Đã kết thúc các phiên đăng nhập.",
    )


def _done(request: HttpRequest, pk: int, act, words: str) -> HttpResponse:
    try:
        act()
    except Denied as denied:
        messages.error(request, str(denied))
    else:
        messages.success(request, words)
    return redirect("units:person", pk)
