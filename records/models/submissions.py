"""A unit's report of one month with editions and counts, and what belongs to it: locks, uploads, reminders."""

from datetime import date, datetime, time, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import get_default_timezone

from core.database import AnySubquery
from units.models import Unit

from .catalogue import Field, Procedure
from .sums import Measured, Stage


class Submission(models.Model):
    """One unit × one reporting month (YYYYMM), with its due date and, optionally, a closing time that locks it.

    `open_until`: end of an unlocking; takes precedence over the closing time. `opens`, `closes`: whether its opening
    and closing measures count in sums of several units; derived (records.stored_sums.group_sums).
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="submissions")
    month = models.PositiveIntegerField("tháng báo cáo")
    due_on = models.DateField("hạn gửi")
    closes_at = models.DateTimeField("khóa lúc", null=True, blank=True)
    open_until = models.DateTimeField("mở đến", null=True, blank=True)
    opens = models.BooleanField(default=True, db_default=True, editable=False)
    closes = models.BooleanField(default=True, db_default=True, editable=False)

    class Meta:
        verbose_name = "báo cáo tháng"
        ordering = ["-month", "unit"]
        constraints = [
            models.UniqueConstraint(
                name="submission_once",
                fields=["unit", "month"],
                violation_error_message="Đơn vị đã có báo cáo của tháng này.",
            )
        ]
        indexes = [models.Index(fields=["month"], name="submission_month")]

    @property
    def subject(self) -> str:
        """Its name in the log."""
        return f"submission:{self.pk}"


class State(models.TextChoices):
    DRAFT = "draft", "Đang nhập"
    SENT = "sent", "Chờ duyệt"
    APPROVED = "approved", "Đã duyệt"
    RETURNED = "returned", "Trả lại để sửa"
    SUPERSEDED = "superseded", "Đã thay"


OPEN_STATES = (State.DRAFT, State.SENT, State.RETURNED)


class EditionQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)

    def sent_or_approved(self) -> Self:
        """What makes a report present: without one of these a unit's month is missing (drafts, returned)."""
        return self.filter(state__in=(State.SENT, State.APPROVED))

    def dossier_counts(self) -> "models.QuerySet[DossierCount]":
        """The counts of these editions, in no order. Read by their ids, so that the plan is good whatever PostgreSQL
        knows of the tables.
        """
        return DossierCount.objects.order_by().filter(AnySubquery("edition", self.order_by().values("pk")))

    def in_force(self, stage: str) -> Self:
        """The editions that count: approved ones; at stage `submitted` the newest sent one, never a draft."""
        approved = self.filter(state=State.APPROVED)
        if stage == Stage.APPROVED:
            return approved
        sent = Edition.objects.filter(submission=OuterRef("submission"), state=State.SENT)
        return self.filter(Q(state=State.SENT) | (Q(state=State.APPROVED) & ~Exists(sent)))

    def counted_on(self, day: date) -> Self:
        """Those in force at the end of a day in Vietnam: the latest of each submission approved by then."""
        over = datetime.combine(day + timedelta(1), time(), tzinfo=get_default_timezone())
        approved = Q(state__in=(State.APPROVED, State.SUPERSEDED), decided_at__lt=over)
        later = Edition.objects.filter(
            approved, submission=OuterRef("submission"), number__gt=OuterRef("number")
        )
        return self.filter(approved, ~Exists(later))


class Edition(Measured):
    """What was entered and sent for a submission; carries the sums of its own counts (written by records.stored_sums).

    `revision` grows with every saved change (optimistic lock). People are stored by id and by name, as accounts may be
    deleted. `writers` entered a value of it, `sender` answers for the last sending (None: a file of the command line,
    or a token with unknown creator); neither may approve it.
    """

    # Prefix of `saved_by` and `sent_by` for a file without a person.
    FROM_FILE = "tệp "

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="editions")
    number = models.PositiveSmallIntegerField("lần")
    state = models.CharField("trạng thái", max_length=16, choices=State, default=State.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    writers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    saved_at = models.DateTimeField(null=True)
    saved_by = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=200, blank=True)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)
    return_reason = models.TextField("lý do trả lại", blank=True)
    marked_cells = models.JSONField(default=list)

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = "lần báo cáo"
        ordering = ["submission", "number"]
        constraints = [
            models.UniqueConstraint(name="edition_number_once", fields=["submission", "number"]),
            models.UniqueConstraint(
                name="edition_one_in_force", fields=["submission"], condition=Q(state="approved")
            ),
            models.UniqueConstraint(
                name="edition_one_open",
                fields=["submission"],
                condition=Q(state__in=["draft", "sent", "returned"]),
            ),
        ]


