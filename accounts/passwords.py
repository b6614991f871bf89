"""Passwords: validators (settings.AUTH_PASSWORD_VALIDATORS; the one about unit names is in units.people.validators),
confirmation, pages that change it, and e-mails with a link that sets it. A link is signed, expires, and becomes
invalid as soon as password, address or state of the account change, or the user signs in.
"""

import fcntl
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, password_validation, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import PasswordChangeDoneView, PasswordChangeView
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.http import require_http_methods

from core import mail_server, network, rate_limit
from core.forms import REQUIRED, EmailAddressField, posted_data
from core.lock_files import open_lock_file
from core.web import Right, requires

from . import users
from .models import User
from .safety_rules import current_safety


class PasswordLengthValidator:
    """Counts characters; spaces and letters with diacritics are characters like others."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Errors: ValidationError, in Vietnamese."""
        if len(password) < current_safety().password_length:
            raise ValidationError(self.get_help_text(), code="password_too_short")

    def get_help_text(self) -> str:
        return f"Mật khẩu phải có ít nhất {current_safety().password_length} ký tự."


class PasswordKindsValidator:
    """Where the rules of safety ask for it: capital and small letters, digits, and other signs."""

    _KINDS = (str.isupper, str.islower, str.isdigit, lambda sign: not sign.isalnum())

    def validate(self, password: str, user: User | None = None) -> None:
        """Errors: ValidationError, in Vietnamese."""
        if current_safety().password_kinds and not all(any(map(kind, password)) for kind in self._KINDS):
            raise ValidationError(
                "Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu.", code="password_kinds"
            )

    def get_help_text(self) -> str:
        required = current_safety().password_kinds
        return "Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu." if required else ""


class KnownPasswordValidator(password_validation.CommonPasswordValidator):
    """Refuses what stands in Django's list of twenty thousand, whatever its capitals."""

    def get_error_message(self) -> str:
        return "Mật khẩu này quá phổ biến, dễ bị đoán. Hãy chọn mật khẩu khác."

    def get_help_text(self) -> str:
        return "Không dùng mật khẩu phổ biến."


class PersonSimilarityValidator(password_validation.UserAttributeSimilarityValidator):
    """Refuses what is much like the sign-in name, the name or the e-mail address."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("username", "full_name", "email"))

    def get_error_message(self) -> str:
        return "Mật khẩu quá giống tên đăng nhập, họ tên hoặc thư điện tử của bạn."

    def get_help_text(self) -> str:
        return "Không dùng mật khẩu giống tên đăng nhập, họ tên hoặc thư điện tử."


_LANES = 64


@contextmanager
def one_attempt_at_a_time(username: str, address: str) -> Iterator[None]:
    """Hold the place of this name and address until the answer is known and counted."""
    key = int.from_bytes(
        hashlib.sha256(f"{username}\0{address}".encode("utf-8", "replace")).digest()[:4], "big"
    )
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Two keys make a space of their own, apart from the single-key locks of the log and the tree.
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [1, key - 2**31])
            yield
        return
    with open_lock_file(f"locks/signin-{key % _LANES}") as lane:
        fcntl.flock(lane, fcntl.LOCK_EX)
        yield


WRONG_PASSWORD = "Mật khẩu hiện nay chưa đúng. Hãy nhập lại."


def is_own_password(request: HttpRequest, password: str) -> bool:
    """Whether it is the reader's password. A wrong one counts as a failed sign-in: django-axes locks the name at that
    address (429), so that an open session cannot be used for guessing.
    """
    name = request.user.get_username()
    with one_attempt_at_a_time(name, network.client_origin(request) or ""):
        user = authenticate(request, username=name, password=password)
    return user is not None and user.pk == request.user.pk


class PasswordConfirmationForm(forms.Form):
    """Asks for the current password, so that an open session is not enough to take over the account. Not after single
    sign-on (`password_required` False), whose users may have no password.
    """

    password = forms.CharField(
        label="Mật khẩu hiện nay",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": REQUIRED},
    )

    def __init__(self, request: HttpRequest, *args, password_required: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        if not password_required:
            del self.fields["password"]

    def clean_password(self) -> str:
        if not is_own_password(self.request, self.cleaned_data["password"]):
            raise forms.ValidationError(WRONG_PASSWORD)
        return self.cleaned_data["password"]


RESET, INVITE = "reset", "invite"
# Part of links that were sent: another salt would make them void.
_SALT = "units" + ".links"


def link_token(user: User, purpose: str) -> str:
    """What stands in the address of the link."""
    return signing.TimestampSigner(salt=_SALT).sign(f"{purpose}:{user.pk}:{_account_state(user)}")


def user_of_link(token: str) -> User | None:
    """Whom the link is for; None where it is not ours, too old, or was used."""
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        purpose, number, state = signer.unsign(token).split(":")
        signer.unsign(token, max_age=_link_seconds(purpose))
    except (signing.BadSignature, ValueError, KeyError):
        return None
    user = User.objects.filter(pk=number, is_active=True).first()
    return user if user is not None and constant_time_compare(state, _account_state(user)) else None


def _link_seconds(purpose: str) -> int:
    """Seconds."""
    return {RESET: settings.RESET_MINUTES * 60, INVITE: settings.ISSUED_PASSWORD_HOURS * 3600}[purpose]


def _account_state(user: User) -> str:
    parts = (user.pk, user.password, user.last_login, user.email, user.is_active, user.session_epoch)
    return salted_hmac(_SALT, repr(parts), algorithm="sha256").hexdigest()[:32]


_MOST_PEOPLE = 5
_HOUR = 3600
_RESET = """Xin chào {name},

