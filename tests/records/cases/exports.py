"""Generated exports of one-stop systems, and an independent count of them that shares no code with the product."""

import csv
import io
from collections import Counter
from datetime import datetime, timedelta
from random import Random

import openpyxl

NAMES = (
    "Nguyễn Thị Trồng Cây",
    "0912345678",
    "Thôn Văn Lâm, xã Thanh Hà",
    "035198001234",
    "trongcay@example.vn",
)
HEADS = (
    "STT", "Số hồ sơ", "Họ và tên người nộp", "Số điện thoại", "Địa chỉ", "Số CCCD", "Thư điện tử", "Tên thủ tục",
    "Lĩnh vực", "Ngày tiếp nhận", "Hình thức tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả", "Hình thức trả kết quả",
    "Trạng thái",
)  # fmt: skip
TITLE = ["DANH SÁCH HỒ SƠ"]
CHANNELS = {
    "Trực tiếp": "direct",
    "Trực tuyến toàn trình": "online_full",
    "Mức độ 3": "online_partial",
    "Bưu chính": "postal",
}
RETURNS = {"Tại bộ phận một cửa": "direct", "Trực tuyến": "online", "Qua bưu điện": "postal"}
FIELDS = ("chung-thuc", "ho-tich")
FORM = "%d/%m/%Y %H:%M"
# The reporting month of the tests: July 2022, from 15 June to 14 July.
START, CUT = datetime(2022, 6, 15), datetime(2022, 7, 15)


def rows(number: int = 120, seed: int = 1) -> list[list[str]]:
    """Dossiers around July 2022."""
    chance, made = Random(seed), []
    for place in range(1, number + 1):
        field = chance.choice(FIELDS)
        came = datetime(2022, 5, 25) + timedelta(minutes=chance.randrange(60 * 24 * 55))
        due = came + timedelta(days=chance.randrange(1, 12), minutes=chance.randrange(500))
        state = chance.choice(
            ["Đang xử lý", "Chờ bổ sung", "Đã trả kết quả", "Đã trả kết quả", "Công dân rút hồ sơ"]
        )
        ended = came + timedelta(days=chance.randrange(0, 20), minutes=chance.randrange(500))
        over = state in ("Đã trả kết quả", "Công dân rút hồ sơ")
        channels = [channel for channel in CHANNELS if field != "chung-thuc" or channel != "Bưu chính"]
        returns = [way for way in RETURNS if field != "chung-thuc" or way != "Qua bưu điện"]
        made.append(
            [
                str(place), f"H42.7-{came:%y%m%d}-{place:04}", *NAMES, f"Thủ tục của {field}", field,
                came.strftime(FORM), chance.choice(channels), due.strftime(FORM), ended.strftime(FORM) if over else "",
                chance.choice(returns) if state == "Đã trả kết quả" else "", state,
            ]
        )  # fmt: skip
    return made


def as_csv(lines: list[list[str]], heads=HEADS, sign: str = ";") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sign)
    writer.writerows([TITLE, [], list(heads), *lines])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(lines: list[list[str]], heads=HEADS, style: str = "dd/mm/yyyy hh:mm") -> bytes:
    """A workbook with date-time cells and a merged title."""
    book = openpyxl.Workbook()
    sheet = book.active
    for line in [TITLE, [], list(heads), *lines]:
        sheet.append(line)
    for row in sheet.iter_rows(min_row=4):
        for head, cell in zip(heads, row, strict=False):
            if head.startswith("Ngày ") and cell.value:
                cell.value = datetime.strptime(cell.value, FORM)
                cell.number_format = style
    sheet.merge_cells("A1:C1")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_serials(lines: list[list[str]]) -> bytes:
    """The same with unformatted date cells, that is plain numbers."""
    return as_xlsx(lines, style="General")


def counted(lines: list[list[str]]) -> dict[str, Counter]:
    """The measures of July by field, from the texts alone."""
    by_field = {field: Counter() for field in FIELDS}
    for line in lines:
        row = dict(zip(HEADS, line, strict=True))
        measures = by_field[row["Lĩnh vực"]]
        came, due = (datetime.strptime(row[head], FORM) for head in ("Ngày tiếp nhận", "Ngày hẹn trả"))
        ended = datetime.strptime(row["Ngày trả kết quả"], FORM) if row["Ngày trả kết quả"] else datetime.max
        if came >= CUT or ended < START:
            continue
        measures["received_" + CHANNELS[row["Hình thức tiếp nhận"]] if came >= START else "opening"] += 1
        if ended >= CUT:
            waits = row["Trạng thái"] == "Chờ bổ sung"
            measures["awaiting" if waits else "pending_in_time" if due >= CUT else "pending_late"] += 1
        elif row["Trạng thái"] == "Công dân rút hồ sơ":
            measures["withdrawn"] += 1
        else:
            same_day = ended.date() == due.date()
            measures[
                "resolved_late" if ended > due else "resolved_on_time" if same_day else "resolved_early"
            ] += 1
            measures["returned_" + RETURNS[row["Hình thức trả kết quả"]]] += 1
    return by_field
