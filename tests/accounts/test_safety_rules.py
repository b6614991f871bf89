"""Safety rules that an administrator sets apply from the next request on (acceptance S9, S35)."""

import time
from datetime import date

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import safety_rules
from accounts.models import SafetyRules, User
from accounts.safety_rules import SafetySettings
from core import web
from core.network import is_address_allowed
from ledger.models import Entry
from tests.product.test_routes import address, routes
from tests.units.conftest import person

PAGE, LIST, CHANGE = "/units/safety/", "/units/", "/accounts/password/"
PASSWORD = "mật khẩu đủ dài"
TYPED = {"idle_minutes": "30", "password_length": "12", "password_days": "0", "addresses": ""}


@pytest.fixture
def admin(tree) -> User:
    return person("quantri", ("administrator", tree.province))


@pytest.fixture
def setter(admin) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def put(setter: Client, **typed: str):
    return setter.post(PAGE, TYPED | typed)


def sign_in(username: str) -> Client:
    client = Client()
    client.post("/accounts/login/", {"username": username, "password": PASSWORD})
    return client


def test_idle_time_holds_for_sessions_that_are_open(setter, tree, monkeypatch):
    person("an", ("viewer", tree.tan_thanh))
    client = sign_in("an")
    assert client.get(LIST).status_code == 200
    now = time.time() + 6 * 60
    monkeypatch.setattr("cchc_dashboard.middleware.time.time", lambda: now)
    assert put(setter, idle_minutes="7").status_code == 302
    assert client.get(LIST).status_code == 200
    put(setter, idle_minutes="5")
    now += 5 * 60 + 1
    assert client.get(LIST).status_code == 302


def test_most_requests_ask_for_no_rules(setter, tree):
    put(setter, idle_minutes="5")
    person("an", ("viewer", tree.tan_thanh))
    client = sign_in("an")
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        client.get(LIST)
    assert not [query for query in queries if "safety" in query["sql"]]


def test_password_rules_hold_for_the_next_password(setter, tree):
    user = person("an", ("viewer", tree.tan_thanh))
    validate_password("mười hai kýt", user)
    put(setter, password_length="20")
    with pytest.raises(ValidationError, match="ít nhất 20 ký tự"):
        validate_password("mười hai kýt", user)
    client = sign_in("an")
    assert "Ít nhất 20 ký tự" in client.get(CHANGE).content.decode()
    put(setter, password_kinds="on")
    for weak in ("không có chữ hoa 1", "KHÔNG CÓ THƯỜNG 1", "Không có chữ số", "KhôngCóDấuNào1"):
        with pytest.raises(ValidationError, match="chữ hoa, chữ thường"):
            validate_password(weak, user)
    validate_password("Đủ cả 4 loại ký tự", user)


def test_composition_and_rotation_are_off_by_default(admin):
    validate_password("chỉ có chữ thường", admin)
    assert admin.password_due is None


def test_a_password_that_is_too_old_opens_only_the_page_that_changes_it(setter, tree):
    user = person("an", ("viewer", tree.tan_thanh))
    User.objects.filter(pk=user.pk).update(password_changed_on=date(2022, 7, 1))
    client = sign_in("an")
    assert client.get(LIST).status_code == 200
    put(setter, password_days="60")
    assert client.get(LIST).status_code == 200
    put(setter, password_days="30")
    assert client.get(LIST).url == CHANGE
    new = "một mật khẩu hoàn toàn khác"
    client.post(CHANGE, {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert client.get(LIST).status_code == 200
    user.refresh_from_db()
    assert (user.password_changed_on, user.password_due) == (date(2022, 8, 12), date(2022, 9, 11))
    put(setter, password_days="0")
    user.refresh_from_db()
    assert user.password_due is None


def test_demo_accounts_need_no_new_password(setter, tree):
    user = person("an", ("viewer", tree.tan_thanh))
    User.objects.filter(pk=user.pk).update(password_changed_on=date(2020, 1, 1), demo=True)
    put(setter, password_days="30")
    assert sign_in("an").get(LIST).status_code == 200


def test_from_elsewhere_no_page_of_administration_is_there(setter, admin):
    managed = [where for where, pattern in routes() if pattern.callback.declared_right is web.Right.MANAGE]
    assert len(managed) > 20
    assert put(setter, addresses="127.0.0.0/8").status_code == 302
    assert setter.get(PAGE).status_code == 200
    unknown = setter.get("/units/987654321/", REMOTE_ADDR="10.0.0.9")
    for where in managed:
        for method in (setter.get, setter.post):
            answer = method(address(where, 1), REMOTE_ADDR="10.0.0.9")
            assert answer.status_code == 404, where
            assert answer.content == unknown.content, where
    assert setter.get(LIST, REMOTE_ADDR="10.0.0.9").status_code == 200
    assert setter.get(PAGE, REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 404


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"idle_minutes": "4"}, "từ 5 đến 480"),
        ({"idle_minutes": "١٠"}, "từ 5 đến 480"),
        ({"idle_minutes": ""}, "Chưa nhập ô này."),
        ({"password_length": "11"}, "từ 12 đến 64"),
        ({"password_days": "7"}, "0 hoặc số nguyên từ 30 đến 730"),
        ({"addresses": "10.0.0.0/8\nlinh tinh"}, "Dòng 2 không phải địa chỉ mạng: linh."),
        ({"addresses": "10.0.0.0/8"}, "Địa chỉ bạn đang dùng (127.0.0.1) không nằm trong danh sách này."),
    ],
)
def test_what_cannot_be_a_rule_is_refused(setter, typed, message):
    answer = put(setter, **typed)
    assert answer.status_code == 422 and message in answer.content.decode()
    assert not SafetyRules.objects.exists()


def test_only_the_top_sets_them_and_each_change_is_logged(setter, tree):
    put(setter, idle_minutes="15")
    put(setter, idle_minutes="15")
    assert Entry.objects.get(action="safety.set").detail == {"idle_minutes": [30, 15]}
    assert "số phút không thao tác 30 → 15" in setter.get(PAGE).content.decode()
    file = b"".join(setter.get(PAGE, {"tai": "csv", "bang": "nhat-ky"}).streaming_content).decode()
    assert "số phút không thao tác 30 → 15" in file
    client = Client()
    client.force_login(person("huyen", ("administrator", tree.district)))
    assert client.get(PAGE).status_code == 403 and put(client).status_code == 403


@pytest.mark.parametrize(
    ("networks", "from_where", "let_in"),
    [
        ("", None, True),
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.0.0/16\n2001:db8::/32", "2001:db8::7", True),
        ("10.1.0.0/16", "::ffff:10.1.2.3", True),
        ("10.1.0.0/16", "10.2.2.3", False),
        ("10.1.0.0/16", None, False),
        ("10.1.0.0/16", "không phải", False),
    ],
)
def test_networks(networks, from_where, let_in):
    assert is_address_allowed(networks, from_where) is let_in


def test_a_change_of_nothing_is_none(admin):
    assert not safety_rules.set_safety(SafetySettings(30, 12), by=admin, address=None)
