"""The heads of the log that frozen reviews keep, for verify_log (settings.LEDGER_ANCHORS)."""

from ledger.log import Anchor
from reports.models import Review


def log_anchors() -> list[Anchor]:
    """(sequence, hash, where) of every frozen review; one whose data cannot be read counts as a wrong anchor."""
    found = []
    for number, frozen in Review.objects.filter(frozen_at__isnull=False).values_list("pk", "frozen"):
        kept = frozen.get("log", {}) if isinstance(frozen, dict) else {}
        found.append(
            Anchor(int(kept.get("sequence", 0)), str(kept.get("hash", "")), f"báo cáo số {number} đã chốt")
        )
    return found
