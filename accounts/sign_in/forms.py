"""The sign-in form."""

from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.validators import MaxLengthValidator

from accounts.models import User
from accounts.users.password_confirmation import one_attempt_at_a_time
from core import network
from core.web.forms import REQUIRED

_INVALID = "Tên đăng nhập hoặc mật khẩu chưa đúng."


class SignInForm(AuthenticationForm):
    """Says the same for a wrong name, a wrong password and a disabled account."""

    error_messages = {"invalid_login": _INVALID, "inactive": _INVALID}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Django only tells the browser: a longer name would be kept in the record of attempts, or break it.
        longest = User._meta.get_field("username").max_length
        self.fields["username"].validators.append(MaxLengthValidator(longest, _INVALID))
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED

    def clean(self) -> dict:
        """In place of Django's own: one at a time for the name as it is looked up, however it was spelled. What is
        refused is so behind the line, which on PostgreSQL is a transaction that keeps the count of failures.
        """
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            with one_attempt_at_a_time(name, network.client_origin(self.request) or ""):
                self.user_cache = authenticate(self.request, username=name, password=password)
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data
