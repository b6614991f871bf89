"""Sets the safety rules."""

from dataclasses import asdict
from datetime import timedelta

from django.db import transaction
from django.db.models import DateField, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce

from accounts.models import SafetyRules, User
from core.errors import ChangeDenied
from core.network import is_address_allowed
from ledger import log

from .queries import SafetySettings, current_safety

SAFETY_SUBJECT = "safety"


@transaction.atomic
def set_safety(new: SafetySettings, *, by: User, address: str | None) -> bool:
    """From the next request on these rules hold. False where nothing changes. `address` is where `by` sits now.

    Errors: Denied where the new networks would shut out whoever sets them.
    """
    if not is_address_allowed(new.addresses, address):
        raise ChangeDenied("addresses", f"Địa chỉ bạn đang dùng ({address}) không nằm trong danh sách này.")
    old = asdict(current_safety())
    changed = {name: [old[name], value] for name, value in asdict(new).items() if old[name] != value}
    if not changed:
        return False
    SafetyRules.objects.update_or_create(pk=1, defaults=asdict(new))
    if "password_days" in changed:
        _set_password_due(new.password_days)
    log.append("safety.set", by=by, subject=SAFETY_SUBJECT, detail=changed)
    return True


def _set_password_due(days: int) -> None:
    """The day each password has to be changed by follows the rule; accounts of the demo have none."""
    since = Coalesce("password_changed_on", Cast("date_joined", DateField()))
    due = ExpressionWrapper(since + timedelta(days), output_field=DateField())
    User.objects.filter(demo=False).update(password_due=due if days else None)
