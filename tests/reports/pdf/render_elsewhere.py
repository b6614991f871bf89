"""python -m tests.reports.pdf.render_elsewhere: load the demo into an empty database and print the hash of its review.

Tests run it in another process, from another folder and on the other database.
"""

import hashlib
import os
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import django

NOW = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
# The log entry of the load has its time and user; its position is fixed here.
ANCHOR = (7, "0" * 64)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cchc_dashboard.settings")
    django.setup()

    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from reports.demo import load_demo
    from reports.document import build_document
    from reports.pdf.review_pdf import draw_pdf
    from reports.printing.print_view import print_context

    call_command("migrate", verbosity=0)
    review = load_demo(settings.BASE_DIR / "fixtures" / "thanhliem", NOW)
    doc = build_document(review, demo=True, anchor=ANCHOR)
    doc["verify"] = {"code": "B" * 10, "address": "https://cchc.example/verify/", "qr": True}
    content = draw_pdf(print_context(doc), data=doc, moment=NOW)
    print(connection.vendor, len(content), hashlib.sha256(content).hexdigest())
    sys.stdout.flush()


if __name__ == "__main__":
    main()
