"""Checks whether a file is a frozen review, and whether the stored data of that review are unchanged."""

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from ledger.models import Entry
from reports import document
from reports.models import FrozenForm, Review, SignedFile, SignedKind
from reports.pdf import drawing, foreign_files
from reports.pdf.review_pdf import pdf_text, read_attached, redraw_pdf
from reports.printing import copies
from reports.review_access import NewerFigure, frozen_entry, newer_figures

from . import signed_files


def database_faults(review: Review) -> list[str]:
    """Faults of the stored frozen review: data, log entry, form, files."""
    faults = []
    if review.frozen is None or document.document_sha256(review.frozen) != review.frozen_sha256:
        faults.append("Số liệu đã chốt trong cơ sở dữ liệu đã bị thay đổi.")
    if not _logged(review, frozen_entry(review)):
        faults.append("Mã băm của bản chốt khác mã băm ghi trong nhật ký.")
    if not _form_unchanged(review):
        faults.append("Mẫu in giữ cùng bản chốt đã bị thay đổi hoặc không còn.")
    faults += _signed_faults(review)
    try:
        if copies.content_sha256(copies.kept_pdf(review)) != review.pdf_sha256:
            faults.append("Tệp PDF trong kho lưu khác bản đã chốt.")
    except copies.LostFile as lost:
        faults.append(str(lost))
    return faults


def _signed_faults(review: Review) -> list[str]:
    """Faults of the newest stored signed file, if any."""
    newest = review.signed_files.first()
    if newest is None:
        return []
    entries = Entry.objects.filter(action="review.signed", subject=f"review:{review.pk}")
    entry = entries.order_by("-sequence").first()
    faults = []
    if entry is None or entry.detail.get("sha256") != newest.sha256:
        faults.append("Mã băm của bản đã ký khác mã băm ghi trong nhật ký.")
    try:
        if copies.content_sha256(copies.stored_file(newest.name)) != newest.sha256:
            faults.append("Bản đã ký trong kho lưu đã bị thay đổi.")
    except copies.LostFile as lost:
        faults.append(str(lost))
    return faults


def _logged(review: Review, entry: Entry | None) -> bool:
    if entry is None:
        return False
    expected = {"data_sha256": review.frozen_sha256, "pdf_sha256": review.pdf_sha256}
    form = FrozenForm.objects.filter(review=review).first()
    if form is not None:
        expected |= {"template_sha256": form.sha256, "code": form.code}
    return all(entry.detail.get(name) == value for name, value in expected.items())


def _form_unchanged(review: Review) -> bool:
    """Whether the form has the hash stored in the document; older reviews have none."""
    expected = review.frozen.get("template_sha256") if isinstance(review.frozen, dict) else None
    form = FrozenForm.objects.filter(review=review).first()
    if form is None:
        return expected is None
    return expected == form.sha256 == hashlib.sha256(form.drawn.encode()).hexdigest()


_PAGES = {str(number) for number in range(2, 1000)}
FOREIGN = "Tệp này không phải bản báo cáo đã chốt của hệ thống, hoặc đã bị thay đổi."
KEPT = "Tệp đúng từng byte là bản đã ký mà cơ quan ban hành đã tải lên và hệ thống giữ."
INTACT = "Bản đã chốt nguyên vẹn trong tệp, có chữ ký số."
PICTURE = "Tệp là bản quét không có chữ, hệ thống không so được số liệu: hãy đối chiếu với bản PDF đã chốt."
# At most _MOST_ENDS ends of a PDF, with or without a line end, are tried before a file counts as foreign.
_END = re.compile(rb"%%EOF")
_MOST_ENDS = 40


@dataclass(frozen=True)
class Verdict:
    """`faults` says in words what differs; without any the file is the frozen review, whatever is `newer`. `notes` are
    true of a sound file: what was appended to it, what could not be looked at.
    """

    review: Review | None
    faults: tuple[str, ...]
    newer: list[NewerFigure] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return self.review is not None and not self.faults


def check_bytes(content: bytes) -> Verdict:
    """For anyone (/verify/): only a file that is, or begins with, a file frozen here is read any further, so junk is
    never parsed. Raises foreign.Busy.
    """
    frozen = _frozen_in(content)
    if frozen:
        return _checked(content, *frozen)
    return _check_stored_signed(content) or Verdict(None, (FOREIGN,))