Có người (có thể là bạn) đề nghị đặt lại mật khẩu của tài khoản {username}
ở hệ thống theo dõi, báo cáo cải cách hành chính.
Mở địa chỉ này trong {minutes} phút để đặt mật khẩu mới; địa chỉ dùng được một lần:

{address}

Nếu không phải bạn thì bỏ qua thư này, mật khẩu không thay đổi.
"""
_INVITE = """Xin chào {name},

Bạn được cấp tài khoản {username} ở hệ thống theo dõi, báo cáo cải cách hành chính.
Mở địa chỉ này trong {hours} giờ để đặt mật khẩu; địa chỉ dùng được một lần:

{address}

Quá hạn thì đề nghị quản trị viên gửi lại.
"""


def run_in_background(act: Callable[[], None]) -> None:
    """Do it after the answer: how long the answer takes must not tell whether there was anything to do."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    threading.Thread(target=run, daemon=True).start()


def send_reset(email: str) -> None:
    """Send a link to each account with that address, at most three an hour per account."""
    users = User.objects.filter(email__iexact=email, is_active=True).order_by("pk") if email else []
    for user in users[:_MOST_PEOPLE]:
        if rate_limit.seconds_to_wait("reset-mail", f"person {user.pk}", most=3, seconds=_HOUR) == 0:
            send_mail("Đặt lại mật khẩu", _RESET.format(**_email_words(user, RESET)), None, [user.email])


def send_invitation(user: User) -> bool:
    """The link by which a new person sets the first password; False where the mail server did not take it."""
    try:
        text = _INVITE.format(**_email_words(user, INVITE))
        return bool(send_mail("Mời sử dụng hệ thống báo cáo cải cách hành chính", text, None, [user.email]))
    except (OSError, ValueError):
        # The server or the way to it (SMTPException is an OSError); an address that cannot be written.
        return False


def _email_words(user: User, purpose: str) -> dict:
    return {
        "name": str(user),
        "username": user.get_username(),
        "minutes": settings.RESET_MINUTES,
        "hours": settings.ISSUED_PASSWORD_HOURS,
        "address": settings.BASE_URL + reverse("password_set", args=[link_token(user, purpose)]),
    }


def password_help() -> str:
    """What a new password must be, as the rules of safety are now."""
    rules = current_safety()
    kinds = " Phải có chữ hoa, chữ thường, chữ số và dấu." if rules.password_kinds else ""
    return (
        f"Ít nhất {rules.password_length} ký tự; dùng được khoảng trắng và chữ có dấu.{kinds} "
        "Không dùng mật khẩu phổ biến, tên đăng nhập hoặc tên đơn vị."
    )


