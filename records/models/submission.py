"""A unit's report of one month: the submission, its editions, and the counts of an edition."""

from datetime import date, datetime, time, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import get_default_timezone

from units.models import Unit

from .catalogue import Field, Procedure
from .sums import Measured, Stage


class Submission(models.Model):
    """One unit × one reporting month (YYYYMM), with its due date and, optionally, a closing time that locks it.

    `open_until`: after an unlocking the month is open until then, whatever the closing time says, and no longer.
    `opens`, `closes`: whether what it opens and closes with counts in sums of several units; derived
    (records.sums.handed).
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
        """How the log names it."""
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

    def in_force(self, stage: str) -> Self:
        """The editions that count: approved ones; at stage `submitted` the newest sent one, never a draft."""
        approved = self.filter(state=State.APPROVED)
        if stage == Stage.APPROVED:
            return approved
        sent = Edition.objects.filter(submission=OuterRef("submission"), state=State.SENT)
        return self.filter(Q(state=State.SENT) | (Q(state=State.APPROVED) & ~Exists(sent)))

    def counted_on(self, day: date) -> Self:
        """Those that counted when a day ended in Vietnam: approved by then, and no later one of the submission was."""
        over = datetime.combine(day + timedelta(1), time(), tzinfo=get_default_timezone())
        approved = Q(state__in=(State.APPROVED, State.SUPERSEDED), decided_at__lt=over)
        later = Edition.objects.filter(
            approved, submission=OuterRef("submission"), number__gt=OuterRef("number")
        )
        return self.filter(approved, ~Exists(later))


class Edition(Measured):
    """What was entered and sent for a submission; carries the sums of its own counts (written by records.sums).

    `revision` grows with every saved change (optimistic lock). People are kept by number and by name, so that the
    edition still says who acted after an account is gone. `writers` entered a value of it, `sender` answers for the
    last sending (None: a file of the command line, or a token whose maker is not known); neither may approve it.
    """

    # How `saved_by` and `sent_by` begin where a file did it and nobody answers for it by name.
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
