"""Password validator against names of the person and of their units (settings.AUTH_PASSWORD_VALIDATORS)."""

from django.core.exceptions import ValidationError

from accounts.models import User
from core.text import fold
from units.models import Unit

# The minimum length of the rest of a password without a known name.
_MIN_REST = 8


class UnitNameValidator:
    """Rejects a password that is little more than a name of the person, or the name or code of one of their units."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Errors: ValidationError, in Vietnamese."""
        plain = _squeezed(password)
        for name in self._names(user):
            if name in plain and len(plain.replace(name, "")) < _MIN_REST:
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