class DossierCount(Measured):
    """One edition × field (procedure NULL) or × procedure: the measures. One row a field, or rows by procedure."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="counts")
    field = models.ForeignKey(Field, models.PROTECT)
    procedure = models.ForeignKey(Procedure, models.PROTECT, null=True, blank=True)
    answered = models.BooleanField(default=False, help_text="at least one measure is reported")
    reason = models.TextField("lý do", blank=True)

    class Meta:
        verbose_name = "số hồ sơ"
        constraints = [
            models.UniqueConstraint(
                name="count_once_a_field", fields=["edition", "field"], condition=Q(procedure=None)
            ),
            models.UniqueConstraint(
                name="count_once_a_procedure",
                fields=["edition", "procedure"],
                condition=Q(procedure__isnull=False),
            ),
            *(
                models.CheckConstraint(
                    name=f"count_{measure.name}_not_negative",
                    condition=Q(**{f"{measure.name}__gte": 0}) | Q(**{f"{measure.name}__isnull": True}),
                    violation_error_message=f"Số {measure.verbose_name} không được âm.",
                )
                for measure in Measured._meta.local_fields
                if not measure.name.startswith("blank_")
            ),
        ]


class ClosingTime(models.Model):
    """When a committee closes one reporting month (YYYYMM) for all units below it; the nearest one above binds."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="closing_times")
    month = models.PositiveIntegerField("tháng báo cáo")
    closes_at = models.DateTimeField("khóa lúc")

    class Meta:
        verbose_name = "giờ chốt"
        ordering = ["-month", "unit"]
        constraints = [
            models.UniqueConstraint(
                name="closing_time_once",
                fields=["unit", "month"],
                violation_error_message="Đơn vị đã có giờ chốt của tháng này.",
            )
        ]


class UnlockRequest(models.Model):
    """Somebody asks, with a reason, to open one unit's locked month; a second person grants or declines it.

    `granted` is None until decided. A granted one opens the month until `open_until`. People are stored by id and by
    name, as accounts may be deleted.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="unlock_requests")
    reason = models.TextField("lý do")
    requested_at = models.DateTimeField("đề nghị lúc")
    requested_by = models.CharField("người đề nghị", max_length=200)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    granted = models.BooleanField("đồng ý", null=True)
    decided_at = models.DateTimeField("quyết định lúc", null=True)
    decided_by = models.CharField("người quyết định", max_length=200, blank=True)
    answer = models.TextField("ý kiến", blank=True)
    open_until = models.DateTimeField("mở đến", null=True)

    class Meta:
        verbose_name = "đề nghị mở khóa"
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="unlock_request_one_undecided", fields=["submission"], condition=Q(granted=None)
            )
        ]


class FormFile(models.Model):
    """An uploaded form, for its owner only under a secret token, for a day (records.submissions.uploads). `submission`
    is None for a workbook of several units. `content` is emptied once its counts are saved.
    """

    token = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    submission = models.ForeignKey(Submission, models.CASCADE, null=True, related_name="+")
    name = models.CharField("tên tệp", max_length=200)
    content = models.BinaryField()
    kept_at = models.DateTimeField("tải lên lúc")
    stored_at = models.DateTimeField("ghi lúc", null=True)

    class Meta:
        verbose_name = "biểu đã tải lên"
        indexes = [models.Index(fields=["kept_at"], name="form_file_kept_at")]


class Recount(Measured):
    """The part of one direct successor in the counts of an old unit, month and field.

    The parts of all successors add up to what was reported; when they no longer do (the month was corrected), the
    estimate by share is used again. Blank measures of the count are blank here.
    """

    old = models.ForeignKey(Unit, models.PROTECT, related_name="recounts", verbose_name="đơn vị cũ")
    heir = models.ForeignKey(Unit, models.PROTECT, related_name="recounted", verbose_name="đơn vị mới")
    month = models.PositiveIntegerField("tháng báo cáo")
    field = models.ForeignKey(Field, models.PROTECT, verbose_name="lĩnh vực")

    class Meta:
        verbose_name = "số tính lại khi chia tách"
        constraints = [
            models.UniqueConstraint(name="recount_once", fields=["old", "month", "field", "heir"]),
        ]


class ReminderKind(models.TextChoices):
    BEFORE = "before", "Sắp đến hạn"
    ON_DAY = "on_day", "Đến hạn hôm nay"
    AFTER = "after", "Đã quá hạn"
    BY_HAND = "by_hand", "Đôn đốc"


class Reminder(models.Model):
    """One person was reminded of one unit's month (YYYYMM). `on` is the day; by hand once a day, of the other kinds
    once. `mailed_at` is None where no e-mail was sent (muted, no address).
    """

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="reminders")
    month = models.PositiveIntegerField("tháng báo cáo")
    kind = models.CharField("loại", max_length=16, choices=ReminderKind)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminders")
    on = models.DateField("ngày")
    given_by = models.CharField("người đôn đốc", max_length=200, blank=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "nhắc gửi báo cáo"
        ordering = ["-on", "unit"]
        constraints = [
            models.UniqueConstraint(
                name="reminder_once",
                fields=["unit", "month", "kind", "user"],
                condition=~models.Q(kind="by_hand"),
            ),
            models.UniqueConstraint(
                name="reminder_by_hand_once_a_day",
                fields=["unit", "month", "user", "on"],
                condition=models.Q(kind="by_hand"),
            ),
        ]


class ImportProgress(models.Model):
    """Progress of a file whose unit-months are written in parts (records.bulk_import.resumable), until it is done.

    `done` counts its written unit-months, in the order in which the file completes them, `rows` their rows. The file is
    identified by its hash and by the state that its months get.
    """

    sha256 = models.CharField(max_length=64)
    becomes = models.CharField(max_length=16)
    name = models.CharField("tệp", max_length=200)
    begun_at = models.DateTimeField("bắt đầu lúc")
    done = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "tệp đang nhập"
        constraints = [models.UniqueConstraint(name="import_progress_once", fields=["sha256", "becomes"])]
