"""One figure from every outlet: page, table, chart, CSV, XLSX, API, command, and the review's page, PDF, DOCX, XLSX,
news text and projection say the same (issue, section 5).
"""

import csv
import json
import re
import subprocess
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO, StringIO

import docx
import openpyxl
import pytest
from django.core.management import call_command

from reports.models import Review
from reports.tables.columns import COUNTS
from tests.support.page_text import squeezed

# tier: (dossiers in person, their share as printed, received online, its share, by post, its share)
EXPECTED = {
    "district": (463, "48.2", 496, "51.7", 1, "0.1"),
    "commune": (14_712, "87.4", 2_116, "12.6", 5, "0.03"),
}
NAMES = {"district": "Cấp huyện", "commune": "Cấp xã"}
CHANNELS = ("direct", "online", "postal")
ADDRESS = "?unit=351&period=2022-H1"


def printed(percent: str) -> str:
    return percent.replace(".", ",") + "%"


def grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def from_tiers(data: dict) -> dict:
    figures = {}
    for tier in data["tiers"]:
        shares = [tier["shares"][channel] for channel in CHANNELS]
        figures[tier["tier"]] = tuple(
            part for share in shares for part in (share["numerator"], share["percent"])
        )
    return figures


def test_api(reader):
    answer = reader("tonghop").get(f"/api/v1/summary{ADDRESS}")
    assert from_tiers(answer.json()) == EXPECTED


def test_command(demo):
    out = StringIO()
    call_command("summary", "--unit", "351", "--period", "2022-H1", "--format", "json", stdout=out)
    assert from_tiers(json.loads(out.getvalue())) == EXPECTED


def test_command_and_api_answer_the_same(reader):
    out = StringIO()
    call_command(
        "summary", "--unit", "351", "--period", "2022-H1", "--by", "unit", "--format", "json", stdout=out
    )
    answer = reader("tonghop").get(f"/api/v1/summary{ADDRESS}&by=unit")
    assert answer.json() == json.loads(out.getvalue())


@pytest.mark.parametrize("tier", EXPECTED)
def test_page(reader, tier):
    page = squeezed(reader("tonghop").get(f"/{ADDRESS}").content.decode())
    bar = re.search(rf'<b>{NAMES[tier]}</b>.*?<div class="share__vals">.*?</div>', page, re.S)[0]
    direct, direct_share, online, online_share, postal, postal_share = EXPECTED[tier]
    for number, share in ((direct, direct_share), (online, online_share), (postal, postal_share)):
        assert f"<b>{grouped(number)}</b>" in bar
        assert printed(share) in bar


def test_finding_names_both_tiers(reader):
    page = reader("tonghop").get("/").content.decode()
    heading = re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", page, re.S)[1])
    assert " ".join(heading.split()) == "Tỷ lệ hồ sơ trực tuyến: cấp huyện 51,7%, cấp xã 12,6%"


def test_chart(reader):
    data = reader("tonghop").get(f"/reports/charts/channels.json{ADDRESS}").json()
    for tier, expected in EXPECTED.items():
        place = data["labels"].index(f"{NAMES[tier]} 6T đầu 2022")
        sets = {dataset["label"]: dataset for dataset in data["datasets"]}
        plotted = [
            part
            for name in ("Trực tiếp", "Trực tuyến", "BCCI")
            for part in (sets[name]["counts"][place][0], sets[name]["data"][place])
        ]
        assert plotted == [part if isinstance(part, int) else float(part) for part in expected]
        assert sets["Trực tiếp"]["printed"][place] == printed(expected[1])


@pytest.mark.parametrize("more", ["", "&by=month", "&tier=commune", "&as_of=2022-06-15", "&basis=today"])
def test_the_page_holds_its_charts_as_their_addresses_give_them(reader, more):
    """So that the page needs no further request."""
    client, address = reader("tonghop"), ADDRESS + more
    page = client.get(f"/{address}").content.decode()
    embedded = re.findall(r'<script type="application/json">(.*?)</script>', page, re.S)
    charts = [client.get(f"/reports/charts/{name}.json{address}").json() for name in ("online", "channels")]
    assert [json.loads(text) for text in embedded] == charts
    assert [chart["told"] for chart in charts] == re.findall(
        r'<canvas role="img" aria-label="([^"]*)">', page
    )


