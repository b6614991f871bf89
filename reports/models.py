"""Reviews with their tasks, meeting, consultation, frozen and signed files; outlines and phrases that new
reviews start with.
"""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q

from ledger.models import Job, JobState
from units.models import Unit


class ReviewState(models.TextChoices):
    DRAFT = "draft", "Dự thảo"
    COMMENT = "comment", "Lấy ý kiến"
    FROZEN = "frozen", "Đã chốt số liệu, trình ký"
    ISSUED = "issued", "Đã phát hành"


class Review(models.Model):
    """One unit's review of one period. `frozen` stores data, text and template version; `pdf_sha256` is the hash of
    the file in media. Database triggers refuse changes to a frozen review (reports.triggers).
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="reviews")
    period = models.CharField("kỳ", max_length=24)
    title = models.CharField("tên báo cáo", max_length=300)
    state = models.CharField("trạng thái", max_length=16, choices=ReviewState, default=ReviewState.DRAFT)
    # Figures by the units of this day, with the history of their predecessors; null: by the units that reported.
    units_of = models.DateField("theo đơn vị ngày", null=True, blank=True)
    decimals = models.PositiveSmallIntegerField("số chữ số thập phân", default=1)
    header = models.JSONField(
        default=dict, help_text="place, superior, issuer, meeting day, chaired, attended"
    )
    signer = models.JSONField(default=dict, help_text="lines above the name, and the name")
    recipients = models.JSONField(default=list)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    number = models.CharField("số", max_length=50, blank=True)
    issued_on = models.DateField("ngày ban hành", null=True, blank=True)
    frozen = models.JSONField(null=True)
    frozen_sha256 = models.CharField(max_length=64, blank=True)
    frozen_at = models.DateTimeField(null=True)
    frozen_by = models.CharField(max_length=200, blank=True)
    frozen_reason = models.TextField(blank=True)
    pdf_name = models.CharField(max_length=100, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        verbose_name = "báo cáo sơ kết, tổng kết"
        ordering = ["-period", "unit", "-id"]
        constraints = [
            models.CheckConstraint(
                name="review_frozen_whole",
                condition=Q(state__in=["draft", "comment"], frozen_at=None, pdf_sha256="")
                | (Q(state__in=["frozen", "issued"], frozen_at__isnull=False) & ~Q(pdf_sha256="")),
                violation_error_message="Báo cáo đã chốt phải có bản đóng băng và tệp PDF.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_frozen(self) -> bool:
        return self.state in (ReviewState.FROZEN, ReviewState.ISSUED)


class ReviewSection(models.Model):
    """A part of the text. `body` is bound text: a blank line between paragraphs, figures as tokens. `block` names the
    table or chart after it, `key` its section of the outline. `responsible` sends the content by `due_on`.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="sections")
    order = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField(default=1)
    heading = models.CharField("tiêu đề", max_length=300)
    body = models.TextField("nội dung", blank=True)
    block = models.CharField(max_length=32, blank=True)
    key = models.CharField(max_length=64, blank=True)
    responsible = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="đơn vị chủ trì"
    )
    due_on = models.DateField("hạn gửi nội dung", null=True, blank=True)

    class Meta:
        ordering = ["review", "order"]
        constraints = [models.UniqueConstraint(name="review_section_order", fields=["review", "order"])]


class TaskOutcome(models.TextChoices):
    OPEN = "open", "Đang thực hiện"
    DONE = "done", "Hoàn thành"
    NOT_DONE = "not_done", "Chưa hoàn thành"


