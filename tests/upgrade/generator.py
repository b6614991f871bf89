"""python -m tests.upgrade.generator FOLDER: fill an empty database with today's code, and dump it with its media.

Run once per release on each kind of database (README.md). Folders never change afterwards.
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
# Communes: with an unsent month; with dossiers; with an unlock request, granted and open; with an issued and with a
# frozen review (short ones, since a check renders them again); that merge.
SILENT, DOSSIERS, ASKING = "13492", "13474", ("13453", "13468")
ISSUED, FROZEN, MERGED = "13450", "13474", ("13480", "13486")


def main(folder: Path) -> None:
    """Randomness and clock are fixed, so that each run gives the same."""
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
    database.dump(folder)


def run(command: str, *arguments: str, **options: Any) -> str:
    """The output of a management command."""
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
    """Gives the administrator a second factor, and lets a clerk leave."""
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
    """Creates a token, and a receiver of approved months."""
    from units.push import create_receiver
    from units.tokens import create_token

    admin = person("quantri")
    _, secret = create_token(
        "Trục tỉnh", unit(DISTRICT), ["figures", "submissions", "reviews"], 90, by=admin, at=NOW
    )
    create_receiver("Kho dữ liệu tỉnh", unit(DISTRICT), "https://example.org/nhan", by=admin, at=NOW)
    return {"token": secret}


def months() -> None:
    """Adds what the demo lacks: an unsent month, a granted and an open unlock request, dossiers, a closing time,
    holidays, and an approval that queues a message for the receiver.
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
        request = actions.request_unlock(month, reason="Cộng nhầm.", by=person(f"xa-{code}"), at=NOW)
        if code == ASKING[0]:
            actions.decide_unlock_request(request, grant=True, by=by, at=NOW)
    actions.set_closing_time(unit(DISTRICT), Month(2022, 7), NOW.replace(day=20), by=by, at=NOW)
    add_holidays(date(2022, 9, 1), date(2022, 9, 2), "Quốc khánh", by=by, at=NOW, confirmed=True)
    sent = Edition.objects.filter(state=State.SENT).exclude(submission__unit__code=DOSSIERS).order_by("pk")
    approve_edition(sent[0], by=by, at=NOW)


def write(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def reviews(half: int) -> None:
    """Issues one review, freezes another; asks for comments on the demo's and queues its PDF."""
    from figures.periods import Period
    from reports.consultation.actions import ask_units
    from reports.drafting.actions import open_full_draft
    from reports.freezing import queue_drawing
    from reports.models import Review
    from tests.frozen.generator import add_meeting, freeze_review

    leader, draft = person("lanhdao"), Review.objects.get(pk=half)
    for code, number in ((ISSUED, "215/BC-UBND"), (FROZEN, "")):
        review = open_full_draft(unit(code), Period.parse("2022-H1"), by=leader, at=NOW, demo=True)
        add_meeting(review, leader)
        freeze_review(review, number, NOW, qr=bool(number))
    ask_units(draft, [unit(DOSSIERS)], by=leader, at=NOW, due_on=date(2022, 8, 15), words="Đề nghị góp ý.")
    queue_drawing(draft, by=leader, at=NOW, expected=200)


def merger() -> None:
    """Merges two communes on 1 August."""
    from units.lifecycle.restructuring import merge_units
    from units.models import Tier, UnitKind
    from units.tree.rules import UnitDraft

    on = date(2022, 8, 1)
    draft = UnitDraft("13457", "xã Liêm Hợp", UnitKind.COMMITTEE, Tier.COMMUNE, on, parent=unit(DISTRICT))
    olds = [unit(code) for code in MERGED]
    merge_units(olds, draft, on, by=person("quantri"), basis="Nghị quyết 12/NQ-HĐND")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
