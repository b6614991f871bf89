"""What the system remembers about acts: log entries in one hash chain, the answers to keyed requests, and what every
long piece of work keeps of itself.
"""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Entry(models.Model):
    """One act in the log. Written only by `ledger.log.append`; the database refuses to change or delete it.

    The actor is kept as text and number, not as a foreign key, so that the log outlives a deleted account.
    """

    sequence = models.PositiveBigIntegerField("số thứ tự", primary_key=True)
    at = models.DateTimeField("thời điểm")
    actor = models.TextField("người thực hiện")
    actor_id = models.BigIntegerField("mã người thực hiện", null=True)
    action = models.CharField("hành động", max_length=100)
    subject = models.TextField("đối tượng")
    detail = models.JSONField("chi tiết", encoder=DjangoJSONEncoder)
    previous_hash = models.CharField("mã băm của mục trước", max_length=64)
    hash = models.CharField("mã băm", max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]
        indexes = [models.Index(fields=["subject", "sequence"], name="ledger_entry_subject")]
        verbose_name = "mục nhật ký"
        verbose_name_plural = "nhật ký"

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.subject}"


class Purge(models.Model):
    """A run of entries at the beginning of the log that were deleted when they were old enough (ledger.purge): of
    each the hash stays, so that whatever was kept against one of them can still be compared (ledger.log).

    `first`..`last`: sequence numbers, each run beginning where the one before ended. `hashes`: 32 bytes for each of
    them, in order. `left`: how many entries of the run stand still. Rows are only added, as those of the log.
    """

    last = models.PositiveBigIntegerField("đến mục số", primary_key=True)
    first = models.PositiveBigIntegerField("từ mục số")
    hashes = models.BinaryField()
    left = models.PositiveIntegerField("số mục giữ lại")
    at = models.DateTimeField("thời điểm")

    class Meta:
        ordering = ["last"]
        verbose_name = "phần nhật ký đã thanh lý"
        verbose_name_plural = "phần nhật ký đã thanh lý"

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"


class IdempotencyKey(models.Model):
    """A request that was carried out once under a key of its sender, and the answer it got."""

    scope = models.CharField("phạm vi", max_length=200)
    key = models.CharField("khóa", max_length=200)
    request_hash = models.CharField("mã băm của yêu cầu", max_length=64)
    status = models.PositiveSmallIntegerField("mã trả lời", null=True)
    answer = models.JSONField("nội dung trả lời", null=True, encoder=DjangoJSONEncoder)
    at = models.DateTimeField("thời điểm", auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "key"],
                name="ledger_key_once",
                violation_error_message="Khóa yêu cầu này đã được dùng.",
            )
        ]
        verbose_name = "khóa yêu cầu"
        verbose_name_plural = "khóa yêu cầu"

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class JobState(models.TextChoices):
    WAITING = "waiting", "Đang chờ đến lượt"
    WORKING = "working", "Đang làm"
    DONE = "done", "Đã xong"
    FAILED = "failed", "Không làm được"
    CANCELLED = "cancelled", "Đã hủy"


class Job(models.Model):
    """Work that takes too long for a request: asked for, waiting its turn, done by a worker, left and found again
    (ledger.jobs). Each kind has a table of its own with what it is about; a row survives a restart.

    `done` of `total` is how far it is, in units of its kind; `told_at` is when its worker was last heard of.
    """

    OPEN = (JobState.WAITING, JobState.WORKING)

    state = models.CharField("trạng thái", max_length=16, choices=JobState, default=JobState.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField("lúc yêu cầu")
    done = models.PositiveIntegerField("đã làm", default=0)
    total = models.PositiveIntegerField("ước tính", default=0)
    told_at = models.DateTimeField(null=True)
    words = models.TextField("vì sao không xong", blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        """Whether it waits or is worked on."""
        return self.state in self.OPEN


class Delivery(models.TextChoices):
    WAITING = "waiting", "Chờ gửi"
    DELIVERED = "delivered", "Đã gửi"
    FAILED = "failed", "Không gửi được"


class Message(models.Model):
    """The outbox: what another system is to be told, stored with what it tells of, sent later (ledger.outbox).

    `destination` is a number that rooms above know; `body` is sent as it stands; `event` stays the same however often.
    """

    event = models.UUIDField("sự kiện")
    kind = models.CharField("loại", max_length=100)
    destination = models.PositiveBigIntegerField("nơi nhận")
    subject = models.CharField("về", max_length=200)
    body = models.TextField("nội dung")
    created_at = models.DateTimeField("lúc")
    state = models.CharField("tình trạng", max_length=16, choices=Delivery, default=Delivery.WAITING)
    attempts = models.PositiveIntegerField("số lần gửi", default=0)
    next_at = models.DateTimeField("gửi từ lúc")
    delivered_at = models.DateTimeField("đã nhận lúc", null=True)

    class Meta:
        verbose_name = "tin gửi đi"
        verbose_name_plural = "tin gửi đi"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "destination"],
                name="ledger_message_once",
                violation_error_message="Nơi nhận đã có tin này.",
            )
        ]
        indexes = [models.Index(fields=["state", "destination", "id"], name="ledger_message_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event}"


class Attempt(models.Model):
    """One try to deliver a message: the status that was answered, or why there was none."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="tries")
    at = models.DateTimeField("lúc")
    status = models.PositiveSmallIntegerField("trả lời", null=True)
    error = models.CharField("lỗi", max_length=200, blank=True)

    class Meta:
        verbose_name = "lần gửi"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.at}"