class PlanTask(models.Model):
    """A task (nhiệm vụ) that a review sets. Its outcome, with a note and a day, is entered until the next review,
    also after this review is frozen.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="tasks")
    order = models.PositiveSmallIntegerField()
    text = models.TextField("nhiệm vụ")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    responsible = models.CharField("đơn vị thực hiện", max_length=300, blank=True)
    deadline = models.DateField("thời hạn", null=True, blank=True)
    outcome = models.CharField("kết quả", max_length=16, choices=TaskOutcome, default=TaskOutcome.OPEN)
    outcome_note = models.TextField("ghi chú kết quả", blank=True)
    outcome_on = models.DateField("ngày có kết quả", null=True, blank=True)
    outcome_by = models.CharField("người ghi", max_length=200, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "nhiệm vụ"
        ordering = ["review", "order"]

    @property
    def who(self) -> str:
        """The responsible unit or person, as printed."""
        return self.responsible or (self.unit.name if self.unit else "")

    def is_overdue(self, on: date) -> bool:
        """Whether the deadline has passed without the task being done."""
        return self.deadline is not None and self.deadline < on and self.outcome != TaskOutcome.DONE


class Meeting(models.Model):
    """The conference (hội nghị) of a review; it can still be edited after the review is frozen.

    `directed` and `conclusions` are bound text. Until freezing, day, place, chair and attendance are also in the
    review's header, which then counts (reports.meeting.meeting_of).
    """

    review = models.OneToOneField(Review, models.CASCADE, related_name="meeting")
    day = models.DateField("ngày hội nghị", null=True, blank=True)
    place = models.CharField("nơi họp", max_length=300, blank=True)
    chaired = models.CharField("chủ trì", max_length=300, blank=True)
    attended = models.TextField("thành phần dự", blank=True)
    directed = models.TextField("ý kiến chỉ đạo", blank=True)
    conclusions = models.TextField("kết luận", blank=True)
    revision = models.PositiveIntegerField(default=1)
    saved_by = models.CharField(max_length=200, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name = "hội nghị"

    def __str__(self) -> str:
        return f"Hội nghị: {self.review}"


class Outline(models.Model):
    """The sections of new reviews from a year on, for a unit and the units below it without an outline of their own.
    Without any stored outline, fixtures/outline.json applies.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("từ năm")

    class Meta:
        verbose_name = "đề cương báo cáo"
        constraints = [models.UniqueConstraint(name="outline_unit_year", fields=["unit", "year"])]


class OutlineSection(models.Model):
    """A section of an outline. `responsible` sends its content within `due_days` after a period's end. Phrases refer
    to the section by `key`; `block` names the table or chart after it.
    """

    outline = models.ForeignKey(Outline, models.CASCADE, related_name="sections")
    order = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField(default=1)
    key = models.CharField(max_length=64, blank=True)
    heading = models.CharField("tiêu đề", max_length=300)
    block = models.CharField(max_length=32, blank=True)
    responsible = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="đơn vị chủ trì"
    )
    due_days = models.PositiveSmallIntegerField("số ngày sau kỳ", null=True, blank=True)

    class Meta:
        ordering = ["outline", "order"]
        constraints = [models.UniqueConstraint(name="outline_section_order", fields=["outline", "order"])]


class StoredPhrase(models.Model):
    """A phrase written by an administrator; it replaces the one in fixtures/phrases.json with the same key. `of`,
    `conditions` and `text` are parsed by reports.review_text.phrases.
    """

    key = models.SlugField("mã câu", max_length=64, unique=True)
    section = models.SlugField("mục", max_length=64)
    slot = models.SlugField("chỗ", max_length=64)
    order = models.PositiveIntegerField("thứ tự")
    of = models.CharField("nói về", max_length=140, blank=True)
    conditions = models.TextField("điều kiện", blank=True)
    text = models.TextField("câu")
    begins_paragraph = models.BooleanField("mở đoạn mới", default=False)
    in_use = models.BooleanField("đang dùng", default=True)
    changed_by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "câu mẫu"
        ordering = ["order", "key"]


class AskKind(models.TextChoices):
    COMMENT = "comment", "Góp ý dự thảo"
    TEXT = "text", "Gửi nội dung"


