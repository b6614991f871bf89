"""Pages of units and people: content, access, refusals."""

import re
from datetime import date
from itertools import product
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from ledger.models import Entry
from tests.units.conftest import draft, person
from units.lifecycle import actions
from units.models import Membership, Role, Succession, Unit


@pytest.fixture
def cast(tree) -> SimpleNamespace:
    """An administrator of the district, a clerk of one commune, a neighbour clerk, the province's administrator."""
    return SimpleNamespace(
        admin=person("quantri", ("administrator", tree.district)),
        clerk=person("xa-13474", ("clerk", tree.tan_thanh)),
        neighbour=person("xa-13480", ("clerk", tree.liem_tuc)),
        province=person("tinh", ("administrator", tree.province)),
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def text_of(answer) -> str:
    """The page's markup with whitespace collapsed, as in a browser."""
    return " ".join(answer.content.decode().split())


def test_list_finds_without_diacritics_and_hides_other_units(tree, cast):
    page = text_of(signed_in(cast.admin).get("/units/", {"q": "liem tuc"}))
    assert (
        "xã Liêm Túc" in page and "thị trấn Tân Thanh" not in page and "huyện Thanh Liêm, tỉnh Hà Nam" in page
    )
    page = text_of(signed_in(cast.clerk).get("/units/"))
    assert "thị trấn Tân Thanh" in page and "xã Liêm Túc" not in page and "Mở đơn vị" not in page
    assert "Không tìm thấy" in text_of(signed_in(cast.clerk).get("/units/", {"q": "liem tuc"}))


def test_detail_shows_dates_people_children_and_log(tree, cast):
    page = text_of(signed_in(cast.admin).get(f"/units/{tree.district.pk}/"))
    for words in ("01/01/2020", "Phòng Nội vụ", "Quản trị", "Mở đơn vị", "Nhật ký thay đổi", "hệ thống"):
        assert words in page
    assert "tỉnh Hà Nam" not in page  # the administrator of a district does not read the province
    assert page.count("<h1") == 1


@pytest.mark.parametrize(
    "query",
    ["page=5", "page=1000000000", "page=" + "9" * 5000, "page=-1", "page=x", "q=" + "a" * 400, "state=?"],
)
def test_odd_queries_are_answered(tree, cast, query):
    assert signed_in(cast.admin).get(f"/units/?{query}").status_code == 200


@pytest.mark.parametrize(
    "address", ["/units/9223372036854775808/", "/units/" + "9" * 5000 + "/", "/units/0/", "/units/people/99/"]
)
def test_unknown_numbers_are_not_found(tree, cast, address):
    assert signed_in(cast.admin).get(address).status_code == 404


ROUTES = [
    # name, expected of: administrator on own subtree, on the unit above; clerk on the own unit, on the neighbour
    ("units:detail", "GET", (200, 404, 200, 404)),
    ("units:close", "GET", (200, 404, 403, 404)),
    ("units:close", "POST", (422, 404, 403, 404)),
    ("units:succeed", "GET", (200, 404, 403, 404)),
    ("units:succeed", "POST", (422, 404, 403, 404)),
]


@pytest.mark.parametrize(("name", "method", "expected"), ROUTES)
def test_rights_on_units(tree, cast, name, method, expected):
    cases = [
        (cast.admin, tree.liem_tuc),
        (cast.admin, tree.province),
        (cast.clerk, tree.tan_thanh),
        (cast.clerk, tree.liem_tuc),
    ]
    statuses = tuple(
        signed_in(user).generic(method, reverse(name, args=[unit.pk])).status_code for user, unit in cases
    )
    assert statuses == expected
    assert Client().generic(method, reverse(name, args=[tree.liem_tuc.pk])).status_code == 302


def test_only_administrators_reach_people_and_only_their_own(tree, cast):
    acts = ["grant", "disable", "enable", "password"]
    for user, role in product([cast.clerk], [None]):
        assert signed_in(user).get("/units/people/").status_code == 403, role
    admin = signed_in(cast.admin)
    page = text_of(admin.get("/units/people/"))
    assert (
        "xa-13474" in page and "tinh" not in page.split("<tbody>")[1].replace("Tài khoản", "").split("xa-")[0]
    )
    assert admin.get(f"/units/people/{cast.province.pk}/").status_code == 404
    for act in acts:
        address = f"/units/people/{cast.province.pk}/{act}/"
        assert admin.post(address).status_code == 404
        assert admin.get(f"/units/people/{cast.clerk.pk}/{act}/").status_code == 405
        assert signed_in(cast.clerk).post(address).status_code == 403
    membership = cast.province.memberships.get()
    assert admin.post(f"/units/people/{cast.clerk.pk}/roles/{membership.pk}/end/").status_code == 404
    assert Membership.objects.filter(pk=membership.pk, valid_until=None).exists()


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.ADMINISTRATOR])
def test_no_other_role_changes_units_or_people(tree, role):
    client = signed_in(person("x", (role, tree.province)))
    for address in (
        "/units/open/",
        f"/units/{tree.liem_tuc.pk}/close/",
        "/units/people/",
        "/units/people/new/",
    ):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403


