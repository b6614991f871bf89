"""Search for a unit by its name without diacritics; the result opens in the same view."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.page_text import shows
from tests.units.succession import successions
from units.lifecycle import actions
from units.models import Unit
from units.tree.rules import UnitDraft

pytestmark = pytest.mark.django_db
VIEW = "unit=351&period=2022-Q2&external=1"


@pytest.fixture
def page(reader):
    return reader("tonghop").get


def listed_units(text: str) -> dict[str, str]:
    """Links by name."""
    pairs = re.findall(r'<th scope="row"><a href="([^"]*)">([^<]*)</a>', text)
    return {name: href.replace("&amp;", "&") for href, name in pairs}


def test_several_are_listed_with_the_same_view_of_each(page):
    text = page(f"/reports/units/?{VIEW}&by=field&q=x&find=THANH ha").content.decode()
    links = listed_units(text)
    assert set(links) == {"xã Thanh Hà", "xã Thanh Hải"}
    assert links["xã Thanh Hải"] == "/?unit=13498&period=2022-Q2&external=1"
    assert "2 đơn vị có “THANH ha”" in text and "huyện Thanh Liêm, tỉnh Hà Nam" in text
    assert page(links["xã Thanh Hải"]).status_code == 200


@pytest.mark.parametrize("text", ["kien khe", "KIỆN KHÊ", "13441"])
def test_the_only_one_is_shown_at_once(page, text):
    answer = page("/reports/units/", {"unit": "351", "period": "2022-Q2", "find": text})
    assert (answer.status_code, answer.url) == (302, "/?unit=13441&period=2022-Q2")


def test_units_that_share_a_code_are_linked_with_a_day(page):
    """A code that passed to another unit is linked with a day on which each unit had it."""
    district = Unit.objects.get(code="351")
    olds = [Unit.objects.get(code=code) for code in ("13489", "13477")]
    draft = UnitDraft("13489", "xã Thanh Lâm", "committee", "commune", date(2022, 7, 1), parent=district)
    successions.replace(olds, [successions.Part(draft)], date(2022, 7, 1), by=None)
    answer = page(f"/reports/units/?{VIEW}&find=thanh lam")
    assert answer.url == "/?unit=13489%402022-07-01&period=2022-Q2&external=1"
    assert "Xã Thanh Lâm" in page(answer.url).content.decode()
    both = listed_units(page(f"/reports/units/?{VIEW}&find=13489").content.decode())
    assert both["xã Thanh Nghị"] == "/?unit=13489%402022-06-30&period=2022-Q2&external=1"


def test_nothing_is_found_outside_of_what_the_reader_sees(reader, page):
    text = page(f"/reports/units/?{VIEW}&find=khong co xa nay").content.decode()
    assert "Không tìm thấy đơn vị nào" in text and listed_units(text) == {} and "Bấm tên" not in text
    clerk = reader("xa-13474")
    assert "Không tìm thấy" in clerk.get("/reports/units/?find=kien khe").content.decode()
    assert "find-unit" not in clerk.get("/").content.decode()
    assert clerk.get("/reports/units/?unit=13441&find=kien khe").status_code == 404
    for more in ("find=", "find=%00", "page=99999999999", "period=x", f"find={'a' * 5000}"):
        assert page(f"/reports/units/?{more}").status_code in (200, 400), more


def test_thousands_are_paged_in_a_fixed_number_of_queries(reader, page):
    district = Unit.objects.get(code="351")
    queries = []
    for start, number in ((0, 5), (5, 1100)):
        drafts = [
            UnitDraft(
                f"x{at}", f"xã Đông Đồng {at:04}", "committee", "commune", date(2021, 1, 1), parent=district
            )
            for at in range(start, start + number)
        ]
        actions.open_units(drafts, by=None)
        page(f"/reports/units/?{VIEW}&find=dong dong")
        with CaptureQueriesContext(connection) as captured:
            text = page(f"/reports/units/?{VIEW}&find=dong dong").content.decode()
        queries.append(len(captured))
    assert queries[0] == queries[1]
    assert len(listed_units(text)) == 100 and "1.105 đơn vị" in text and "Trang 1/12" in text
    assert shows(text, "1–100 trong 1.105")
    assert "xã Đông Đồng 1104" in page(f"/reports/units/?{VIEW}&find=dong dong&page=12").content.decode()
