"""Database and users for the last afternoon of a month in a country of 10,035 communes (acceptance P10). drill.load
runs `fill` and `prepare` by manage.py shell.
"""

import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

# The served product's date: the last generated month may still be corrected.
TODAY = "2026-01-20"
AT = datetime(2026, 1, 18, 8, tzinfo=UTC)
CELLS = ("received_direct", "resolved_on_time", "pending_in_time")
FILL = "from drill.afternoon import fill; fill()"
PREPARE = "from drill.afternoon import prepare; prepare({clerks}, {monthly})"


def fill() -> None:
    """Generate the country before July 2025, with one approved month in each commune."""
    from records.generate import country

    country.fill_country(replace(country.BEFORE, months=1))
    country.settle_database()


def prepare(clerks: int, monthly: int) -> None:
    """Print the plan of drill/locustfile.py as JSON: `clerks` with a month to save, `monthly` more who send theirs, a
    reader and a reviewer of the country. Sessions are created without hashing passwords.
    """
    from django.conf import settings
    from django.db import transaction

    from accounts.models import User
    from bench.saves import open_corrections
    from records.generate.country import HALF_YEAR, START
    from records.models import Field
    from reports.drafting.actions import open_full_draft as draft_whole
    from units.models import Membership, Role, Unit

    with transaction.atomic():
        top = Unit.objects.get(parent=None)
        provinces = list(Unit.objects.filter(parent=top).order_by("pk"))
        places = open_corrections(clerks + monthly)
        people = [
            User(username=f"load-{unit}", full_name=f"Công chức {unit}", demo=True) for _, unit in places
        ]
        supervisors = [User(username=f"load-{name}", demo=True) for name in ("reader", "reviewer")]
        User.objects.bulk_create([*people, *supervisors])
        memberships = [(user, unit, Role.CLERK) for user, (_, unit) in zip(people, places, strict=True)]
        memberships += [(supervisors[0], top.pk, Role.VIEWER), (supervisors[1], top.pk, Role.REVIEWER)]
        Membership.objects.bulk_create(
            Membership(user=user, unit_id=unit, role=role, valid_from=START)
            for user, unit, role in memberships
        )
        cookies = _sessions([*people, *supervisors])
        drafts = [draft_whole(province, HALF_YEAR, by=None, at=AT, demo=True) for province in provinces[:2]]
    codes = list(Field.objects.exclude(code=Field.UNDIVIDED).order_by("pk").values_list("code", flat=True))
    months = [
        [cookie, edition.submission_id, 0, [f"{codes[place % len(codes)]}-{name}" for name in CELLS]]
        for place, (cookie, (edition, _)) in enumerate(zip(cookies, places, strict=False))
    ]
    codes_shown = [top.code, *(province.code for province in provinces)]
    plan = {
        "cookie": settings.SESSION_COOKIE_NAME,
        "clerks": months[:clerks],
        "monthly": months[clerks:],
        "readers": [cookies[-2]],
        "reviewer": cookies[-1],
        "pages": [["dashboard", f"/?unit={code}"] for code in codes_shown],
        "drawn": [f"/reports/reviews/{draft.pk}.pdf" for draft in drafts],
    }
    print(json.dumps(plan))


def _sessions(people: list) -> list[str]:
    """Create a fresh session for each; return the cookies."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils import timezone

    from accounts.models import Session
    from accounts.models import hashed_session_key as kept_as
    from accounts.sessions import SessionStore

    now, store = timezone.now(), SessionStore()
    moment, keys, rows = int(now.timestamp()), [], []
    for user in people:
        keys.append(secrets.token_hex(16))
        data = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            "begun": moment,
            "seen": moment,
        }
        rows.append(
            Session(
                session_key=kept_as(keys[-1]),
                session_data=store.encode(data),
                expire_date=now + timedelta(hours=8),
                user_id=user.pk,
            )
        )
    Session.objects.bulk_create(rows)
    return keys