def rows_of(tier: str) -> str:
    return f"{ADDRESS}&tier={tier}"


@pytest.mark.parametrize("tier", EXPECTED)
def test_table(reader, tier):
    page = reader("tonghop").get(f"/{rows_of(tier)}").content.decode()
    foot = re.sub(r"<[^>]+>", " ", re.search(r"<tfoot>(.*?)</tfoot>", page, re.S)[1])
    direct, _, online, online_share, postal, _ = EXPECTED[tier]
    figures = foot.split(" Liêm ")[1].split()
    assert figures[1:5] == [grouped(direct), grouped(online), grouped(postal), printed(online_share)]


@pytest.mark.parametrize("tier", EXPECTED)
def test_csv(reader, tier):
    body = reader("tonghop").get(f"/reports/dashboard.csv{rows_of(tier)}").content
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(body.decode("utf-8-sig"))))
    total = rows[-1]
    direct, direct_share, online, online_share, postal, postal_share = EXPECTED[tier]
    assert (int(total["Tiếp nhận trực tiếp"]), int(total["Tiếp nhận trực tuyến"])) == (direct, online)
    assert total["Tỷ lệ tiếp nhận trực tiếp (%)"] == printed(direct_share)
    assert total["Tỷ lệ hồ sơ trực tuyến (%)"] == printed(online_share)
    assert total["Tỷ lệ tiếp nhận qua bưu chính công ích (%)"] == printed(postal_share)
    assert sum(int(row["Tiếp nhận trực tiếp"]) for row in rows[:-1]) == direct


@pytest.mark.parametrize("tier", EXPECTED)
def test_xlsx(reader, tier):
    body = reader("tonghop").get(f"/reports/dashboard.xlsx{rows_of(tier)}").content
    sheet = openpyxl.load_workbook(BytesIO(body), data_only=True)["Số liệu"]
    heads = [cell.value for cell in sheet[3]]
    total = dict(zip(heads, sheet[sheet.max_row], strict=True))
    direct, direct_share, online, online_share, postal, postal_share = EXPECTED[tier]
    assert total["Tiếp nhận trực tiếp"].value == direct
    assert total["Tiếp nhận trực tuyến"].value == online
    for title, share in (
        ("Tỷ lệ tiếp nhận trực tiếp (%)", direct_share),
        ("Tỷ lệ hồ sơ trực tuyến (%)", online_share),
        ("Tỷ lệ tiếp nhận qua bưu chính công ích (%)", postal_share),
    ):
        cell = total[title]
        decimals = len(cell.number_format.removesuffix("%").partition(".")[2])
        shown = (Decimal(cell.value) * 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        assert str(shown) == share


def test_xlsx_formulas_give_what_is_cached(reader):
    body = reader("tonghop").get(f"/reports/dashboard.xlsx{ADDRESS}").content
    live = openpyxl.load_workbook(BytesIO(body))["Số liệu"]
    cached = openpyxl.load_workbook(BytesIO(body), data_only=True)["Số liệu"]
    checked = 0
    for row in live.iter_rows(min_row=4):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith("=SUM("):
                assert cached[cell.coordinate].value == total_of(cached, cell.value[5:-1])
                checked += 1
    assert checked > len(COUNTS)


def total_of(sheet, cells: str) -> int:
    """SUM of a range or a list of cells; blanks count as 0."""
    if ":" in cells:
        values = [cell.value for line in sheet[cells] for cell in line]
    else:
        values = [sheet[name].value for name in cells.split(",")]
    return sum(value for value in values if isinstance(value, int))


def row_of_review(tier: str) -> list[str]:
    """The tier's line in the table of the review: total, then number and share of each channel."""
    direct, direct_share, online, online_share, postal, postal_share = EXPECTED[tier]
    cells = ((direct, direct_share), (online, online_share), (postal, postal_share))
    total = grouped(direct + online + postal)
    return [total, *(text for number, share in cells for text in (grouped(number), printed(share)))]


@pytest.mark.parametrize("tier", EXPECTED)
def test_review_page(reader, tier):
    page = reader("tonghop").get(f"/reports/reviews/{Review.objects.get().pk}/").content.decode()
    table = page[page.index("Tiếp nhận hồ sơ theo cấp, so với cùng kỳ</caption>") :]
    row = re.search(rf'<th scope="row">{NAMES[tier]}</th>(.*?)</tr>', table, re.S)[1]
    assert re.sub(r"<[^>]+>", " ", row).split()[:7] == row_of_review(tier)


@pytest.mark.parametrize("tier", EXPECTED)
def test_review_pdf(reader, tier, tmp_path):
    path = tmp_path / "review.pdf"
    path.write_bytes(reader("tonghop").get(f"/reports/reviews/{Review.objects.get().pk}.pdf").content)
    text = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True
    ).stdout
    table = text[text.index("Tiếp nhận hồ sơ theo cấp, so với cùng kỳ") :]
    assert re.search(rf"{NAMES[tier]} +\d+/\d+ +(.*)", table)[1].split()[:7] == row_of_review(tier)