OPEN = {
    "code": "13500",
    "name": "xã Mới",
    "kind": "committee",
    "tier": "commune",
    "parent": "351",
    "active_from": "1/7/2022",
}


def test_open_a_unit(tree, cast):
    client = signed_in(cast.admin)
    assert 'value="351"' in text_of(client.get(f"/units/open/?parent={tree.district.pk}"))
    assert client.get(f"/units/open/?parent={tree.province.pk}").status_code == 404
    new = client.post("/units/open/", OPEN | {"basis": "NQ 1"})
    unit = Unit.objects.get(code="13500")
    assert new.url == f"/units/{unit.pk}/" and unit.parent == tree.district
    assert Entry.objects.get(subject=f"unit:{unit.pk}").actor == "quantri"
    assert "đã thuộc xã Mới" in text_of(client.post("/units/open/", OPEN | {"active_from": "2022-08-01"}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parent": ""}, "Hãy ghi mã đơn vị cấp trên"),
        ({"parent": "35"}, "phạm vi quản trị"),
        ({"parent": "khong-co"}, "phạm vi quản trị"),
        ({"active_from": "31/2/2022"}, "Không có ngày"),
        ({"active_from": "1/1/2019"}, "không hoạt động ngày"),
        ({"code": "hai mã"}, "chỉ gồm chữ, số"),
        ({"name": ""}, "Chưa nhập ô này"),
        ({"tier": "province"}, "cao hơn cấp"),
    ],
)
def test_opening_refused_at_its_field(tree, cast, change, words):
    answer = signed_in(cast.admin).post("/units/open/", OPEN | change)
    assert answer.status_code == 422 and words in text_of(answer)
    assert not Unit.objects.filter(name="xã Mới").exists()


def test_close_a_unit(tree, cast):
    client = signed_in(cast.admin)
    address = f"/units/{tree.district.pk}/close/"
    page = text_of(client.post(address, {"on": "30/6/2025", "basis": "NQ 1"}))
    assert "còn đơn vị bên dưới" in page
    data = {"on": "30/6/2025", "basis": "NQ 1", "branch": "on"}
    page = text_of(client.post(address, data))
    for words in (
        "Chấm dứt hoạt động (5 đơn vị)",
        "xã Liêm Túc (13480)",
        "báo cáo cuối cùng của tháng 7/2025: 3 báo cáo",
        "Người xa-13474: nhập số liệu",
        "Xác nhận đóng",
    ):
        assert words in page, words
    assert "Đơn vị mới nộp" not in page and not Unit.objects.exclude(active_until=None).exists()
    mended = client.post(address, data | {"again": "1"})
    assert mended.status_code == 200 and 'value="30/6/2025"' in mended.content.decode()
    assert client.post(address, data | {"sure": "1"}).status_code == 302
    assert Unit.objects.get(pk=tree.liem_tuc.pk).active_until == date(2025, 6, 30)


def test_merge_two_units_into_one_that_takes_over_a_code(tree, cast):
    answer = signed_in(cast.admin).post(
        f"/units/{tree.tan_thanh.pk}/succeed/",
        {
            "olds": [tree.tan_thanh.pk],
            "codes": "13480",
            "on": "1/7/2025",
            "basis": "NQ 2",
            "tier": "commune",
            "parent": "351",
            "code": "13474",
            "name": "xã Tân Thanh",
            "sure": "1",
        },
    )
    assert answer.status_code == 302
    assert Succession.objects.filter(new__name="xã Tân Thanh").count() == 2
    page = text_of(signed_in(cast.admin).get(f"/units/{tree.tan_thanh.pk}/"))
    assert "Đơn vị kế thừa" in page and "đến hết 30/6/2025" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "hãy ghi tên"),
        ({"code": ""}, "Chưa nhập ô này"),
        ({"codes": "99999"}, "Không có đơn vị nào đang hoạt động mang mã 99999"),
        ({"code": "13474"}, "trùng thời gian"),
    ],
)
def test_succession_refused_at_its_field(tree, cast, change, words):
    data = {
        "olds": [tree.liem_tuc.pk],
        "on": "1/7/2025",
        "basis": "NQ",
        "tier": "commune",
        "parent": "351",
        "code": "A",
        "name": "xã A",
    }
    answer = signed_in(cast.admin).post(f"/units/{tree.liem_tuc.pk}/succeed/", data | change)
    assert answer.status_code == 422 and words in text_of(answer)
    assert Unit.objects.get(pk=tree.liem_tuc.pk).active_until is None


def test_a_unit_is_divided_on_one_page_only(tree, cast):
    """Shares in the request are ignored: the single successor gets everything."""
    client, address = signed_in(cast.admin), f"/units/{tree.liem_tuc.pk}/succeed/"
    page = text_of(client.get(address))
    assert "Tỷ lệ" not in page and f'href="/units/{tree.liem_tuc.pk}/split/"' in page
    data = {"on": "1/7/2025", "basis": "NQ", "tier": "commune", "parent": "351", "code": "A", "name": "xã A"}
    data |= {"olds": [tree.liem_tuc.pk], "sure": "1"}
    old = {"share_1": "1/2", "code_2": "B", "name_2": "xã B", "share_2": "1/2"}
    assert client.post(address, data | old).status_code == 302
    (only,) = Succession.objects.all()
    assert (only.new.code, only.share_numerator, only.share_denominator) == ("A", 1, 1)


