"""python -m tests.upgrade.generator FOLDER: fill an empty database by today's code, and keep it with its media.

Run once for each release, on either database (README.md tells how); what a folder holds never changes afterwards.
"""

import csv
import io
import json
import os
import random
import sys
import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import django
from django.utils import timezone

NOW = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
SECRET_KEY = "made up for the databases of tests.upgrade, and good for nothing else"
VARIABLES = {"CCHC_DEBUG": "1", "CCHC_DEMO": "1", "CCHC_TODAY": "2022-08-12", "CCHC_LOG_LEVEL": "ERROR"}
COUNTS = (
    "unit month field opening received_direct received_online_partial received_online_full received_postal "
    "returned_direct returned_online returned_postal resolved_early resolved_on_time resolved_late withdrawn "
    "pending_in_time pending_late awaiting"
).split()
DISTRICT = "351"
# Communes: whose month is not sent yet, with dossiers behind a month; that ask for the opening of one, and are let or
# wait; whose reviews are issued, or frozen only (short ones: a check draws them again); that become one.
SILENT, DOSSIERS, ASKING = "13492", "13474", ("13453", "13468")
ISSUED, FROZEN, MERGED = "13450", "13474", ("13480", "13486")


def main(folder: Path) -> None:
    """Everything that is drawn by lot or read from a clock is the same in each run."""
    chance = random.Random(0)
    random._urandom = chance.randbytes
    uuid.uuid4 = lambda: uuid.UUID(int=chance.getrandbits(128), version=4)
    timezone.now = lambda: NOW
    os.environ |= VARIABLES | {"CCHC_SECRET_KEY": SECRET_KEY}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
    django.setup()

    from django.conf import settings

    from tests.upgrade import database

    settings.PUSH_HOSTS, settings.EMAIL_BACKEND = (
        {"example.org"},
        "django.core.mail.backends.locmem.EmailBackend",
    )
    run("migrate", verbosity=0)
    half = int(run("seed_demo"))
    keys = {"secret_key": SECRET_KEY, **people(), **systems()}
    months()
    reviews(half)
    merger()
    run("remind")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keys.json").write_text(json.dumps(keys, indent=1, sort_keys=True) + "\n", "utf-8")
    database.keep(folder)


def run(command: str, *arguments: str, **options: Any) -> str:
    """What a command of manage.py prints."""
    from django.core.management import call_command

    out = io.StringIO()
    call_command(command, *arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def person(name: str) -> Any:
    from accounts.models import User

    return User.objects.get(username=name)


def unit(code: str) -> Any:
    from units.models import Unit

    return Unit.objects.get(code=code)


def people() -> dict[str, str]:
    """The administrator has a second factor, a clerk has left."""
    from django_otp.oath import TOTP

    from accounts.second_factor import begin_factor, confirm_factor
    from units.people.actions import leave

    admin = person("quantri")
    app = TOTP(begin_factor(admin).bin_key)
    app.time = NOW.timestamp()
    with mock.patch("time.time", NOW.timestamp):
        codes = confirm_factor(admin, f"{app.token():06}", by=admin)
    leave(person(f"xa-{SILENT}"), date(2022, 8, 1), by=admin)
    return {"password": "demo", "factor": app.key.hex(), "recovery": codes[0]}


def systems() -> dict[str, str]:
    """A system that reads, one that is told of what is approved."""
    from units.push import create_receiver
    from units.tokens import create_token

    admin = person("quantri")
    _, secret = create_token(
        "Trục tỉnh", unit(DISTRICT), ["figures", "submissions", "reviews"], 90, by=admin, at=NOW
    )
    create_receiver("Kho dữ liệu tỉnh", unit(DISTRICT), "https://example.org/nhan", by=admin, at=NOW)
    return {"token": secret}


def months() -> None:
    """What the demo has none of: a month that is entered and not sent, one that is opened again, one that somebody asks
    to have opened, dossiers behind a month, a closing time; approved by hand, and so told to the receiver.
    """
    from django.conf import settings

    from figures.periods import Month
    from records.approval.actions import approve_edition
    from records.calendar.actions import add_holidays
    from records.locking import actions
    from records.models import Edition, State, Submission
    from tests.records.cases import exports

    draft, dossiers, by = (
        settings.DATA_DIR / "draft.csv",
        settings.DATA_DIR / "dossiers.csv",
        person("tonghop"),
    )
    counts = [SILENT, "2022-M07", "ho-tich", 6, 18, "", "", 2, 20, "", "", 4, 15, 1, 0, 5, 1, 0]
    write(draft, [COUNTS, counts])
    run("import_counts", str(draft), draft=True, by="tonghop")
    write(dossiers, [exports.HEADS, *exports.rows(40)])
    run("import_cases", str(dossiers), unit=DOSSIERS, period="2022-M07", by=f"xa-{DOSSIERS}")
    for code in ASKING:
        month = Submission.objects.get(unit__code=code, month=202206)
        asked = actions.request_unlock(month, reason="Cộng nhầm.", by=person(f"xa-{code}"), at=NOW)
        if code == ASKING[0]:
            actions.decide_unlock_request(asked, grant=True, by=by, at=NOW)
    actions.set_closing_time(unit(DISTRICT), Month(2022, 7), NOW.replace(day=20), by=by, at=NOW)
    add_holidays(date(2022, 9, 1), date(2022, 9, 2), "Quốc khánh", by=by, at=NOW, confirmed=True)
    sent = Edition.objects.filter(state=State.SENT).exclude(submission__unit__code=DOSSIERS).order_by("pk")
    approve_edition(sent[0], by=by, at=NOW)


def write(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def reviews(half: int) -> None:
    """A commune's is issued, another's is frozen; the demo's is out for comment, and its PDF waits to be drawn."""
    from figures.periods import Period
    from reports.consultation.actions import ask_units
    from reports.drafting.actions import open_full_draft
    from reports.freezing import queue_drawing
    from reports.models import Review
    from tests.frozen.generator import frozen, meeting

    leader, draft = person("lanhdao"), Review.objects.get(pk=half)
    for code, number in ((ISSUED, "215/BC-UBND"), (FROZEN, "")):
        review = open_full_draft(unit(code), Period.parse("2022-H1"), by=leader, at=NOW, demo=True)
        meeting(review, leader)
        frozen(review, number, NOW, qr=bool(number))
    ask_units(draft, [unit(DOSSIERS)], by=leader, at=NOW, due_on=date(2022, 8, 15), words="Đề nghị góp ý.")
    queue_drawing(draft, by=leader, at=NOW, expected=200)


def merger() -> None:
    """Two communes are one from August on."""
    from units.lifecycle.restructuring import merge_units
    from units.models import Tier, UnitKind
    from units.tree.rules import UnitDraft

    on = date(2022, 8, 1)
    draft = UnitDraft("13457", "xã Liêm Hợp", UnitKind.COMMITTEE, Tier.COMMUNE, on, parent=unit(DISTRICT))
    olds = [unit(code) for code in MERGED]
    merge_units(olds, draft, on, by=person("quantri"), basis="Nghị quyết 12/NQ-HĐND")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
