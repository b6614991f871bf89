"""The safety rules that administrators set for all accounts: idle time, passwords, networks (Decision 742/QĐ-
BTTTT; acceptance S35). Read anew where they are needed, so that a change holds from the next request on,
in every worker.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from ipaddress import ip_network

from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import DateField, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce

from core.forms import ChangeDenied, WholeNumberField
from core.network import is_address_allowed
from ledger import log

from .models import LEAST_DAYS, LEAST_IDLE, LEAST_LENGTH, MOST_DAYS, MOST_IDLE, MOST_LENGTH, SafetyRules, User


@dataclass(frozen=True)
class SafetySettings:
    """The rules that hold."""

    idle_minutes: int
    password_length: int
    password_kinds: bool = False
    password_days: int = 0
    addresses: str = ""


def current_safety() -> SafetySettings:
    """As they stand in the database at this moment."""
    row = SafetyRules.objects.filter(pk=1).values(*SafetySettings.__dataclass_fields__).first()
    return (
        SafetySettings(**row)
        if row
        else SafetySettings(settings.SESSION_IDLE_SECONDS // 60, settings.PASSWORD_LENGTH)
    )


SAFETY_SUBJECT = "safety"


@transaction.atomic
def set_safety(new: SafetySettings, *, by: User, address: str | None) -> bool:
    """From the next request on these rules hold. False where nothing changes. `address` is where `by` sits now.

    Errors: ChangeDenied where the new networks would shut out whoever sets them.
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


_MOST_NETWORKS = 50


class SafetyForm(forms.Form):
    idle_minutes = WholeNumberField(
        label="Số phút không thao tác thì kết thúc phiên", least=LEAST_IDLE, most=MOST_IDLE
    )
    password_length = WholeNumberField(
        label="Số ký tự ít nhất của mật khẩu", least=LEAST_LENGTH, most=MOST_LENGTH
    )
    password_kinds = forms.BooleanField(
        label="Mật khẩu phải có chữ hoa, chữ thường, chữ số và dấu", required=False
    )
    password_days = WholeNumberField(
        label="Số ngày phải đổi mật khẩu một lần",
        least=LEAST_DAYS,
        most=MOST_DAYS,
        zero=True,
        help_text="0: không phải đổi định kỳ.",
    )
    addresses = forms.CharField(
        label="Địa chỉ mạng được vào các trang quản trị",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="Mỗi dòng một địa chỉ hoặc một dải, ví dụ 10.1.2.0/24. Để trống: từ đâu cũng vào được. "
        "Từ địa chỉ khác, các trang quản trị coi như không có.",
    )

    def clean_addresses(self) -> str:
        """One network a line, as they are compared."""
        lines = self.cleaned_data["addresses"].split()
        if len(lines) > _MOST_NETWORKS:
            raise forms.ValidationError(f"Tối đa {_MOST_NETWORKS} dòng.")
        networks = []
        for number, line in enumerate(lines, 1):
            try:
                networks.append(str(ip_network(line, strict=False)))
            except ValueError as error:
                raise forms.ValidationError(f"Dòng {number} không phải địa chỉ mạng: {line}.") from error
        return "\n".join(networks)

    def rules(self) -> SafetySettings:
        """What was typed, once it is valid."""
        return SafetySettings(**self.cleaned_data)
