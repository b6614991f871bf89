"""The tables of the open data: their columns with types and meanings, and what they refer to."""

from figures.measures import LABELS, MEASURES
from units.details import IN_FILES

from . import rows
from .schema import Column, Table

TEXT, WHOLE, DAY = "string", "integer", "date"
_TO_UNIT = ("units", "key")

TABLES = (
    Table(
        "units",
        "Đơn vị",
        (
            Column("key", TEXT, "Đơn vị (mã@ngày bắt đầu)", True),
            Column("code", TEXT, "Mã", True),
            Column("name", TEXT, "Tên", True),
            Column("kind", TEXT, "Loại", True, choices=("committee", "office", "external")),
            Column("tier", TEXT, "Cấp", choices=("country", "province", "district", "commune")),
            Column("parent", TEXT, "Đơn vị cấp trên"),
            Column("active_from", DAY, "Hoạt động từ ngày", True),
            Column("active_until", DAY, "Đến hết ngày"),
            Column("reports", TEXT, "Tự báo cáo (trống: theo cây đơn vị)", choices=("yes", "no")),
            *(Column(detail.name, TEXT, detail.label) for detail in IN_FILES),
        ),
        rows.units,
        ("key",),
        {"parent": ("", "key")},
    ),
    Table(
        "successions",
        "Kế thừa (sáp nhập, chia tách)",
        (
            Column("old_code", TEXT, "Đơn vị cũ", True),
            Column("new_code", TEXT, "Đơn vị kế thừa", True),
            Column("on", DAY, "Từ ngày", True),
            Column("share", TEXT, "Tỷ lệ (1, hoặc phân số như 1/3)", True),
            Column("basis", TEXT, "Căn cứ pháp lý"),
        ),
        rows.successions,
        ("old_code", "new_code", "on"),
        {"old_code": _TO_UNIT, "new_code": _TO_UNIT},
    ),
    Table(
        "fields",
        "Lĩnh vực",
        (Column("code", TEXT, "Mã", True), Column("name", TEXT, "Tên", True)),
        rows.fields,
        ("code",),
    ),
    Table(
        "procedures",
        "Thủ tục hành chính",
        (
            Column("code", TEXT, "Mã", True),
            Column("name", TEXT, "Tên", True),
            Column("field", TEXT, "Lĩnh vực", True),
        ),
        rows.procedures,
        ("code",),
        {"field": ("fields", "code")},
    ),
    Table(
        "catalogue",
        "Danh mục: ai báo cáo, từ ngày nào, qua hình thức nào",
        (
            Column("field", TEXT, "Mã lĩnh vực", True),
            Column("field_name", TEXT, "Lĩnh vực"),
            Column("procedure", TEXT, "Mã thủ tục"),
            Column("procedure_name", TEXT, "Thủ tục"),
            Column("tier", TEXT, "Cấp (trống: mọi cấp)"),
            Column("online_level", TEXT, "Mức độ trực tuyến", choices=("none", "partial", "full")),
            Column("posted", TEXT, "Niêm yết công khai", choices=("yes", "no")),
            Column("valid_from", DAY, "Áp dụng từ ngày", True),
            Column("valid_until", DAY, "Đến hết ngày"),
            Column("units", TEXT, "Đơn vị (trống: mọi đơn vị của cấp)"),
            Column("channels", TEXT, "Hình thức (trống: mọi hình thức)"),
        ),
        rows.catalogue,
        refers={"field": ("fields", "code"), "procedure": ("procedures", "code")},
    ),
    Table(
        "submissions",
        "Báo cáo tháng đã duyệt",
        (
            Column("unit", TEXT, "Đơn vị", True),
            Column("month", TEXT, "Tháng báo cáo", True),
            Column("due_on", DAY, "Hạn gửi", True),
            Column("edition", WHOLE, "Lần báo cáo", True),
            Column("sent_on", DAY, "Ngày gửi"),
            Column("approved_on", DAY, "Ngày duyệt"),
        ),
        rows.submissions,
        ("unit", "month"),
        {"unit": _TO_UNIT},
    ),
    Table(
        "counts",
        "Số hồ sơ theo tháng, lĩnh vực (trống: chưa báo cáo)",
        (
            Column("unit", TEXT, "Đơn vị", True),
            Column("month", TEXT, "Tháng báo cáo", True),
            Column("field", TEXT, "Mã lĩnh vực", True),
            Column("procedure", TEXT, "Mã thủ tục"),
            *(Column(name, WHOLE, LABELS[name], unit="hồ sơ") for name in MEASURES),
        ),
        rows.counts,
        refers={"unit": _TO_UNIT, "field": ("fields", "code"), "procedure": ("procedures", "code")},
    ),
    Table(
        "indicators",
        "Chỉ tiêu khác",
        (
            Column("code", TEXT, "Mã", True),
            Column("name", TEXT, "Tên", True),
            Column("group", TEXT, "Nhóm"),
            Column("numerator_name", TEXT, "Số đạt"),
            Column("denominator_name", TEXT, "Tổng số (trống: không phải tỷ lệ)"),
            Column("counted_in", TEXT, "Đơn vị tính"),
            Column("tier", TEXT, "Cấp"),
        ),
        rows.indicators,
        ("code",),
    ),
    Table(
        "indicator_values",
        "Giá trị chỉ tiêu khác",
        (
            Column("unit", TEXT, "Đơn vị", True),
            Column("indicator", TEXT, "Chỉ tiêu", True),
            Column("period", TEXT, "Kỳ", True),
            Column("numerator", WHOLE, "Số đạt"),
            Column("denominator", WHOLE, "Tổng số"),
            Column("target", "number", "Chỉ tiêu giao", unit="%"),
            Column("quoted", "number", "Số công bố"),
            Column("quoted_on", DAY, "Ngày công bố"),
        ),
        rows.indicator_values,
        ("unit", "indicator", "period"),
        {"unit": _TO_UNIT, "indicator": ("indicators", "code")},
    ),
    Table(
        "reviews",
        "Báo cáo sơ kết, tổng kết đã phát hành",
        (
            Column("id", WHOLE, "Số trong địa chỉ", True),
            Column("unit", TEXT, "Đơn vị", True),
            Column("period", TEXT, "Kỳ", True),
            Column("title", TEXT, "Tên", True),
            Column("number", TEXT, "Số, ký hiệu"),
            Column("issued_on", DAY, "Ngày phát hành"),
            Column("sha256", TEXT, "SHA-256 của số liệu đã chốt"),
            Column("data", TEXT, "Tệp số liệu đã chốt"),
        ),
        rows.reviews,
        ("id",),
        {"unit": _TO_UNIT},
    ),
)
