"""Models of units: the dated tree, successions, tables derived from both, memberships, tokens and receivers."""

from datetime import date, datetime
from typing import Self

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from accounts.models import User
from core.text import fold


class Tier(models.TextChoices):
    """A label on the unit, never a rule in code: the district tier ended on 1 July 2025."""

    COUNTRY = "country", "Cả nước"
    PROVINCE = "province", "Cấp tỉnh"
    DISTRICT = "district", "Cấp huyện"
    COMMUNE = "commune", "Cấp xã"


class UnitKind(models.TextChoices):
    COMMITTEE = "committee", "Ủy ban nhân dân"
    OFFICE = "office", "Phòng, ban"
    EXTERNAL = "external", "Cơ quan ngoài ủy ban"


def subtree(path: str, column: str = "path") -> Q:
    """Condition on a path column: that unit and everything below it, by an index on either database.

    SQLite's LIKE cannot use the index, so there the prefix is a range ("0" follows "/"). PostgreSQL has an index for
    prefixes; a range would compare by the collation.
    """
    if connection.vendor == "sqlite":
        return Q(**{f"{column}__gte": path, f"{column}__lt": path[:-1] + "0"})
    return Q(**{f"{column}__startswith": path})


def key_on(code: str, last: date | None, day: date) -> str:
    """A unit's key in results read on `day`: its code, or CODE@last-day once the unit is closed."""
    return f"{code}@{last.isoformat()}" if last is not None and last < day else code


def active(start: date, end: date) -> Q:
    """Condition: the unit exists on at least one day of start..end, both inclusive."""
    return (Q(active_until=None) | Q(active_until__gte=start)) & Q(active_from__lte=end)


def expected_within(start: date, end: date) -> Q:
    """Condition: the unit is expected to report for a month from start to end (as `Unit.expected_to_report`)."""
    still = Q(reports_until=None) | Q(reports_until__gte=start)
    return Q(reports=True) & active(start, end) & still


class UnitQuerySet(models.QuerySet):
    def under(self, unit: "Unit") -> Self:
        """The unit itself and everything below it."""
        return self.filter(subtree(unit.path))

    def active_within(self, start: date, end: date) -> Self:
        """Units that exist on at least one day of start..end, both inclusive."""
        return self.filter(active(start, end))

    def active_on(self, day: date) -> Self:
        return self.active_within(day, day)

    def reporting(self) -> Self:
        """Units that report on some day: a group only before it had children."""
        return self.filter(reports=True)

    def first_by_name(self, most: int) -> Self:
        """The first `most` units by name."""
        # Not by the bare column: because of the limit PostgreSQL would walk the index of all names.
        return self.order_by(Coalesce("folded", models.Value("")), "pk")[:most]

    def with_until(self) -> Self:
        """Annotates `until`: `Unit.reporting_ends`, for queries that do not instantiate units."""
        return self.annotate(until=Coalesce("reports_until", "active_until"))

    def expected_within(self, start: date, end: date) -> Self:
        """Units expected to report for a month from start to end (as `Unit.expected_to_report`)."""
        return self.filter(expected_within(start, end))


