"""The tables of the open data: columns with types and meanings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from figures.measures import LABELS, MEASURES
from units.tree.details import IN_FILES

from . import rows
from .rows import Row


@dataclass(frozen=True)
class DataColumn:
    """A field of the schema: `unit` is what it is counted in."""

    name: str
    type: str
    title: str
    required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """As Table Schema has it."""
        found: dict[str, Any] = {"name": self.name, "type": self.type, "title": self.title}
        if self.type in ("date", "datetime"):
            found["format"] = "default"
        limits: dict[str, Any] = {"required": True} if self.required else {}
        if self.choices:
            limits["enum"] = list(self.choices)
        if self.type == "integer":
            limits["minimum"] = 0
        if limits:
            found["constraints"] = limits
        return found | ({"unit": self.unit} if self.unit else {})


@dataclass(frozen=True)
class DataTable:
    """A resource: its rows are read when it is written."""

    name: str
    title: str
    fields: tuple[DataColumn, ...]
    rows: Callable[[], Iterator[Row]]
    key: tuple[str, ...] = ()
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its file."""
        return f"{self.name}.csv"

    def resource(self) -> dict[str, Any]:
        """As a Data Package lists it."""
        schema: dict[str, Any] = {
            "fields": [one.described() for one in self.fields],
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
        rows.units,
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
        rows.successions,
        ("old_code", "new_code", "on"),
        {"old_code": _TO_UNIT, "new_code": _TO_UNIT},
    ),
    DataTable(
        "fields",
        "Lĩnh vực",
        (DataColumn("code", TEXT, "Mã", True), DataColumn("name", TEXT, "Tên", True)),
        rows.fields,
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
        rows.procedures,
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
        rows.catalogue,
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
        rows.submissions,
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
        rows.counts,
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
        rows.indicators,
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
        rows.indicator_values,
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
        rows.reviews,
        ("id",),
        {"unit": _TO_UNIT},
    ),
)
