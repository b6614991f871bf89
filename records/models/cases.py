"""Exported lists of single dossiers: file, column mapping, dossiers and their counts; no personal data."""

from django.db import models
from django.db.models import F, Q

from figures.cases import STATE_LABELS
from figures.measures import CHANNEL_LABELS
from ledger.models import Job, JobState
from units.models import Unit

from .catalogue import Field, InheritableSetting, Procedure
from .sums import Measured


class CaseMapping(InheritableSetting):
    """How the exports of one system are read, saved by name; the units of the subtree may use it.

    `content`: the shape of records.cases.mapping.ColumnMapping.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="case_mappings")
    name = models.CharField("tên", max_length=100)
    content = models.JSONField()
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=200)

    class Meta:
        verbose_name = "cách ghép cột"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(name="case_mapping_once", fields=["unit", "name"])]

    def __str__(self) -> str:
        return self.name


class CaseFileState(models.TextChoices):
    MAPPING = "mapping", "Chờ ghép cột"
    WAITING = JobState.WAITING.value, JobState.WAITING.label
    WORKING = JobState.WORKING.value, "Đang đọc"
    DONE = JobState.DONE.value, "Đã nạp"
    FAILED = JobState.FAILED.value, "Có lỗi, chưa nạp"
    CANCELLED = JobState.CANCELLED.value, JobState.CANCELLED.label


class CaseFile(Job):
    """One file of a unit, for the reporting months `first_month` to `last_month` (YYYYMM). A job once its columns are
    mapped; `done` and `total` count rows.

    `staged`: name of the stored copy until it is read, with only the columns that may have a role. `columns`: what the
    page shows of them. `faults`: the first ones, of `wrong` in all. The newest file that is done counts for a month; a
    file that counts for none is `replaced`, and its dossiers are deleted.
    """

    state = models.CharField(
        "trạng thái", max_length=16, choices=CaseFileState, default=CaseFileState.MAPPING
    )
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="case_files")
    name = models.CharField("tệp", max_length=200)
    sha256 = models.CharField(max_length=64)
    staged = models.CharField(max_length=64, blank=True)
    columns = models.JSONField(default=list)
    dropped = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    system = models.CharField("hệ thống", max_length=100, blank=True)
    first_month = models.PositiveIntegerField("từ tháng báo cáo")
    last_month = models.PositiveIntegerField("đến tháng báo cáo")
    faults = models.JSONField(default=list)
    wrong = models.PositiveIntegerField(default=0)
    replaced = models.BooleanField("đã bị thay", default=False)

    class Meta:
        verbose_name = "tệp hồ sơ"
        ordering = ["pk"]
        indexes = [models.Index(fields=["unit", "last_month"], name="case_file_of_unit")]
        constraints = [
            models.CheckConstraint(
                name="case_file_months_in_order",
                condition=Q(last_month__gte=F("first_month")),
                violation_error_message="Tháng cuối phải từ tháng đầu trở đi.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def heads(self) -> dict[str, str]:
        """Role → head of its column; empty where the mapping is no longer stored."""
        return self.mapping.get("columns", {})


class CaseRow(models.Model):
    """One dossier of a file; `row` is its place there. Moments as figures.cases reads them: a due date without a time
    is the last moment of its day, an end without a time the first.
    """

    file = models.ForeignKey(CaseFile, models.CASCADE, related_name="rows")
    row = models.PositiveIntegerField("dòng")
    code = models.CharField("mã hồ sơ", max_length=100)
    field = models.ForeignKey(Field, models.PROTECT)
    procedure = models.ForeignKey(Procedure, models.PROTECT, null=True)
    channel = models.CharField("hình thức tiếp nhận", max_length=16, choices=CHANNEL_LABELS)
    received = models.DateTimeField("ngày tiếp nhận")
    due = models.DateTimeField("hẹn trả", null=True)
    ended = models.DateTimeField("ngày trả kết quả", null=True)
    returned_by = models.CharField("hình thức trả", max_length=16, choices=CHANNEL_LABELS, blank=True)
    state = models.CharField("trạng thái", max_length=16, choices=STATE_LABELS)

    class Meta:
        verbose_name = "hồ sơ trong tệp"
        constraints = [models.UniqueConstraint(name="case_row_once", fields=["file", "row"])]


class CaseCount(Measured):
    """The counts of a file's dossiers in one month, by field and procedure (NULL where the file names none)."""

    file = models.ForeignKey(CaseFile, models.CASCADE, related_name="counts")
    month = models.PositiveIntegerField("tháng báo cáo")
    field = models.ForeignKey(Field, models.PROTECT)
    procedure = models.ForeignKey(Procedure, models.PROTECT, null=True)

    class Meta:
        verbose_name = "số đếm từ tệp hồ sơ"
        indexes = [models.Index(fields=["file", "month"], name="case_count_of_month")]