class Asking(models.Model):
    """A request to a unit for comments on a draft (no section) or for the text of one section, by a day. `body` is
    bound text; it outlives its section and is not printed: the drafter copies it into the section.

    `sent_at` is set when the text is sent or the unit has commented. A returned request has its reason in `returned`
    and no `sent_at`. Each saving increments `revision`.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="askings")
    section = models.ForeignKey(ReviewSection, models.SET_NULL, null=True, blank=True, related_name="askings")
    heading = models.CharField(max_length=300, blank=True)
    kind = models.CharField("loại", max_length=16, choices=AskKind)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="askings", verbose_name="đơn vị")
    due_on = models.DateField("hạn gửi", null=True, blank=True)
    words = models.TextField("yêu cầu", blank=True)
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    body = models.TextField("nội dung", blank=True)
    revision = models.PositiveIntegerField(default=0)
    saved_by = models.CharField(max_length=200, blank=True)
    saved_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    returned = models.TextField("lý do trả lại", blank=True)
    taken_by = models.CharField(max_length=200, blank=True)
    taken_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "yêu cầu gửi nội dung, góp ý"
        ordering = ["review", "kind", "section__order", "unit__path"]
        constraints = [
            models.UniqueConstraint(
                name="asking_comment_once", fields=["review", "unit"], condition=Q(kind="comment")
            ),
            models.UniqueConstraint(
                name="asking_text_once", fields=["section", "unit"], condition=Q(kind="text")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.heading or self.review}"


class AskingReminder(models.Model):
    """A reminder of a request given to one person; each kind (figures.completeness) once."""

    asking = models.ForeignKey(Asking, models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=16)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    on = models.DateField("ngày")
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "nhắc gửi nội dung, góp ý"
        constraints = [
            models.UniqueConstraint(name="asking_reminder_once", fields=["asking", "kind", "user"])
        ]


class Resolution(models.TextChoices):
    TAKEN = "taken", "Đã tiếp thu"
    EXPLAINED = "explained", "Đã giải trình"


class SectionComment(models.Model):
    """A comment on a section or, without one, on the whole draft, in the name of `unit`; a reply has a parent. Its
    text never changes; an editor of the review resolves it. `heading` is the section's heading at that time.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="comments")
    section = models.ForeignKey(
        ReviewSection, models.SET_NULL, null=True, blank=True, related_name="comments"
    )
    heading = models.CharField(max_length=300, blank=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="replies")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    text = models.TextField("ý kiến")
    said_by = models.CharField(max_length=200)
    at = models.DateTimeField()
    resolution = models.CharField(max_length=16, choices=Resolution, blank=True)
    resolved_by = models.CharField(max_length=200, blank=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "ý kiến góp ý"
        ordering = ["review", "at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="comment_resolved_whole",
                condition=Q(resolution="", resolved_at=None)
                | (~Q(resolution="") & Q(resolved_at__isnull=False, parent=None)),
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class FrozenForm(models.Model):
    """The page and style sheet that a frozen review was rendered with, as canonical JSON (its SHA-256 is in the
    document and in the log too), and the short code printed in the review and typed at /verify/.
    """

    review = models.OneToOneField(Review, models.PROTECT, related_name="form")
    code = models.CharField("mã kiểm tra", max_length=16, unique=True)
    drawn = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = "mẫu in của báo cáo đã chốt"

    def __str__(self) -> str:
        return self.code


class SignedKind(models.TextChoices):
    """How far a signed file could be compared with the frozen one."""

    INTACT = "intact", "Bản đã chốt nguyên vẹn, có chữ ký số"
    TEXT = "text", "Tệp khác có chữ, so từng con số"
    PICTURE = "picture", "Bản quét không có chữ, không so được"


class SignedFile(models.Model):
    """A signed file, byte for byte as uploaded; `found` is the result of its comparison at upload
    (reports.verification.signed_files). A review's newest file counts; older ones stay.
    """

    review = models.ForeignKey(Review, models.PROTECT, related_name="signed_files")
    name = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=SignedKind)
    found = models.JSONField()
    reason = models.TextField(blank=True)
    uploaded_by = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField()

    class Meta:
        verbose_name = "bản đã ký của báo cáo"
        ordering = ["review", "-pk"]

    def __str__(self) -> str:
        return f"{self.review} ({self.sha256[:8]})"


class Drawing(Job):
    """A job that renders a long PDF of a review. With `freezes` it also closes the figures, if they are still those of
    `version`, which the user saw.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="drawings")
    freezes = models.BooleanField("chốt số liệu", default=False)
    version = models.CharField(max_length=64, blank=True)
    reason = models.TextField("lý do", blank=True)
    qr = models.BooleanField("mã QR", default=False)

    class Meta:
        verbose_name = "bản vẽ PDF"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="drawing_one_open",
                fields=["review"],
                condition=Q(state__in=[JobState.WAITING, JobState.WORKING]),
                violation_error_message="Báo cáo này đang được vẽ PDF.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.review}: {self.get_state_display()}"