class OwnPasswordForm(PasswordChangeForm):
    """The password in use, and the new one twice."""

    error_messages = {
        "password_mismatch": "Hai lần nhập mật khẩu mới chưa giống nhau.",
    }

    def __init__(self, user: User, *args, request: HttpRequest, **kwargs):
        super().__init__(user, *args, **kwargs)
        self.request = request
        self.fields["old_password"].label = "Mật khẩu hiện nay"
        self.fields["new_password1"].label = "Mật khẩu mới"
        self.fields["new_password2"].label = "Nhập lại mật khẩu mới"
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED

    @property
    def password_help(self) -> str:
        """What a new password must be, as the rules are now."""
        return password_help()

    def clean_old_password(self) -> str:
        """In place of Django's own, which lets it be guessed."""
        if not is_own_password(self.request, self.cleaned_data["old_password"]):
            raise forms.ValidationError(WRONG_PASSWORD)
        return self.cleaned_data["old_password"]

    def clean_new_password1(self) -> str:
        """An issued password is for one use: choosing it again would keep what somebody else has seen."""
        password = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            self.add_error("new_password1", "Mật khẩu mới phải khác mật khẩu hiện nay.")
        return password


class ResetForm(forms.Form):
    email = EmailAddressField(help_text="Địa chỉ mà quản trị viên đã ghi cho tài khoản của bạn.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True
        self.fields["email"].error_messages["required"] = REQUIRED


class NewPasswordForm(SetPasswordForm):
    """A password of the person's own choice, twice."""

    error_messages = {"password_mismatch": "Hai lần nhập mật khẩu mới chưa giống nhau."}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = "Mật khẩu mới"
        self.fields["new_password1"].help_text = password_help()
        self.fields["new_password2"].label = "Nhập lại mật khẩu mới"
        self.fields["new_password2"].help_text = "Giống hệt dòng trên."
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED


class ChangePassword(PasswordChangeView):
    """Ends all other sessions of the person: they carry the hash of the old password."""

    template_name = "accounts/users/password_change.html"
    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict:
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:
        users.change_password(
            form.user, form.cleaned_data["new_password1"], by=form.user, on=self.request.day
        )
        update_session_auth_hash(self.request, form.user)
        return HttpResponseRedirect(self.get_success_url())


change_password = requires(Right.SIGNED_IN)(ChangePassword.as_view())
change_password.allowed_before_change = change_password.allowed_before_factor = True
change_password_done = requires(Right.SIGNED_IN)(
    PasswordChangeDoneView.as_view(template_name="accounts/users/password_change_done.html")
)

_REQUESTS_WITHIN = 3600
_MOST_REQUESTS = 20


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def request_password_link(request: HttpRequest) -> HttpResponse:
    """Ask for a link; the answer is the same whether there is such an account or not (acceptance S13)."""
    if not mail_server.is_configured():
        return render(request, "accounts/users/password_reset_off.html", {"told": mail_server.NOT_CONFIGURED})
    form = ResetForm(posted_data(request))
    if request.method == "POST" and form.is_valid():
        if not rate_limit.is_within_limit("reset", request, most=_MOST_REQUESTS, seconds=_REQUESTS_WITHIN):
            return render(request, "429.html", status=429)
        email = form.cleaned_data["email"]
        run_in_background(lambda: send_reset(email))
        return render(request, "accounts/users/password_reset_sent.html")
    return render(
        request, "accounts/users/password_reset.html", {"form": form}, status=422 if form.errors else 200
    )


@requires(Right.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def password_set(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password by a link, without signing in: the second factor is checked at the sign-in."""
    user = user_of_link(token)
    if user is None:
        return render(request, "accounts/users/link_expired.html", status=404)
    form = NewPasswordForm(user, posted_data(request))
    if request.method == "POST" and form.is_valid():
        users.change_password(user, form.cleaned_data["new_password1"], by=user, on=request.day)
        messages.success(request, "Đã đặt mật khẩu. Hãy đăng nhập bằng mật khẩu mới.")
        return redirect("login")
    context = {"form": form, "person": user}
    return render(request, "accounts/users/password_set.html", context, status=422 if form.errors else 200)
