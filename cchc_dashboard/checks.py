"""Checks before a production server starts (acceptance S20)."""

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import DatabaseError, connections

from accounts.models import User
from units.models import Role


@register(Tags.security, deploy=True)
def production_is_safe(app_configs, **kwargs) -> list[Error]:
    """Errors if pages could show code, or demo accounts could sign in with the password in the README."""
    faults = []
    if settings.DEBUG:
        faults.append(Error("CCHC_DEBUG đang bật.", id="cchc.E001"))
    if unknown := set(settings.SECOND_FACTOR_ROLES) - set(Role.values):
        named = ", ".join(sorted(unknown))
        faults.append(Error(f"CCHC_SECOND_FACTOR_ROLES có vai trò không có thật: {named}.", id="cchc.E003"))
    if settings.PRODUCTION and _demo_accounts():
        faults.append(
            Error("Cơ sở dữ liệu có tài khoản thử, mà CCHC_DEMO không bật. Hãy xóa chúng.", id="cchc.E002")
        )
    return faults


def _demo_accounts() -> bool:
    try:
        return User.objects.filter(demo=True).exists()
    except DatabaseError:
        return False  # no tables yet, so nobody can sign in


def start_faults() -> list[str]:
    """Vietnamese reasons not to start a production server; empty outside production."""
    faults = [error.msg for error in production_is_safe(None)] if settings.PRODUCTION else []
    # The server forks after this; workers must not share a connection.
    connections.close_all()
    return faults
