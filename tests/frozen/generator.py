"""python -m tests.frozen.generator FOLDER: freeze reviews with today's code and store their rows and files.

Run in an empty database for each release that stores reviews differently (README.md). Folders never change afterwards.
"""

import csv
import io
import json
import os
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import django

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2022, 8, 12, 8, 30, tzinfo=ZONE)
LATER = datetime(2025, 8, 1, 9, tzinfo=ZONE)
# Some communes have not reported July 2022 in the demo; one of them then reports with blanks.
MONTH, PERIOD = "2022-M07", "2022-Q3"
NAMES = ("half-year", "quarter", "quarter-replaced", "merged-2025")


def main(folder: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
    django.setup()

    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for name, review in zip(NAMES, make_reviews(), strict=True):
        store(folder / name, review)


def make_reviews() -> list[Any]:
    """The demo's half-year; a quarter with missing reports; its replacement with partial figures and every text
    field filled; a half-year by the units of 2025.
    """
    from django.conf import settings
    from django.core.management import call_command

    from accounts.models import User
    from figures.periods import Period
    from reports.drafting.actions import open_full_draft, replace_review
    from reports.models import Review
    from units.models import Unit

    output = io.StringIO()
    call_command("seed_demo", stdout=output, stderr=io.StringIO())
    half, leader = Review.objects.get(pk=int(output.getvalue())), User.objects.get(username="lanhdao")
    add_meeting(half, leader)
    reviews = [freeze_review(half, "215/BC-UBND", NOW, qr=True)]

    unit, period = half.unit, Period.parse(PERIOD)
    quarter = open_full_draft(unit, period, by=leader, at=NOW, demo=True)
    quarter = freeze_review(quarter, "", NOW)
    path = settings.DATA_DIR / "blanks.csv"
    path.write_text(blanks(unit.code), "utf-8")
    call_command(
        "import_counts", str(path), approve=True, by="tonghop", stdout=io.StringIO(), stderr=io.StringIO()
    )
    new = replace_review(quarter, by=leader, at=NOW)
    fill_in(new, leader)
    new.refresh_from_db()
    reviews += [quarter, freeze_review(new, "300/BC-UBND", NOW)]

    data = settings.BASE_DIR / "fixtures" / "thanhliem"
    for command, name in (("import_units", "units-2025.csv"), ("import_successions", "successions-2025.csv")):
        call_command(command, str(data / name), stdout=io.StringIO(), stderr=io.StringIO())
    settings.DEMO_TODAY = LATER.date()
    whole, day = Unit.objects.get(code="37"), LATER.date()
    today = open_full_draft(whole, Period.parse("2022-H1"), by=None, at=LATER, demo=True, units_of=day)
    return [*reviews, freeze_review(today, "12/BC-UBND", LATER)]


def blanks(code: str) -> str:
    """CSV counts of a commune that had not reported, some channels blank."""
    from django.core.management import call_command

    listing = io.StringIO()
    call_command("list_missing", month=MONTH, unit=code, format="json", stdout=listing, stderr=io.StringIO())
    silent = [load["unit"] for load in json.loads(listing.getvalue())]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        "unit month field opening received_direct received_online_partial received_online_full received_postal "
        "returned_direct returned_online returned_postal resolved_early resolved_on_time resolved_late withdrawn "
        "pending_in_time pending_late awaiting".split()
    )
    writer.writerow([silent[0], MONTH, "ho-tich", 6, 18, "", "", 2, 20, "", "", 4, 15, 1, 0, 5, 1, 0])
    writer.writerow([silent[0], MONTH, "chung-thuc", 0, 23, "", "", "", 20, "", "", 4, 15, 1, 0, 2, 1, 0])
    return out.getvalue()


def add_meeting(review: Any, by: Any) -> None:
    """Records the meeting's conclusions, with a bound figure."""
    from reports.meeting import MeetingText, record_meeting
    from reports.review_text.bound_text import token

    text = MeetingText(
        day=review.created_at.date(),
        place="Hội trường UBND huyện Thanh Liêm",
        chaired="Đồng chí Phó Chủ tịch UBND huyện",
        attended="Thủ trưởng các phòng, ban; lãnh đạo UBND các xã, thị trấn.",
        conclusions=f"Cấp xã đạt {token('now.commune.share.online', '12,0%')} hồ sơ trực tuyến.\n\nĐạt yêu cầu.",
        directed="Chấm dứt việc để hồ sơ quá hạn <b>không xin lỗi</b>.",
    )
    record_meeting(review, text, by=by, at=NOW, revision=0)


