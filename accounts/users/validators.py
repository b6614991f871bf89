"""Password rules (settings.AUTH_PASSWORD_VALIDATORS): Django's own with Vietnamese messages, and the safety
rules. The rule about names of units is in units.people.validators.
"""

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.safety.queries import current_safety


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
        asked = current_safety().password_kinds
        return "Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu." if asked else ""


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