class Unit(models.Model):
    """A unit for a span of time. It never moves and is never renamed in place: it closes, and a successor opens.

    `code` is text and may be re-used by another unit: unique only together with dates (checked by units.tree.rules).
    `path`: the ids of the ancestors and of the unit itself, "/1/7/23/".
    """

    code = models.CharField("mã", max_length=64, db_index=True)
    name = models.CharField("tên", max_length=200)
    folded = models.CharField(max_length=300, editable=False, db_index=True)
    kind = models.CharField("loại", max_length=16, choices=UnitKind)
    tier = models.CharField("cấp", max_length=16, choices=Tier)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=200, editable=False, db_index=True)
    depth = models.PositiveSmallIntegerField(editable=False, default=0)
    active_from = models.DateField("hoạt động từ ngày")
    active_until = models.DateField("đến hết ngày", null=True, blank=True)
    reports_declared = models.BooleanField("tự báo cáo", null=True, blank=True)
    reports = models.BooleanField(editable=False, default=True)
    # The last day on which a unit that became a group reports itself; null: as long as it is active.
    reports_until = models.DateField(editable=False, null=True)
    has_children = models.BooleanField(editable=False, default=False)
    legal_basis = models.CharField("căn cứ", max_length=300, blank=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = "đơn vị"
        ordering = ["path"]
        constraints = [
            models.CheckConstraint(
                name="unit_dates_in_order",
                condition=Q(active_until=None) | Q(active_until__gte=F("active_from")),
                violation_error_message="Ngày kết thúc hoạt động phải từ ngày bắt đầu trở đi.",
            ),
            models.UniqueConstraint(
                name="unit_code_and_start",
                fields=["code", "active_from"],
                violation_error_message="Mã này đã có đơn vị bắt đầu cùng ngày.",
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "active_from"], name="unit_children"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs) -> None:
        self.folded = fold(self.name)
        super().save(*args, **kwargs)

    @property
    def external(self) -> bool:
        return self.kind == UnitKind.EXTERNAL

    def ancestor_ids(self) -> list[int]:
        """Ids of the ancestors from the root down, without the unit itself."""
        return [int(part) for part in self.path.strip("/").split("/")[:-1]]

    def is_over(self, day: date) -> bool:
        return self.active_until is not None and self.active_until < day

    @property
    def reporting_ends(self) -> date | None:
        """The last day on which the unit itself reports: its own last day, or the day before it became a group."""
        ends = [day for day in (self.active_until, self.reports_until) if day is not None]
        return min(ends, default=None)

    def expected_to_report(self, start: date, end: date) -> bool:
        """Whether the unit is expected to report for a month from start to end, both inclusive."""
        last = self.reporting_ends
        return self.reports and self.active_from <= end and (last is None or last >= start)

    def key_on(self, day: date) -> str:
        """The unit's key in results read on `day`."""
        return key_on(self.code, self.active_until, day)


class Succession(models.Model):
    """Old unit → new unit with a share (numerator ÷ denominator). The shares of an old unit sum to 1."""

    old = models.ForeignKey(Unit, models.PROTECT, related_name="successors")
    new = models.ForeignKey(Unit, models.PROTECT, related_name="predecessors")
    on = models.DateField("từ ngày")
    share_numerator = models.PositiveIntegerField(default=1)
    share_denominator = models.PositiveIntegerField(default=1)
    legal_basis = models.CharField("căn cứ", max_length=300, blank=True)

    class Meta:
        verbose_name = "kế thừa"
        ordering = ["on", "id"]
        constraints = [
            models.UniqueConstraint(name="succession_once", fields=["old", "new", "on"]),
            models.CheckConstraint(
                name="succession_share_up_to_one",
                condition=Q(share_numerator__gte=1) & Q(share_numerator__lte=F("share_denominator")),
                violation_error_message="Tỷ lệ kế thừa phải lớn hơn 0 và không quá 1.",
            ),
        ]


class RosterStep(models.Model):
    """How many reporting units below `group` open and close on a day, so that the reports expected in any month are a
    sum over a few rows. Derived: written by units.tree.roster.
    """

    group = models.ForeignKey(Unit, models.CASCADE, related_name="roster_steps")
    tier = models.CharField(max_length=16, choices=Tier)
    external = models.BooleanField()
    on = models.DateField(help_text="first day of those that open, last day of those that close")
    opened = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="roster_step_once", fields=["group", "tier", "external", "on"])
        ]


class Inherited(models.Model):
    """Whose reports are part of whose history, by day; the columns are those of units.succession.lineage.HistorySpan.

    Derived: written by units.succession.stored_lineage. Without rows, a unit's history is its own reports, and a
    group's is everything below it.
    """

    heir = models.ForeignKey(Unit, models.CASCADE, related_name="inherits")
    whole = models.BooleanField()
    source = models.ForeignKey(Unit, models.CASCADE, related_name="inherited_by")
    sums = models.BooleanField()
    tier = models.CharField(max_length=16, choices=Tier)
    into = models.CharField(max_length=16, choices=Tier)
    external = models.BooleanField()
    since = models.DateField()
    until = models.DateField()
    # A fraction such as 1/3, as text: along a chain of splits it outgrows any integer column.
    share = models.TextField(default="1")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="inherited_once",
                fields=["heir", "whole", "source", "sums", "tier", "into", "external", "since"],
            ),
        ]