def fill_in(review: Any, by: Any) -> None:
    """Adds typed numbers, a stale figure, markup, a responsible unit and every kind of block."""
    from reports.drafting.actions import TaskText, edit_draft
    from reports.printing.print_view import BLOCKS
    from reports.review_text.bound_text import token
    from units.models import Unit

    for place, section in enumerate(review.sections.all()):
        if not section.block and place < 6:
            section.block = [*BLOCKS][place % len(BLOCKS)]
        if place == 1:
            section.responsible = Unit.objects.get(code="13474")
        section.save()
    first = review.sections.first()
    body = (
        f"Tiếp nhận {token('now.total.received', '1.234')} hồ sơ, trong đó 77 hồ sơ <i>ghi tay</i> & 12,5%."
    )
    tasks = [
        TaskText("Khắc phục 9 hồ sơ quá hạn", "Phòng Nội vụ", date(2022, 9, 30), None),
        TaskText("Gửi báo cáo đúng hạn", "", None, first.responsible_id or review.unit_id),
    ]
    add_meeting(review, by)
    review.refresh_from_db()
    header = {**review.header, "superior": "UBND tỉnh Hà Nam", "opening": "Thực hiện 3 kế hoạch năm 2022."}
    edit_draft(
        review, by=by, at=NOW, header=header, tasks=tasks, recipients=["- UBND tỉnh (để b/c);", "- Lưu: VT."],
        signer={"lines": ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], "name": "Nguyễn Văn A"},
        bodies={first.pk: (first.heading, "\n\n".join(filter(None, [body, first.body])))},
    )  # fmt: skip


def freeze_review(review: Any, number: str, at: datetime, *, qr: bool = False) -> Any:
    """Freezes the review, and issues it if a number is given."""
    from accounts.models import User
    from reports import document
    from reports.freezing import freeze, record_issue
    from reports.models import Review
    from reports.printing import copies

    leader, review = User.objects.get(username="lanhdao"), Review.objects.get(pk=review.pk)
    closed = copies.draw_frozen_copy(
        document.build_document(review, demo=True), at=at, qr=qr, following=lambda pages: None
    )
    freeze(review, closed.document, closed.content, closed.form, by=leader, at=at, reason="Đã đối chiếu")
    stored = Review.objects.get(pk=review.pk)
    if number:
        stored = record_issue(stored, number, (at + timedelta(1)).date(), by=leader, at=at)
    return stored


def store(folder: Path, review: Any) -> None:
    """Writes the review's rows, document, form, file and log entries to a new folder."""
    from ledger.models import Entry
    from reports.models import Meeting
    from reports.printing import copies

    folder.mkdir(parents=True)
    row = columns(review) - {"id", "unit_id", "frozen"}
    stored = {
        "review": {name: plain(getattr(review, name)) for name in sorted(row)},
        "unit": review.unit.code,
        "sections": [
            plain_row(section, {"review_id", "responsible_id"}) for section in review.sections.all()
        ],
        "tasks": [plain_row(task, {"review_id", "unit_id"}) for task in review.tasks.all()],
        "meeting": [plain_row(record, {"review_id"}) for record in Meeting.objects.filter(review=review)],
        "log": [
            {"action": entry.action, "detail": entry.detail}
            for entry in Entry.objects.filter(subject=f"review:{review.pk}").order_by("sequence")
        ],
    }
    (folder / "stored.json").write_text(
        json.dumps(stored, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8"
    )
    lines = json.dumps(review.frozen, ensure_ascii=False, sort_keys=True, indent=0)
    (folder / "document.json").write_text(lines + "\n", "utf-8")
    (folder / "form.json").write_text(review.form.drawn, "utf-8")
    (folder / "review.pdf").write_bytes(copies.kept_pdf(review))


def columns(row: Any) -> set[str]:
    return {field.attname for field in row._meta.concrete_fields}


def plain_row(row: Any, without: set[str]) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in sorted(columns(row) - {"id"} - without)}


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
