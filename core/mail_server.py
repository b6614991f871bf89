"""Whether a mail server is configured."""

from django.conf import settings

NOT_CONFIGURED = "Hệ thống chưa đặt máy chủ thư nên không gửi được thư."


def is_configured() -> bool:
    """Whether e-mails are at least printed; False in production without CCHC_EMAIL_URL."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def sends_outside() -> bool:
    """Whether e-mails leave this machine."""
    return is_configured() and not settings.EMAIL_BACKEND.endswith("console.EmailBackend")
