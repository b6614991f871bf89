"""The people of the demo: accounts with one password, which anybody may know."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from ledger import log
from units.actions import add_membership
from units.models import Unit, User

from .fixture import Broken

PASSWORD = "demo"


def load_accounts(rows: list[dict[str, Any]]) -> dict[str, User]:
    """Accounts with the demo password (hashed once: it is the same) and their memberships."""
    there = {
        user.username: user for user in User.objects.filter(username__in=[one["username"] for one in rows])
    }
    if real := [name for name, user in there.items() if not user.demo]:
        raise Broken(f"Tài khoản {real[0]} đã có và không phải tài khoản minh họa.")
    units = {unit.code: unit for unit in Unit.objects.all()}
    encoded = make_password(PASSWORD)
    with transaction.atomic():
        for one in rows:
            if one["username"] not in there:
                there[one["username"]] = _person(one, units, encoded)
    return there


def _person(one: dict[str, Any], units: dict[str, Unit], encoded: str) -> User:
    name = one["display_name"]
    # A domain that is reserved: nobody gets what the demo sends.
    address = f"{one['username']}@example.org"
    user = User.objects.create(
        username=one["username"], full_name=name, email=address, password=encoded, demo=True
    )
    log.append(
        "user.create", by=None, subject=f"user:{user.pk}", detail={"username": user.username, "demo": True}
    )
    for membership in one["memberships"]:
        unit = units[membership["unit"]]
        add_membership(user, unit, membership["role"], unit.active_from, by=None)
    return user
