"""The last afternoon of a month in a country of 10,035 communes, each with its clerk (acceptance P10): the database,
and who acts on it. `fill` and `prepare` are run by manage.py shell on the drill's database.
"""

import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

# One minute after the last generated month's figures may be corrected; the served product takes it for today.
TODAY = "2026-01-20"
AT = datetime(2026, 1, 18, 8, tzinfo=UTC)
CELLS = ("received_direct", "resolved_on_time", "pending_in_time")
FILL = "from drill.afternoon import fill; fill()"
PREPARE = "from drill.afternoon import prepare; prepare({clerks}, {monthly})"


def fill() -> None:
    """The country as it was before July 2025, every commune with one approved month."""
    from records.generate import country

    country.fill_country(replace(country.BEFORE, months=1))
    country.settle_database()


def prepare(clerks: int, monthly: int) -> None:
    """Print who acts: `clerks` with a month of their own to save, `monthly` more who send theirs, a reader and a
    reviewer of the country; sessions are made without the cost of passwords.
    """
    from django.conf import settings
    from django.db import transaction

    from accounts.models import User
    from bench.saves import opened
    from records.generate.country import HALF_YEAR, START
    from records.models import Field
    from reports.drafting.actions import open_full_draft as draft_whole
    from units.models import Membership, Role, Unit

    with transaction.atomic():
        top = Unit.objects.get(parent=None)
        provinces = list(Unit.objects.filter(parent=top).order_by("pk"))
        places = opened(clerks + monthly)
        people = [
            User(username=f"load-{unit}", full_name=f"Công chức {unit}", demo=True) for _, unit in places
        ]
        above = [User(username=f"load-{name}", demo=True) for name in ("reader", "reviewer")]
        User.objects.bulk_create([*people, *above])
        held = [(user, unit, Role.CLERK) for user, (_, unit) in zip(people, places, strict=True)]
        held += [(above[0], top.pk, Role.VIEWER), (above[1], top.pk, Role.REVIEWER)]
        Membership.objects.bulk_create(
            Membership(user=user, unit_id=unit, role=role, valid_from=START) for user, unit, role in held
        )
        cookies = _sessions([*people, *above])
        drafts = [draft_whole(province, HALF_YEAR, by=None, at=AT, demo=True) for province in provinces[:2]]
    codes = list(Field.objects.exclude(code=Field.UNDIVIDED).order_by("pk").values_list("code", flat=True))
    months = [
        [cookie, edition.submission_id, 0, [f"{codes[place % len(codes)]}-{name}" for name in CELLS]]
        for place, (cookie, (edition, _)) in enumerate(zip(cookies, places, strict=False))
    ]
    looked_at = [top.code, *(province.code for province in provinces)]
    told = {
        "cookie": settings.SESSION_COOKIE_NAME,
        "clerks": months[:clerks],
        "monthly": months[clerks:],
        "readers": [cookies[-2]],
        "reviewer": cookies[-1],
        "pages": [["dashboard", f"/?unit={code}"] for code in looked_at],
        "drawn": [f"/reports/reviews/{draft.pk}.pdf" for draft in drafts],
    }
    print(json.dumps(told))


def _sessions(people: list) -> list[str]:
    """The cookie of each, as of somebody who signed in just now."""
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