class Place(models.Model):
    """The position of a closed unit in the tree, by day; the columns are those of
    units.succession.positions.UnitPosition. Derived: written by units.succession.positions.
    """

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="places")
    path = models.CharField(max_length=220, db_index=True)
    within = models.CharField(max_length=220, blank=True, db_index=True)
    since = models.DateField()
    until = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(name="place_once", fields=["unit", "since"])]


class Role(models.TextChoices):
    VIEWER = "viewer", "Xem"
    CLERK = "clerk", "Nhập số liệu"
    REVIEWER = "reviewer", "Duyệt số liệu"
    EDITOR = "editor", "Tổng hợp báo cáo"
    LEADER = "leader", "Lãnh đạo"
    ADMINISTRATOR = "administrator", "Quản trị"


class AccountOrigin(models.Model):
    """The unit where an account was created: its administrators manage the account until it has a role. Accounts
    without an origin are managed by administrators of the root.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="origin")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="+", db_index=False)

    class Meta:
        verbose_name = "nơi lập tài khoản"


class MembershipQuerySet(models.QuerySet):
    def valid_on(self, day: date) -> Self:
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)


class Membership(models.Model):
    """A user's role in a unit and its whole subtree (for what a role may do see units.access.queries)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="memberships")
    role = models.CharField("vai trò", max_length=16, choices=Role)
    valid_from = models.DateField("từ ngày")
    valid_until = models.DateField("đến hết ngày", null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "phân quyền"
        constraints = [
            models.UniqueConstraint(
                name="membership_once",
                fields=["user", "unit", "role"],
                condition=Q(valid_until=None),
                violation_error_message="Người này đã có vai trò đó ở đơn vị.",
            ),
            models.CheckConstraint(
                name="membership_dates_in_order",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                violation_error_message="Ngày hết quyền phải từ ngày bắt đầu trở đi.",
            ),
        ]


class TokenScope(models.TextChoices):
    """What a token permits, within its unit's subtree."""

    FIGURES = "figures", "Xem số liệu tổng hợp, đơn vị, kỳ báo cáo, danh mục"
    SUBMISSIONS = "submissions", "Xem báo cáo tháng"
    REVIEWS = "reviews", "Xem báo cáo sơ kết, tổng kết"
    WRITE = "write", "Nhập và gửi báo cáo tháng"


class TokenQuerySet(models.QuerySet):
    def valid_at(self, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at)


class Token(models.Model):
    """A system's key to the API, for a unit and everything below it. Only the SHA-256 of the secret is stored.

    `scopes` are separated by spaces. `created_by` counts as the author of what the token enters, so that nobody
    approves their own figures; null for tokens from before the column existed.
    """

    name = models.CharField("tên hệ thống", max_length=100)
    unit = models.ForeignKey("units.Unit", models.PROTECT, related_name="tokens")
    scopes = models.CharField("được làm", max_length=100)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField("cấp lúc")
    expires_at = models.DateTimeField("hết hạn")
    revoked_at = models.DateTimeField("thu hồi lúc", null=True)
    last_used_at = models.DateTimeField("dùng lần cuối", null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = "khóa truy cập"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="token_expires_later",
                condition=Q(expires_at__gt=F("created_at")),
                violation_error_message="Khóa truy cập phải hết hạn sau khi được cấp.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def granted(self) -> frozenset[str]:
        """The scopes as a set."""
        return frozenset(self.scopes.split())

    def is_valid(self, at: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > at


class System:
    """Another system that acts by a token; takes the place of a user in `request.user` and `by=`.

    Its name contains a space and brackets, which no sign-in name can.
    """

    pk = None
    is_authenticated = is_active = True
    is_anonymous = must_change_password = False

    def __init__(self, token: Token) -> None:
        self.token = token

    def get_username(self) -> str:
        return f"{self.token.name} (API)"

    def __str__(self) -> str:
        return self.get_username()


class Receiver(models.Model):
    """A higher system that is notified when months of a unit or of anything below it are approved.

    The secret for its signatures is derived from `nonce` (units.push) and stored nowhere.
    """

    name = models.CharField("tên hệ thống", max_length=100)
    unit = models.ForeignKey("units.Unit", models.PROTECT, related_name="receivers")
    url = models.CharField("địa chỉ", max_length=300)
    nonce = models.CharField(max_length=64)
    created_at = models.DateTimeField("ghi lúc")
    stopped_at = models.DateTimeField("ngừng lúc", null=True)

    class Meta:
        verbose_name = "nơi nhận số liệu"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