def from_review(reader, end: str) -> bytes:
    answer = reader("tonghop").get(f"/reports/reviews/{Review.objects.get().pk}{end}")
    assert answer.status_code == 200
    return answer.content


@pytest.mark.parametrize("tier", EXPECTED)
def test_review_docx(reader, tier):
    tables = docx.Document(BytesIO(from_review(reader, ".docx"))).tables
    rows = [[cell.text for cell in row.cells] for table in tables for row in table.rows]
    assert next(row for row in rows if row[0] == NAMES[tier])[2:9] == row_of_review(tier)


@pytest.mark.parametrize("tier", EXPECTED)
def test_review_xlsx(reader, tier):
    book = openpyxl.load_workbook(BytesIO(from_review(reader, ".xlsx")), data_only=True)
    heads = [cell.value for cell in book["Theo đơn vị"][3]]
    rows = [dict(zip(heads, row, strict=True)) for row in book["Theo đơn vị"].iter_rows(min_row=4)]
    row = next(row for row in rows if row["Đơn vị"].value == NAMES[tier])
    compared = [[cell.value for cell in line] for line in book["So sánh"].iter_rows(min_row=4)]
    direct, direct_share, online, online_share, postal, postal_share = EXPECTED[tier]
    for title, number, name, share in (
        ("Tiếp nhận trực tiếp", direct, "Tỷ lệ tiếp nhận trực tiếp", direct_share),
        ("Tiếp nhận trực tuyến", online, "Tỷ lệ hồ sơ trực tuyến", online_share),
        ("Tiếp nhận qua bưu chính công ích", postal, "Tỷ lệ tiếp nhận qua bưu chính công ích", postal_share),
    ):
        cell = row[f"{name} (%)"]
        decimals = len(cell.number_format.removesuffix("%").partition(".")[2])
        half_up = (Decimal(cell.value) * 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        assert (row[title].value, str(half_up)) == (number, share)
        line = next(cells for cells in compared if cells[:2] == [name, NAMES[tier]])
        assert (line[2], line[3], line[4]) == (number, direct + online + postal, cell.value)


@pytest.mark.parametrize("tier", EXPECTED)
def test_review_news(reader, tier):
    text = from_review(reader, ".txt").decode()
    sentence = text[text.index(f"{NAMES[tier]} tiếp nhận ") :].partition("\r\n")[0]
    figures = re.findall(r"\d[\d.,]*%?", sentence.replace("(mức độ 3, 4)", ""))
    assert [figure.rstrip(".,") for figure in figures] == row_of_review(tier)


@pytest.mark.parametrize("tier", EXPECTED)
def test_review_projection(reader, tier):
    page = from_review(reader, "/projection/").decode()
    slide = page[page.index(f'data-figure="now.{tier}.share.online">') :].partition("</section>")[0]
    direct, _, online, online_share, postal, _ = EXPECTED[tier]
    words = re.sub(r"<[^>]+>", " ", slide)
    assert words.split(">", 1)[1].split()[0] == printed(online_share)
    assert f"{grouped(online)}/{grouped(direct + online + postal)} hồ sơ" in words
    for name, number in (("Trực tiếp", direct), ("Trực tuyến", online), ("Bưu chính", postal)):
        assert f"{name} {grouped(number)}" in " ".join(words.split())
