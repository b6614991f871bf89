"""Is a frozen review still kept as it was frozen? Data, form, entries of the log, files in media."""

import hashlib

from ledger.models import Entry
from reports.models import FrozenForm, Review
from reports.queries import document, reviews

from . import copies


def database_faults(review: Review) -> list[str]:
    """What is wrong with the frozen review as it is kept: data, entry in the log, stored file."""
    faults = []
    if review.frozen is None or document.sha256(review.frozen) != review.frozen_sha256:
        faults.append("Số liệu đã chốt trong cơ sở dữ liệu đã bị thay đổi.")
    if not _logged(review, reviews.frozen_entry(review)):
        faults.append("Mã băm của bản chốt khác mã băm ghi trong nhật ký.")
    if not _form_kept(review):
        faults.append("Mẫu in giữ cùng bản chốt đã bị thay đổi hoặc không còn.")
    faults += _signed_faults(review)
    try:
        if copies.sha256(copies.kept(review)) != review.pdf_sha256:
            faults.append("Tệp PDF trong kho lưu khác bản đã chốt.")
    except copies.Lost as lost:
        faults.append(str(lost))
    return faults


def _signed_faults(review: Review) -> list[str]:
    """What is wrong with the signed file as it is kept, where there is one."""
    newest = review.signed_files.first()
    if newest is None:
        return []
    entries = Entry.objects.filter(action="review.signed", subject=f"review:{review.pk}")
    entry = entries.order_by("-sequence").first()
    faults = []
    if entry is None or entry.detail.get("sha256") != newest.sha256:
        faults.append("Mã băm của bản đã ký khác mã băm ghi trong nhật ký.")
    try:
        if copies.sha256(copies.stored(newest.name)) != newest.sha256:
            faults.append("Bản đã ký trong kho lưu đã bị thay đổi.")
    except copies.Lost as lost:
        faults.append(str(lost))
    return faults


def _logged(review: Review, entry: Entry | None) -> bool:
    if entry is None:
        return False
    kept = {"data_sha256": review.frozen_sha256, "pdf_sha256": review.pdf_sha256}
    form = FrozenForm.objects.filter(review=review).first()
    if form is not None:
        kept |= {"template_sha256": form.sha256, "code": form.code}
    return all(entry.detail.get(name) == value for name, value in kept.items())


def _form_kept(review: Review) -> bool:
    """Whether the form is the one whose hash stands in the document; reviews frozen before this have none."""
    told = review.frozen.get("template_sha256") if isinstance(review.frozen, dict) else None
    form = FrozenForm.objects.filter(review=review).first()
    if form is None:
        return told is None
    return told == form.sha256 == hashlib.sha256(form.drawn.encode()).hexdigest()