def test_make_a_person_and_give_and_end_a_role(tree, cast):
    client = signed_in(cast.admin)
    page = text_of(client.post("/units/people/new/", {"username": "moi", "full_name": "Người mới"}))
    user = User.objects.get(username="moi")
    password = page.split("<code>")[1].split("</code>")[0]
    assert user.check_password(password) and user.must_change_password
    assert "đã có" in text_of(client.post("/units/people/new/", {"username": "moi", "full_name": "x"}))
    address = f"/units/people/{user.pk}/"
    grant = {"role": "clerk", "unit": "13480", "valid_from": "1/8/2022"}
    assert client.post(f"{address}grant/", grant).status_code == 302
    assert "đã có vai trò" in text_of(client.post(f"{address}grant/", grant))
    assert "phạm vi quản trị" in text_of(client.post(f"{address}grant/", grant | {"unit": "35"}))
    membership = user.memberships.get()
    assert client.post(f"{address}roles/{membership.pk}/end/").status_code == 302
    membership.refresh_from_db()
    assert membership.valid_until == date(2022, 8, 11)  # in the tests it is 12 August 2022
    assert client.post(address, {"full_name": "Tên khác"}).status_code == 302
    for act in ("disable", "enable"):
        assert client.post(f"{address}{act}/").status_code == 302
    assert "Mật khẩu chỉ hiện" in text_of(client.post(f"{address}password/"))
    assert "Tên khác" in text_of(client.get("/units/people/", {"q": "TEN KHAC"}))
    assert "Không tìm thấy" in text_of(client.get("/units/people/", {"q": "không ai"}))
    page = text_of(client.get(address))
    for words in (
        "Người mới → Tên khác",
        "Giao vai trò",
        "Khóa tài khoản",
        "Cấp lại mật khẩu",
        "Nhập số liệu",
    ):
        assert words in page


def test_nobody_locks_oneself_out(tree, cast):
    client = signed_in(cast.admin)
    membership = cast.admin.memberships.get()
    page = client.post(f"/units/people/{cast.admin.pk}/roles/{membership.pk}/end/", follow=True)
    assert "Không thể tự bỏ" in text_of(page)
    page = client.post(f"/units/people/{cast.admin.pk}/disable/", follow=True)
    assert "Không thể khóa tài khoản của chính mình" in text_of(page)


def test_an_open_session_of_an_administrator_does_not_give_the_account_away(tree, cast):
    """Changes that ask for the password on the account page are not possible without it on the people pages."""
    client, own = signed_in(cast.admin), f"/units/people/{cast.admin.pk}/"
    assert "Cấp lại mật khẩu</button>" not in text_of(client.get(own))
    page = text_of(client.post(f"{own}password/", follow=True))
    assert "đổi ở trang Tài khoản của tôi" in page and "<code>" not in page
    answer = client.post(own, {"full_name": "Tên khác", "email": "ke-la@vi-du.example"})
    assert answer.status_code == 422 and "đổi ở trang Tài khoản của tôi" in text_of(answer)
    assert client.post(own, {"full_name": "Tên khác"}).status_code == 302
    stored = User.objects.get(pk=cast.admin.pk)
    assert (stored.password, stored.email, stored.full_name) == (cast.admin.password, "", "Tên khác")


@pytest.mark.parametrize("size", [2, 30])
def test_lists_ask_the_same_number_of_questions(tree, cast, size, django_assert_max_num_queries):
    actions.open_units([draft(f"x{number}") for number in range(size)], by=None)
    for number in range(size):
        person(f"p{number}", ("viewer", tree.liem_tuc))
    client = signed_in(cast.admin)
    for address, most in (("/units/", 10), (f"/units/{tree.district.pk}/", 16), ("/units/people/", 10)):
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200


@pytest.mark.parametrize("act", ["close", "succeed", "merge"])
def test_a_refused_form_says_that_nothing_was_saved(tree, cast, act):
    """The box above the form does not repeat the page title, and each fault begins with a capital letter."""
    form = {"on": "1/1/2019", "basis": "NQ 1", "code": "moi", "name": "xã Mới", "tier": "commune"}
    form |= {"parent": "351", "olds": [tree.liem_tuc.pk], "codes": ""}
    unit = tree.district if act == "merge" else tree.liem_tuc
    answer = signed_in(cast.admin).post(f"/units/{unit.pk}/{act}/", form)
    page = text_of(answer)
    assert answer.status_code == 422
    assert re.search("<b> ?Chưa lưu được, cần sửa chỗ đánh dấu “!” bên dưới. ?</b>", page)
    assert "<li>Xã Liêm Túc mới hoạt động từ 01/01/2020" in page
