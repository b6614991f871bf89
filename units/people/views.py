"""Pages of people: list, person, rights, account actions, leaving and moving, and the reader's own account."""

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import second_factor, sessions, single_sign_on, users
from accounts.models import User
from accounts.passwords import send_invitation
from accounts.sign_in import require_single_sign_on
from accounts.users import user_subject
from core import mail_server
from core.forms import ChangeDenied, posted_data
from core.text import clean_text, fold
from core.web import Right, outcome_message, page_of, requires
from spreadsheets.table_writer import requested_file
from units.access.queries import (
    administered_unit,
    home_unit,
    is_allowed,
    managed_people,
    memberships_of,
    person_for,
    staffed_units,
)
from units.activity_log import all_log_lines, latest_log_lines, log_file
from units.models import Membership, Role
from units.tokens import working_tokens_of
from units.tree.queries import resolve_code

from . import actions
from .forms import AccountForm, IdentityForm, NewPersonForm, PersonForm, RoleForm, TransferForm
from .queries import (
    HOLDER_STATES,
    all_holder_lines,
    holder_lines,
    members_file,
    people_file,
    rights_file,
    role_holders,
)


@requires(Right.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The reader's own account: roles, e-mail address, reminders."""
    user = request.user
    initial = {"email": user.email, "mail_muted": user.mail_muted}
    form = AccountForm(request, posted_data(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        users.edit_own(user, email=data["email"], mail_muted=data["mail_muted"], by=user)
        messages.success(request, "Đã lưu.")
        return redirect("account")
    context = {"form": form, "roles": memberships_of(user, request.day)}
    return render(request, "accounts/users/account.html", context, status=422 if form.errors else 200)


_MOST_NAMED = 500


def _deny(form, denied: ChangeDenied) -> None:
    form.add_error(denied.field if denied.field in form.fields else None, str(denied))


@requires(Right.MANAGE)
def people_list(request: HttpRequest) -> HttpResponse:
    """People whom the reader manages, with today's roles; `?q=` searches name, sign-in name and unit."""
    text = clean_text(request.GET.get("q", ""))[:200]
    matching = managed_people(request.user, request.day)
    if text:
        units = Q(memberships__unit__folded__contains=fold(text)) | Q(memberships__unit__code=text)
        matching = matching.filter(Q(pk__in=_named(matching, text)) | units).distinct()
    filter_text = f"có “{text}”" if text else ""
    people = matching.order_by("username")
    if file := requested_file(
        request, {"": lambda: people_file(people, request.day, timezone.now(), filter_text)}
    ):
        return file
    valid = Membership.objects.valid_on(request.day).select_related("unit").order_by("unit__path", "role")
    matching = matching.prefetch_related(Prefetch("memberships", valid, to_attr="roles_today"))
    page = page_of(request, matching.order_by("username"))
    return render(request, "units/people/list.html", {"page": page, "q": text})


def _named(people: QuerySet, text: str) -> list[int]:
    """Ids of people with the text in a name, ignoring diacritics (SQLite folds the case of ASCII only)."""
    folded = fold(text)
    names = people.values_list("pk", "full_name", "username")
    return [pk for pk, *each in names.iterator() if any(folded in fold(name) for name in each)][:_MOST_NAMED]


@requires(Right.MANAGE)
@require_POST
def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Link an identity of the sign-on server to this person's account."""
    require_single_sign_on()
    someone = person_for(request.user, pk, request.day)
    form = IdentityForm(request, request.POST, password_required=someone.pk == request.user.pk)
    if not form.is_valid():
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]}")
        return redirect("units:person", pk)
    with outcome_message(request, "Đã gắn tài khoản đăng nhập một lần.", ChangeDenied):
        single_sign_on.link_identity(
            someone, single_sign_on.issuer_name(), form.cleaned_data["subject"], by=request.user
        )
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def person_create(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(posted_data(request))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        invited = data.pop("invite")
        try:
            unit = home_unit(request.user, request.day, Right.MANAGE)
            person, password = actions.create_person(unit, by=request.user, at=timezone.now(), **data)
        except ChangeDenied as denied:
            _deny(form, denied)
        else:
            if invited:
                send_invitation_to(request, person)
                return redirect("units:person", person.pk)
            return _show_password(request, person, password)
    context = {"form": form, "title": "Thêm người dùng", "verb": "Tạo tài khoản"}
    return render(request, "units/form.html", context, status=422 if form.errors else 200)


@requires(Right.MANAGE)
@require_POST
def person_unlink(request: HttpRequest, pk: int, identity: int) -> HttpResponse:
    """Unlink an identity of the sign-on server."""
    someone = person_for(request.user, pk, request.day)
    linked = someone.identities.filter(pk=identity).first()
    if linked is None:
        raise Http404
    single_sign_on.unlink_identity(linked, by=request.user)
    messages.success(
        request, "Đã gỡ tài khoản đăng nhập một lần; các phiên đăng nhập của người này kết thúc."
    )
    return redirect("units:person", pk)


def _show_password(request: HttpRequest, person: User, password: str) -> HttpResponse:
    """Shows the password once, in the response itself; it is not stored for another page."""
    return render(request, "units/people/issued_password.html", {"person": person, "password": password})


@requires(Right.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A person: details, roles of all times, log."""
    someone = person_for(request.user, pk, request.day)
    initial = {name: getattr(someone, name) for name in PersonForm.base_fields}
    form = PersonForm(posted_data(request), initial=initial)
    if file := requested_file(request, _files(someone)):
        return file
    if request.method == "POST" and form.is_valid():
        try:
            users.edit_user(someone, by=request.user, **form.cleaned_data)
        except ChangeDenied as denied:
            _deny(form, denied)
        else:
            messages.success(request, "Đã lưu.")
            return redirect("units:person", pk)
    return _person_page(request, someone, form, RoleForm(initial={"valid_from": request.day}))


def _files(someone: User) -> dict:
    at, roles = timezone.now(), someone.memberships.order_by("-valid_from", "role")
    return {
        "vai-tro": lambda: members_file(f"Vai trò của {someone}", roles, at),
        "nhat-ky": lambda: log_file(
            f"Nhật ký thay đổi của {someone}", all_log_lines(user_subject(someone)), at
        ),
    }


def _person_page(request: HttpRequest, someone: User, form: PersonForm, role_form: RoleForm) -> HttpResponse:
    roles = someone.memberships.select_related("unit").order_by("-valid_from", "role")
    own = someone.pk == request.user.pk
    context = {
        "person": someone,
        "form": form,
        "role_form": role_form,
        "roles": [(role, role.valid_until is None or role.valid_until >= request.day) for role in roles],
        "history": latest_log_lines(user_subject(someone)),
        "own": own,
        "no_mail": "" if mail_server.is_configured() else mail_server.NOT_CONFIGURED,
        "transfer_form": TransferForm(initial={"on": request.day}, auto_id="transfer_%s"),
        "factor": second_factor.device_of(someone),
        "tokens": working_tokens_of(someone, request.day, timezone.now()),
        "identities": someone.identities.all(),
        "identity_form": IdentityForm(request, password_required=own)
        if single_sign_on.is_enabled()
        else None,
    }
    return render(
        request, "units/people/person.html", context, status=422 if form.errors or role_form.errors else 200
    )


@requires(Right.MANAGE)
@require_POST
def person_grant(request: HttpRequest, pk: int) -> HttpResponse:
    someone = person_for(request.user, pk, request.day)
    form = RoleForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            unit = resolve_code(data["unit"], data["valid_from"])
            if unit is None or not is_allowed(request.user, Right.MANAGE, unit, request.day):
                raise ValueError("Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn.")
            period = {"valid_from": data["valid_from"], "valid_until": data["valid_until"]}
            actions.add_membership(someone, unit, data["role"], **period, by=request.user)
        except ChangeDenied as denied:
            _deny(form, denied)
        except ValueError as error:
            form.add_error("unit", str(error))
        else:
            messages.success(request, f"Đã giao vai trò ở {unit.name}.")
            return redirect("units:person", pk)
    initial = {name: getattr(someone, name) for name in PersonForm.base_fields}
    return _person_page(request, someone, PersonForm(initial=initial), form)


@requires(Right.MANAGE)
@require_POST
def person_end_role(request: HttpRequest, pk: int, membership: int) -> HttpResponse:
    """End a role with yesterday."""
    someone = person_for(request.user, pk, request.day)
    role = someone.memberships.select_related("unit").filter(pk=membership).first()
    if role is None or not staffed_units(request.user, request.day).filter(pk=role.unit_id).exists():
        raise Http404
    with outcome_message(request, "Đã kết thúc vai trò.", ChangeDenied):
        actions.end_membership(role, request.day, by=request.user)
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_disable(request: HttpRequest, pk: int) -> HttpResponse:
    someone = person_for(request.user, pk, request.day)
    with outcome_message(request, "Đã khóa tài khoản.", ChangeDenied):
        users.disable_user(someone, by=request.user)
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_enable(request: HttpRequest, pk: int) -> HttpResponse:
    someone = person_for(request.user, pk, request.day)
    with outcome_message(request, "Đã mở khóa tài khoản.", ChangeDenied):
        users.enable_user(someone, by=request.user)
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    someone = person_for(request.user, pk, request.day)
    try:
        password = users.issue_password(someone, by=request.user, at=timezone.now())
    except ChangeDenied as denied:
        messages.error(request, str(denied))
        return redirect("units:person", pk)
    return _show_password(request, someone, password)


@requires(Right.MANAGE)
@require_POST
def person_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Reset the second factor of somebody who lost the phone."""
    someone = person_for(request.user, pk, request.day)
    with outcome_message(request, "Đã đặt lại xác thực hai bước.", ChangeDenied):
        second_factor.reset_factor(someone, by=request.user)
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    """End all sessions of somebody else (one's own: on the page of sessions, with the password)."""
    someone = person_for(request.user, pk, request.day)
    with outcome_message(request, "Đã kết thúc các phiên đăng nhập.", ChangeDenied):
        sessions.end_sessions_of(someone, by=request.user)
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a link by which the person sets the password."""
    someone = person_for(request.user, pk, request.day)
    send_invitation_to(request, someone)
    return redirect("units:person", pk)


def send_invitation_to(request: HttpRequest, someone) -> None:
    """Remove the password, send the link and show a message."""
    try:
        users.invite(someone, by=request.user)
    except ChangeDenied as denied:
        messages.error(request, str(denied))
        return
    if send_invitation(someone):
        messages.success(request, f"Đã gửi thư mời đến {someone.email}.")
    else:
        messages.error(request, "Máy chủ thư không nhận thư mời. Hãy gửi lại sau, hoặc cấp mật khẩu.")


@requires(Right.MANAGE)
@require_safe
def rights_list(request: HttpRequest) -> HttpResponse:
    """Today's roles by unit; `?unit=` a subtree, `?role=`, `?state=`."""
    code, role, state = (clean_text(request.GET.get(name, ""))[:64] for name in ("unit", "role", "state"))
    unit, wrong = None, ""
    try:
        unit = resolve_code(code, request.day) if code else None
    except ValueError as error:
        wrong = str(error)
    if code and (unit is None or not is_allowed(request.user, Right.MANAGE, unit, request.day)):
        wrong = wrong or "Không có đơn vị nào mang mã này trong phạm vi quản trị của bạn."
    role, state = (role if role in Role.values else ""), (state if state in HOLDER_STATES else "")
    holders = role_holders(request.user, request.day, under=unit, role=role, state=state)
    holders = holders.none() if wrong else holders
    filter_text = "; ".join(filter(None, (code, role and Role(role).label, state and HOLDER_STATES[state])))
    tables = {"": lambda: rights_file(all_holder_lines(holders, request.day), timezone.now(), filter_text)}
    if file := requested_file(request, tables):
        return file
    page = page_of(request, holders)
    context = {
        "page": page,
        "lines": holder_lines(list(page), request.day),
        "unit": code,
        "wrong": wrong,
        "role": role,
        "state": state,
        "roles": Role.choices,
        "states": HOLDER_STATES.items(),
        "filtered": code or role or state,
    }
    return render(request, "units/people/rights.html", context, status=422 if wrong else 200)


@requires(Right.MANAGE)
@require_POST
def person_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """The person leaves today."""
    someone = person_for(request.user, pk, request.day)
    try:
        ended = actions.leave(someone, request.day, by=request.user)
    except ChangeDenied as denied:
        messages.error(request, str(denied))
    else:
        messages.success(request, f"Đã ghi nghỉ việc: khóa tài khoản, kết thúc {ended} vai trò.")
    return redirect("units:person", pk)


@requires(Right.MANAGE)
@require_POST
def person_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """The person goes to another unit, with the same roles."""
    someone = person_for(request.user, pk, request.day)
    form = TransferForm(request.POST)
    unit = administered_unit(request, form) if form.is_valid() else None
    if unit is None:
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]}")
        return redirect("units:person", pk)
    with outcome_message(request, f"Đã chuyển công tác đến {unit.name}.", ChangeDenied):
        actions.transfer(someone, unit, form.cleaned_data["on"], by=request.user)
    return redirect("units:person", pk)
