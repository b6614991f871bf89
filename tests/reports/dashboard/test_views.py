"""The dashboard page: links down to the submission, units without reports, search, rights; and compression."""

import gzip
import re

import pytest
from django.core.management import call_command

from records.models import Submission


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def get(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def links(page: str, words: str) -> list[str]:
    return [href.replace("&amp;", "&") for href in re.findall(rf'<a href="([^"]+)">{words}</a>', page)]


def test_the_way_down_to_the_submission(reader):
    client = reader("tonghop")
    district = get(client, "/?unit=351&period=2022-H1")
    (commune_link,) = links(district, "xã Thanh Tân")
    commune = get(client, "/" + commune_link)
    assert "Người nhập" in commune
    (field_link,) = links(commune, "Chứng thực")
    field = get(client, "/" + field_link)
    assert "Chỉ lĩnh vực: <b>Chứng thực</b>" in field
    submission = Submission.objects.get(unit__code="13477", month=202206)
    assert f'<a href="/records/{submission.pk}/">tháng 6/2022</a>' in field
    assert client.get(f"/records/{submission.pk}/").status_code == 200


def test_crumbs_lead_up_only_to_what_may_be_seen(reader):
    assert "huyện Thanh Liêm</a>" in get(reader("tonghop"), "/?unit=13477&period=2022-H1")
    assert 'class="crumbs"' not in get(reader("xa-13474"), "/")


def test_silent_units_stand_apart_and_never_rank_as_zero(reader):
    page = get(reader("tonghop"), "/?unit=351&period=2022-M07&tier=commune")
    ranked, apart = page.split("Chưa đủ báo cáo, không xếp hạng (6)")
    for name in ("xã Liêm Túc", "xã Thanh Tâm"):
        assert name not in ranked.split('<table class="t t--stack">')[-1]
        row = re.search(rf"<tr><th[^>]*><a[^>]*>{name}</a>.*?</tr>", apart, re.S)[0]
        assert "0%" not in text_of(row) and "—" in row and "0/1" in row
    assert "10/16 đơn vị" in text_of(page)


def test_with_what_waits_for_approval_fewer_are_silent(reader):
    page = get(reader("tonghop"), "/?unit=351&period=2022-M07&tier=commune&include=submitted")
    assert "Chưa đủ báo cáo, không xếp hạng (3)" in page
    assert "Gồm cả số liệu chưa duyệt" in page


@pytest.mark.parametrize(
    ("q", "expected"), [("thanh tan", ["xã Thanh Tân"]), ("KIEN", ["thị trấn Kiện Khê"]), ("zzz", [])]
)
def test_search_without_diacritics(reader, q, expected):
    page = get(reader("tonghop"), f"/?unit=351&period=2022-H1&q={q}")
    body = page.split('id="h-rows"')[1].split("<tfoot>")[0]
    names = re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', body)
    assert names == expected
    if not expected:
        assert "Không có dòng nào khớp" in page


@pytest.mark.parametrize(
    ("sort", "first"),
    [("-received", "thị trấn Kiện Khê"), ("received", "xã Liêm Túc"), ("name", "thị trấn Kiện Khê")],
)
def test_sorting_keeps_the_view(reader, sort, first):
    page = get(reader("tonghop"), f"/?unit=351&period=2022-H1&tier=commune&sort={sort}")
    body = page.split('id="h-rows"')[1]
    assert re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', body)[0] == first
    assert "aria-sort=" in body
    assert "tier=commune&amp;sort=" in body


def test_target_and_last_year(reader):
    page = text_of(get(reader("tonghop"), "/?unit=351&period=2022-H1"))
    assert "Đúng hạn: cấp xã đạt, cấp huyện chưa đạt" in page
    assert "Thiếu 0,4 điểm" in page
    assert "6,9% so với cùng kỳ (16.649)" in page
    # Points are the difference of the printed rates: 14,7 − 8,4.
    assert "6,3 điểm so với cùng kỳ (8,4%)" in page


def test_levels_are_named_as_they_were_called_then(reader):
    client = reader("tonghop")
    assert "mức độ 3" in get(client, "/?unit=351&period=2022-H1")
    # October 2022 ends after 15 August 2022; without figures the file still names its columns.
    later = client.get("/reports/dashboard.csv?unit=351&period=2022-M10").content.decode()
    assert "một phần" in later and "mức độ" not in later


def test_external_bodies_are_never_mixed_in_silently(reader):
    client = reader("tonghop")
    without = client.get("/api/v1/summary?unit=351&period=2022-H1").json()["total"]["counts"]["received"]
    with_them = client.get("/api/v1/summary?unit=351&period=2022-H1&external=1").json()["total"]["counts"][
        "received"
    ]
    assert without == 17_793 < with_them
    assert "Có tính cơ quan ngoài Ủy ban nhân dân" in get(client, "/?unit=351&period=2022-H1&external=1")


def test_rows_of_one_field_add_up_to_that_field(reader):
    client = reader("tonghop")
    by_field = client.get("/api/v1/summary?unit=351&period=2022-H1&by=field").json()["rows"]
    field_row = next(row for row in by_field if row["key"] == "chung-thuc")
    body = client.get(
        "/reports/dashboard.csv?unit=351&period=2022-H1&field=chung-thuc&by=unit"
    ).content.decode()
    total = body.strip().splitlines()[-1].split(",")
    assert int(total[4]) == field_row["counts"]["received_direct"]


def test_commands_of_other_rooms_agree_with_their_sums(demo):
    call_command("recount", "--check")


@pytest.mark.parametrize("more", ["", "&by=unit", "&by=month"])
def test_the_link_to_the_api_asks_once_by_what(reader, more):
    text = reader("tonghop").get(f"/?unit=351&period=2022-H1{more}").content.decode()
    (link,) = re.findall(r'href="/api/v1/summary\?([^"]*)"', text)
    assert link.count("by=") == 1 and (more.removeprefix("&") or "by=unit") in link


ADDRESS = "?unit=351&period=2022-H1"
GZIP = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}


@pytest.mark.parametrize("path", ["/", "/reports/charts/online.json", "/records/"])
def test_a_page_comes_in_less_than_a_third_of_its_bytes(reader, path):
    client, address = reader("tonghop"), path if path == "/records/" else f"{path}{ADDRESS}"
    plain, small = client.get(address), client.get(address, **GZIP)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in small.headers["Vary"]
    assert int(small.headers["Content-Length"]) == len(small.content) < len(plain.content) / 3
    # Up to the CSRF token, which is masked differently on each page.
    same = gzip.decompress(small.content).decode().split("csrf", 1)[0]
    assert same == plain.content.decode().split("csrf", 1)[0]


def test_the_length_of_a_page_does_not_tell_what_stands_in_it(reader):
    """Random padding, so that repeated requests reveal nothing by their length (BREACH)."""
    client = reader("tonghop")
    assert len({len(client.get(f"/{ADDRESS}", **GZIP).content) for _ in range(20)}) > 5


@pytest.mark.parametrize("path", ["/reports/dashboard.xlsx", "/reports/dashboard.csv", "/api/v1/summary"])
def test_files_and_answers_with_a_tag_go_as_they_are(reader, path):
    answer = reader("tonghop").get(f"{path}{ADDRESS}", **GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
    assert not answer.headers.get("ETag", "").startswith("W/")
