"""Models of the log (a hash chain), idempotency keys, background jobs and the outbox."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Entry(models.Model):
    """An entry of the log. Written only by `ledger.log.append`; triggers forbid to change or delete it.

    The actor is stored as name and id, not as a foreign key, so that the log outlives a deleted account.
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
    """A run of old entries deleted from the beginning of the log (ledger.purge). Their hashes remain, so that anchors
    can still be compared (ledger.log).

    `first`..`last`: sequence numbers; runs are adjacent. `hashes`: 32 bytes each, in order. `left`: how many entries of
    the run were retained. Append-only like the log.
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
    """A request that was carried out under a key of its sender, and its response."""

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
    """A background job (ledger.jobs). Each kind has its own table with its parameters.

    `done` of `total`: the progress, in units of the kind; `told_at`: the worker's last sign of life.
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
        """Whether it waits or runs."""
        return self.state in self.OPEN


class Delivery(models.TextChoices):
    WAITING = "waiting", "Chờ gửi"
    DELIVERED = "delivered", "Đã gửi"
    FAILED = "failed", "Không gửi được"


class Message(models.Model):
    """A message of the outbox, stored in the transaction of its event and sent later (ledger.outbox).

    `destination`: an id defined by the app that stores it; `body` is sent unchanged; `event` is the same in every
    attempt.
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
    """An attempt to deliver a message: the HTTP status, or why there was none."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="tries")
    at = models.DateTimeField("lúc")
    status = models.PositiveSmallIntegerField("trả lời", null=True)
    error = models.CharField("lỗi", max_length=200, blank=True)

    class Meta:
        verbose_name = "lần gửi"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.at}"
