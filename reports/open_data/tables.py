"""The tables of the open data: columns with types and titles, and functions that iterate over their rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.timezone import localdate

from figures.measures import LABELS, MEASURES
from figures.periods import Month
from records.models import (
    DossierCount,
    Field,
    FieldScope,
    Indicator,
    IndicatorValue,
    Procedure,
    ProcedureScope,
    State,
    Submission,
)
from reports.models import Review, ReviewState
from units.models import Succession, Unit
from units.tree.details import IN_FILES, detail_texts
from units.tree.queries import unit_key

Row = tuple[Any, ...]

CHUNK = 2_000


def _keys() -> dict[int, str]:
    rows = Unit.objects.values_list("pk", "code", "active_from")
    return {pk: unit_key(code, start) for pk, code, start in rows.iterator(CHUNK)}


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def units() -> Iterator[Row]:
    """Units, parents first."""
    keys = _keys()
    for unit in Unit.objects.order_by("depth", "pk").iterator(CHUNK):
        yield (
            keys[unit.pk],
            unit.code,
            unit.name,
            unit.kind,
            unit.tier,
            keys.get(unit.parent_id, ""),
            _day(unit.active_from),
            _day(unit.active_until),
            _yes(unit.reports_declared),
            *detail_texts(unit, IN_FILES).values(),
        )


def successions() -> Iterator[Row]:
    """Successions by day."""
    keys = _keys()
    for succession in Succession.objects.order_by("on", "pk").iterator(CHUNK):
        top, bottom = succession.share_numerator, succession.share_denominator
        share = str(top) if bottom == 1 else f"{top}/{bottom}"
        yield (
            keys[succession.old_id],
            keys[succession.new_id],
            _day(succession.on),
            share,
            succession.legal_basis,
        )


def catalogue() -> Iterator[Row]:
    """Fields, then procedures, with the tiers, units, days and channels of their scopes."""
    keys = _keys()
    for scope in FieldScope.objects.select_related("field").prefetch_related("units").order_by("pk"):
        yield (scope.field.code, scope.field.name, "", "", scope.tier, "", "", *_dated(scope, keys))
    scopes = ProcedureScope.objects.select_related("procedure__field").prefetch_related("units")
    for scope in scopes.order_by("pk"):
        procedure = scope.procedure
        own = (procedure.field.code, procedure.field.name, procedure.code, procedure.name)
        yield *own, scope.tier, scope.online_level, _yes(scope.posted), *_dated(scope, keys)


def _dated(scope: Any, keys: Mapping[int, str]) -> Row:
    named = " ".join(keys[unit.pk] for unit in scope.units.all())
    return _day(scope.valid_from), _day(scope.valid_until), named, scope.channels


def fields() -> Iterator[Row]:
    """All fields, the undivided one too."""
    yield from Field.objects.values_list("code", "name").iterator(CHUNK)


def procedures() -> Iterator[Row]:
    """All procedures with their fields."""
    yield from Procedure.objects.values_list("code", "name", "field__code").iterator(CHUNK)


def submissions() -> Iterator[Row]:
    """Months with an approved edition: local days when due, sent and approved, without names."""
    keys = _keys()
    rows = Submission.objects.filter(editions__state=State.APPROVED).order_by("month", "unit")
    columns = ("unit", "month", "due_on", "editions__number", "editions__sent_at", "editions__decided_at")
    for unit, month, due, number, sent, decided in rows.values_list(*columns).iterator(CHUNK):
        days = (_day(localdate(moment)) if moment else "" for moment in (sent, decided))
        yield keys[unit], str(Month.from_number(month)), _day(due), number, *days


def counts() -> Iterator[Row]:
    """The counts of approved editions, as `import_counts` reads them."""
    keys = _keys()
    rows = DossierCount.objects.filter(edition__state=State.APPROVED, answered=True)
    rows = rows.order_by("edition__submission__month", "edition__submission__unit", "pk")
    columns = ("edition__submission__unit", "edition__submission__month", "field__code", "procedure__code")
    for unit, month, field_code, procedure, *numbers in rows.values_list(*columns, *MEASURES).iterator(CHUNK):
        yield keys[unit], str(Month.from_number(month)), field_code, procedure or "", *numbers


def indicators() -> Iterator[Row]:
    """The indicators beside dossier counts."""
    columns = ("code", "name", "group", "numerator_name", "denominator_name", "counted_in", "tier")
    yield from Indicator.objects.values_list(*columns).iterator(CHUNK)


def indicator_values() -> Iterator[Row]:
    """Reported indicator values."""
    keys = _keys()
    columns = (
        "unit",
        "indicator__code",
        "period",
        "numerator",
        "denominator",
        "target",
        "quoted",
        "quoted_on",
    )
    rows = IndicatorValue.objects.order_by("period", "unit", "indicator__code").values_list(*columns)
    for unit, code, period, *numbers, on in rows.iterator(CHUNK):
        yield keys[unit], code, period, *numbers, _day(on)


def reviews() -> Iterator[Row]:
    """Issued reviews; the frozen data of each is a file of its own."""
    keys = _keys()
    columns = ("pk", "unit", "period", "title", "number", "issued_on", "frozen_sha256")
    for pk, unit, period, title, number, on, sha in (
        Review.objects.filter(state=ReviewState.ISSUED).order_by("pk").values_list(*columns)
    ):
        yield pk, keys[unit], period, title, number, _day(on), sha, f"reviews/review-{pk}.json"


@dataclass(frozen=True)
class DataColumn:
    """A field of the schema; `unit` is its unit of measure."""

    name: str
    type: str
    title: str
    required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """The field in Table Schema."""
        schema: dict[str, Any] = {"name": self.name, "type": self.type, "title": self.title}
        if self.type in ("date", "datetime"):
            schema["format"] = "default"
        limits: dict[str, Any] = {"required": True} if self.required else {}
        if self.choices:
            limits["enum"] = list(self.choices)
        if self.type == "integer":
            limits["minimum"] = 0
        if limits:
            schema["constraints"] = limits
        return schema | ({"unit": self.unit} if self.unit else {})


@dataclass(frozen=True)
class DataTable:
    """A resource; `rows` is called when it is written."""

    name: str
    title: str
    fields: tuple[DataColumn, ...]
    rows: Callable[[], Iterator[Row]]
    key: tuple[str, ...] = ()
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.name}.csv"

    def resource(self) -> dict[str, Any]:
        """The resource in a Data Package descriptor."""
        schema: dict[str, Any] = {
            "fields": [column.described() for column in self.fields],
            "missingValues": [""],
        }
        if self.key:
            schema["primaryKey"] = list(self.key)
        if self.refers:
            schema["foreignKeys"] = [
                {"fields": [own], "reference": {"resource": table, "fields": [theirs]}}
                for own, (table, theirs) in self.refers.items()
            ]
        return {
            "name": self.name,
            "path": self.path,
            "title": self.title,
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "dialect": {"delimiter": ",", "lineTerminator": "\n", "header": True},
            "schema": schema,
        }


TEXT, WHOLE, DAY = "string", "integer", "date"
_TO_UNIT = ("units", "key")

TABLES = (
    DataTable(
        "units",
        "Đơn vị",
        (
            DataColumn("key", TEXT, "Đơn vị (mã@ngày bắt đầu)", True),
            DataColumn("code", TEXT, "Mã", True),
            DataColumn("name", TEXT, "Tên", True),
            DataColumn("kind", TEXT, "Loại", True, choices=("committee", "office", "external")),
            DataColumn("tier", TEXT, "Cấp", choices=("country", "province", "district", "commune")),
            DataColumn("parent", TEXT, "Đơn vị cấp trên"),
            DataColumn("active_from", DAY, "Hoạt động từ ngày", True),
            DataColumn("active_until", DAY, "Đến hết ngày"),
            DataColumn("reports", TEXT, "Tự báo cáo (trống: theo cây đơn vị)", choices=("yes", "no")),
            *(DataColumn(detail.name, TEXT, detail.label) for detail in IN_FILES),
        ),
        units,
        ("key",),
        {"parent": ("", "key")},
    ),
    DataTable(
        "successions",
        "Kế thừa (sáp nhập, chia tách)",
        (
            DataColumn("old_code", TEXT, "Đơn vị cũ", True),
            DataColumn("new_code", TEXT, "Đơn vị kế thừa", True),
            DataColumn("on", DAY, "Từ ngày", True),
            DataColumn("share", TEXT, "Tỷ lệ (1, hoặc phân số như 1/3)", True),
            DataColumn("basis", TEXT, "Căn cứ pháp lý"),
        ),
        successions,
        ("old_code", "new_code", "on"),
        {"old_code": _TO_UNIT, "new_code": _TO_UNIT},
    ),
    DataTable(
        "fields",
        "Lĩnh vực",
        (DataColumn("code", TEXT, "Mã", True), DataColumn("name", TEXT, "Tên", True)),
        fields,
        ("code",),
    ),
    DataTable(
        "procedures",
        "Thủ tục hành chính",
        (
            DataColumn("code", TEXT, "Mã", True),
            DataColumn("name", TEXT, "Tên", True),
            DataColumn("field", TEXT, "Lĩnh vực", True),
        ),
        procedures,
        ("code",),
        {"field": ("fields", "code")},
    ),
    DataTable(
        "catalogue",
        "Danh mục: ai báo cáo, từ ngày nào, qua hình thức nào",
        (
            DataColumn("field", TEXT, "Mã lĩnh vực", True),
            DataColumn("field_name", TEXT, "Lĩnh vực"),
            DataColumn("procedure", TEXT, "Mã thủ tục"),
            DataColumn("procedure_name", TEXT, "Thủ tục"),
            DataColumn("tier", TEXT, "Cấp (trống: mọi cấp)"),
            DataColumn("online_level", TEXT, "Mức độ trực tuyến", choices=("none", "partial", "full")),
            DataColumn("posted", TEXT, "Niêm yết công khai", choices=("yes", "no")),
            DataColumn("valid_from", DAY, "Áp dụng từ ngày", True),
            DataColumn("valid_until", DAY, "Đến hết ngày"),
            DataColumn("units", TEXT, "Đơn vị (trống: mọi đơn vị của cấp)"),
            DataColumn("channels", TEXT, "Hình thức (trống: mọi hình thức)"),
        ),
        catalogue,
        refers={"field": ("fields", "code"), "procedure": ("procedures", "code")},
    ),
    DataTable(
        "submissions",
        "Báo cáo tháng đã duyệt",
        (
            DataColumn("unit", TEXT, "Đơn vị", True),
            DataColumn("month", TEXT, "Tháng báo cáo", True),
            DataColumn("due_on", DAY, "Hạn gửi", True),
            DataColumn("edition", WHOLE, "Lần báo cáo", True),
            DataColumn("sent_on", DAY, "Ngày gửi"),
            DataColumn("approved_on", DAY, "Ngày duyệt"),
        ),
        submissions,
        ("unit", "month"),
        {"unit": _TO_UNIT},
    ),
    DataTable(
        "counts",
        "Số hồ sơ theo tháng, lĩnh vực (trống: chưa báo cáo)",
        (
            DataColumn("unit", TEXT, "Đơn vị", True),
            DataColumn("month", TEXT, "Tháng báo cáo", True),
            DataColumn("field", TEXT, "Mã lĩnh vực", True),
            DataColumn("procedure", TEXT, "Mã thủ tục"),
            *(DataColumn(name, WHOLE, LABELS[name], unit="hồ sơ") for name in MEASURES),
        ),
        counts,
        refers={"unit": _TO_UNIT, "field": ("fields", "code"), "procedure": ("procedures", "code")},
    ),
    DataTable(
        "indicators",
        "Chỉ tiêu khác",
        (
            DataColumn("code", TEXT, "Mã", True),
            DataColumn("name", TEXT, "Tên", True),
            DataColumn("group", TEXT, "Nhóm"),
            DataColumn("numerator_name", TEXT, "Số đạt"),
            DataColumn("denominator_name", TEXT, "Tổng số (trống: không phải tỷ lệ)"),
            DataColumn("counted_in", TEXT, "Đơn vị tính"),
            DataColumn("tier", TEXT, "Cấp"),
        ),
        indicators,
        ("code",),
    ),
    DataTable(
        "indicator_values",
        "Giá trị chỉ tiêu khác",
        (
            DataColumn("unit", TEXT, "Đơn vị", True),
            DataColumn("indicator", TEXT, "Chỉ tiêu", True),
            DataColumn("period", TEXT, "Kỳ", True),
            DataColumn("numerator", WHOLE, "Số đạt"),
            DataColumn("denominator", WHOLE, "Tổng số"),
            DataColumn("target", "number", "Chỉ tiêu giao", unit="%"),
            DataColumn("quoted", "number", "Số công bố"),
            DataColumn("quoted_on", DAY, "Ngày công bố"),
        ),
        indicator_values,
        ("unit", "indicator", "period"),
        {"unit": _TO_UNIT, "indicator": ("indicators", "code")},
    ),
    DataTable(
        "reviews",
        "Báo cáo sơ kết, tổng kết đã phát hành",
        (
            DataColumn("id", WHOLE, "Số trong địa chỉ", True),
            DataColumn("unit", TEXT, "Đơn vị", True),
            DataColumn("period", TEXT, "Kỳ", True),
            DataColumn("title", TEXT, "Tên", True),
            DataColumn("number", TEXT, "Số, ký hiệu"),
            DataColumn("issued_on", DAY, "Ngày phát hành"),
            DataColumn("sha256", TEXT, "SHA-256 của số liệu đã chốt"),
            DataColumn("data", TEXT, "Tệp số liệu đã chốt"),
        ),
        reviews,
        ("id",),
        {"unit": _TO_UNIT},
    ),
)
