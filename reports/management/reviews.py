"""What the commands about reviews share."""

from django.core.management.base import CommandError

from reports.models import Review


def review_of(number: int) -> Review:
    """The review of a number in its address; refused (exit 1) where there is none."""
    found = (
        Review.objects.filter(pk=number).select_related("unit__parent").first() if number < 2**63 else None
    )
    if found is None:
        raise CommandError(f"Không có báo cáo số {number}.")
    return found
