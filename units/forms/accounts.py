"""Sign-in and the change of one's own password."""

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.validators import MaxLengthValidator

from units.models import User

from .fields import REQUIRED

_SAME = "Tên đăng nhập hoặc mật khẩu chưa đúng."


class SignInForm(AuthenticationForm):
    """Says the same for a wrong name, a wrong password and a disabled account."""

    error_messages = {"invalid_login": _SAME, "inactive": _SAME}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Django only tells the browser: a longer name would be kept in the record of attempts, or break it.
        longest = User._meta.get_field("username").max_length
        self.fields["username"].validators.append(MaxLengthValidator(longest, _SAME))
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED


class OwnPasswordForm(PasswordChangeForm):
    """The password in use, and the new one twice."""

    error_messages = {
        "password_incorrect": "Mật khẩu hiện nay chưa đúng. Hãy nhập lại.",
        "password_mismatch": "Hai lần nhập mật khẩu mới chưa giống nhau.",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "Mật khẩu hiện nay"
        self.fields["new_password1"].label = "Mật khẩu mới"
        self.fields["new_password2"].label = "Nhập lại mật khẩu mới"
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED

    def clean_new_password1(self) -> str:
        """An issued password is for one use: choosing it again would keep what somebody else has seen."""
        password = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            self.add_error("new_password1", "Mật khẩu mới phải khác mật khẩu hiện nay.")
        return password
