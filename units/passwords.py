"""What may not be a password: Django's rules in our own words (its Vietnamese is incomplete and partly English), and
the names that everybody in the office knows.
"""

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from . import safety
from .models import Unit, User, fold

# What has to be left of a password once a known name is taken out of it.
_OWN_SIGNS = 8


class LongEnough:
    """Counts characters; spaces and letters with diacritics are characters like others."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Errors: ValidationError, in Vietnamese."""
        if len(password) < safety.current().password_length:
            raise ValidationError(self.get_help_text(), code="password_too_short")

    def get_help_text(self) -> str:
        return f"Mật khẩu phải có ít nhất {safety.current().password_length} ký tự."


class FourKinds:
    """Where the rules of safety ask for it: capital and small letters, digits, and other signs."""

    _KINDS = (str.isupper, str.islower, str.isdigit, lambda sign: not sign.isalnum())

    def validate(self, password: str, user: User | None = None) -> None:
        """Errors: ValidationError, in Vietnamese."""
        if safety.current().password_kinds and not all(any(map(kind, password)) for kind in self._KINDS):
            raise ValidationError(
                "Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu.", code="password_kinds"
            )

    def get_help_text(self) -> str:
        asked = safety.current().password_kinds
        return "Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu." if asked else ""


class NotCommon(password_validation.CommonPasswordValidator):
    """Refuses what stands in Django's list of twenty thousand, whatever its capitals."""

    def get_error_message(self) -> str:
        return "Mật khẩu này quá phổ biến, dễ bị đoán. Hãy chọn mật khẩu khác."

    def get_help_text(self) -> str:
        return "Không dùng mật khẩu phổ biến."


class NotLikeThePerson(password_validation.UserAttributeSimilarityValidator):
    """Refuses what is much like the sign-in name, the name or the e-mail address."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("username", "full_name", "email"))

    def get_error_message(self) -> str:
        return "Mật khẩu quá giống tên đăng nhập, họ tên hoặc thư điện tử của bạn."

    def get_help_text(self) -> str:
        return "Không dùng mật khẩu giống tên đăng nhập, họ tên hoặc thư điện tử."


class NotTheUnitName:
    """Refuses a password that is little more than a name of the person, or the name or code of a unit of the person."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Errors: ValidationError, in Vietnamese."""
        plain = _squeezed(password)
        for name in self._names(user):
            if name in plain and len(plain.replace(name, "")) < _OWN_SIGNS:
                raise ValidationError(
                    "Mật khẩu không được là tên đăng nhập, họ tên, địa chỉ thư hoặc tên đơn vị.",
                    code="password_unit_name",
                )

    def get_help_text(self) -> str:
        return "Mật khẩu không được là tên đăng nhập, họ tên, địa chỉ thư hoặc tên đơn vị."

    def _names(self, user: User | None) -> set[str]:
        """Squeezed names of the person's units and the units above, with and without "xã", "thị trấn"…"""
        if user is None or user.pk is None:
            units = Unit.objects.none()
            own = []
        else:
            units = Unit.objects.filter(memberships__user=user)
            numbers = {number for unit in units for number in [*unit.ancestor_ids(), unit.pk]}
            units = Unit.objects.filter(pk__in=numbers)
            own = [user.username, user.full_name, user.email.partition("@")[0]]
        names = [*own]
        for unit in units:
            words = unit.name.split()
            names += [unit.code, unit.name, " ".join(words[1:]), " ".join(words[2:])]
        return {name for name in map(_squeezed, names) if len(name) >= 5}


def _squeezed(text: str) -> str:
    """Letters and digits only, without diacritics and capitals: "Tân Thanh" → "tanthanh"."""
    return "".join(sign for sign in fold(text) if sign.isalnum())
