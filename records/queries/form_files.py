"""Uploaded forms that wait for their owner's word."""

from datetime import datetime, timedelta
from typing import Any

from records.models import FormFile

KEPT_FOR = timedelta(hours=24)


def form_file_of(token: str, owner: Any, at: datetime) -> FormFile | None:
    """The upload of this person by its name, with submission and unit; None where it is somebody else's, over its time,
    or unknown.
    """
    kept = FormFile.objects.filter(token=token, owner=owner, kept_at__gte=at - KEPT_FOR)
    return kept.select_related("submission__unit").first()