def check_file(content: bytes) -> Verdict:
    """For the command line: a file with other bytes is compared with the review that its embedded data names, and one
    that is sound is drawn again from its stored form.
    """
    frozen = _frozen_in(content)
    if frozen is None and (signed := _check_stored_signed(content)):
        return signed
    if frozen is None:
        named = _review_id(_attached(content))
        review = Review.objects.filter(pk=named, frozen_at__isnull=False).first() if named else None
        return check_against_review(content, review) if review else Verdict(None, (FOREIGN,))
    verdict = _checked(content, *frozen)
    if not verdict.valid:
        return verdict
    review, length = frozen
    try:
        return replace(verdict, faults=tuple(form_faults(content[:length], review)))
    except drawing.PdfNotDrawn as undrawn:
        return replace(verdict, notes=(*verdict.notes, f"Chưa vẽ lại được từ mẫu in đã chốt: {undrawn}"))


def _frozen_in(content: bytes) -> tuple[Review, int] | None:
    """The frozen review whose file a content is, or begins with, and how many bytes of it that file takes."""
    if not content.startswith(b"%PDF-"):
        return None
    ends = [match.end() for match in islice(_END.finditer(content), _MOST_ENDS)]
    places = {min(end + more, len(content)) for end in ends for more in range(3)}
    digest, start, lengths = hashlib.sha256(), 0, {}
    for end in sorted({*places, len(content)}):
        digest.update(content[start:end])
        start, lengths[digest.hexdigest()] = end, end
    reviews = Review.objects.filter(pdf_sha256__in=lengths).select_related("unit")
    return max(
        ((review, lengths[review.pdf_sha256]) for review in reviews), key=lambda pair: pair[1], default=None
    )


def _checked(content: bytes, review: Review, length: int) -> Verdict:
    """A file that begins with a frozen one: that, and what was appended to it."""
    verdict = check_against_review(content[:length], review)
    if length == len(content):
        return verdict
    added = signed_files.read_appended(content, length)
    return replace(
        verdict,
        faults=(*verdict.faults, *added.faults),
        notes=added.notes,
        newer=[] if added.faults else verdict.newer,
    )


def _check_stored_signed(content: bytes) -> Verdict | None:
    """A file that was uploaded as the signed one, where it is no continuation of the frozen file: a scan, as a rule."""
    file = (
        SignedFile.objects.filter(sha256=copies.content_sha256(content))
        .select_related("review__unit")
        .first()
    )
    if file is None:
        return None
    faults = database_faults(file.review)
    if file != file.review.signed_files.first():
        faults.append("Tệp này từng được tải lên làm bản đã ký, nay đã được thay bằng tệp khác.")
    if faults:
        return Verdict(file.review, tuple(faults))
    note = {SignedKind.INTACT: INTACT, SignedKind.TEXT: _numbers_note(file)}.get(
        SignedKind(file.kind), PICTURE
    )
    return Verdict(file.review, (), newer_figures(file.review.frozen), (KEPT, note))


def _numbers_note(file: SignedFile) -> str:
    missing = file.found.get("missing_count", 0)
    result = (
        f"khi tải lên có {missing} con số của bản đã chốt không thấy đủ"
        if missing
        else "đủ con số của bản đã chốt"
    )
    return f"Nội dung trình bày khác bản PDF đã chốt; so từng con số: {result}."


def _attached(content: bytes) -> Any:
    try:
        return (
            foreign_files.read_foreign_file(content, "attached").attached
            if content.startswith(b"%PDF-")
            else None
        )
    except foreign_files.UnreadablePdf:
        return None


def form_faults(content: bytes, review: Review) -> list[str]:
    """Whether the kept form draws the words and figures of the file. Other text libraries than those of that day may
    break pages elsewhere, so what repeats on each page is counted once.
    """
    form = FrozenForm.objects.filter(review=review).first()
    if form is None:
        return []
    # Only the command line calls this, and may wait for a long review.
    drawn = redraw_pdf(json.loads(form.drawn), lambda pages: None)
    if set(pdf_text(drawn).split()) - _PAGES != set(pdf_text(content).split()) - _PAGES:
        return ["Mẫu in giữ cùng bản chốt vẽ ra lời văn hoặc số liệu khác với tệp."]
    return []


def check_against_review(content: bytes, review: Review) -> Verdict:
    """Compare a file with a frozen review: everything that differs is named."""
    faults = []
    if copies.content_sha256(content) != review.pdf_sha256:
        faults.append("Nội dung tệp (SHA-256) khác bản PDF đã chốt.")
    embedded = read_attached(content)
    if embedded is None:
        faults.append("Không đọc được số liệu kèm trong tệp.")
    elif document.document_sha256(embedded) != review.frozen_sha256:
        faults.append("Số liệu kèm trong tệp khác số liệu đã chốt.")
    faults += database_faults(review)
    return Verdict(review, tuple(faults), [] if faults else newer_figures(review.frozen))


def _review_id(embedded: Any) -> int | None:
    """The review's id in embedded data of unknown shape."""
    try:
        number = embedded["review"]["number"]
    except (KeyError, TypeError):
        return None
    return number if isinstance(number, int) and 0 < number < 2**63 else None
