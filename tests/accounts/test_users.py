"""Sign-in, lock-out, sign-out, issued and changed passwords (acceptance S7–S11)."""

from datetime import timedelta
from threading import Thread

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import users
from accounts.models import User
from accounts.users import user_subject
from ledger.models import Entry
from tests.units.conftest import person
from units.activity_log import latest_log_lines
from units.people import actions

LOGIN, CHANGE, LIST = "/accounts/login/", "/accounts/password/", "/units/"
PASSWORD = "mật khẩu đủ dài"


def sign_in(client, username="an", password=PASSWORD, **extra):
    return client.post(LOGIN, {"username": username, "password": password}, **extra)


@pytest.fixture
def an(tree) -> User:
    return person("an", ("viewer", tree.tan_thanh))


def test_signed_out_readers_are_led_to_the_sign_in_and_back(client, an):
    answer = client.get(LIST)
    assert (answer.status_code, answer.url) == (302, f"{LOGIN}?next={LIST}")
    assert client.get(answer.url).status_code == 200
    assert client.post(answer.url, {"username": "an", "password": PASSWORD, "next": LIST}).url == LIST
    assert client.get(LIST).status_code == 200


def test_never_led_to_a_foreign_site(client, an):
    answer = client.post(LOGIN, {"username": "an", "password": PASSWORD, "next": "https://evil.example/"})
    assert answer.status_code == 302 and "evil" not in answer.url


def test_the_same_words_for_unknown_wrong_and_disabled(client, an):
    users.disable_user(person("ba"), by=None)
    bodies = set()
    for username, password in (("nobody", "x"), ("an", "x"), ("ba", PASSWORD)):
        answer = sign_in(Client(), username, password)
        assert answer.status_code == 200
        bodies.add("Tên đăng nhập hoặc mật khẩu chưa đúng" in answer.content.decode())
    assert bodies == {True}


def test_the_fifth_wrong_password_locks_the_name_at_the_address(client, an):
    person("ba")
    answers = [sign_in(client, password="sai").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    assert sign_in(client).status_code == 429
    assert sign_in(client, HTTP_X_FORWARDED_FOR="1.2.3.4").status_code == 429
    assert sign_in(Client(), "ba").status_code == 302
    assert sign_in(Client(), REMOTE_ADDR="10.0.0.9").status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "spelled", [["an"], ["an", " an", "an  ", "\uff41n", "a\uff4e", "\tan", "an\n", " \uff41\uff4e"]]
)
def test_forty_at_once_check_no_more_than_five(monkeypatch, spelled):
    """Also with spellings that count as the same name."""
    person("an")
    checked = []
    true_check = User.check_password
    monkeypatch.setattr(
        User, "check_password", lambda self, raw: checked.append(raw) or true_check(self, raw)
    )

    def attempt(username):
        try:
            answers.append(sign_in(Client(), username, "sai").status_code)
        finally:
            connections.close_all()

    answers: list[int] = []
    threads = [Thread(target=attempt, args=(spelled[n % len(spelled)],)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(checked) <= 5
    assert sorted(answers) == [200] * 4 + [429] * 36


def test_session_id_changes_and_ends(client, an):
    client.get(LOGIN)
    sign_in(client)
    session_id = client.cookies["sessionid"].value
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").status_code == 302
    client.cookies["sessionid"] = session_id
    assert client.get(LIST).status_code == 302


def test_changing_the_password_ends_other_sessions(client, an):
    other = Client()
    sign_in(client), sign_in(other)
    new = "một mật khẩu hoàn toàn khác"
    answer = client.post(CHANGE, {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert answer.url == "/accounts/password/done/" and client.get(answer.url).status_code == 200
    assert client.get(LIST).status_code == 200
    assert other.get(LIST).status_code == 302
    assert sign_in(Client(), password=new).status_code == 302


def test_issued_password_opens_only_the_change_page_and_once(client, tree):
    user, password = users.create_user("moi", by=None, at=timezone.now())
    actions.add_membership(user, tree.tan_thanh, "viewer", tree.tan_thanh.active_from, by=None)
    assert sign_in(client, "moi", password).status_code == 302
    assert client.get(LIST).url == CHANGE
    again = sign_in(Client(), "moi", password)
    assert again.status_code == 403 and "đã hết hiệu lực" in again.content.decode()
    same = client.post(
        CHANGE, {"old_password": password, "new_password1": password, "new_password2": password}
    )
    assert "phải khác" in same.content.decode()
    new = "bốn con ngựa trắng"
    client.post(CHANGE, {"old_password": password, "new_password1": new, "new_password2": new})
    assert client.get(LIST).status_code == 200
    assert sign_in(Client(), "moi", new).status_code == 302


def test_issued_password_runs_out(client, db):
    _, password = users.create_user("moi", by=None, at=timezone.now() - timedelta(hours=72, seconds=1))
    assert sign_in(client, "moi", password).status_code == 403
    assert client.get(LIST).status_code == 302


def test_a_disabled_or_demoted_person_feels_it_at_the_next_request(client, an, tree):
    sign_in(client)
    address = f"/units/{tree.tan_thanh.pk}/"
    assert client.get(address).status_code == 200
    actions.end_membership(an.memberships.get(), timezone.localdate(), by=None)
    an.memberships.update(valid_until=tree.tan_thanh.active_from)
    assert client.get(address).status_code == 404
    users.disable_user(an, by=None)
    assert client.get(address).status_code == 302


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("elevensigns", False),
        ("mười một kt", False),
        ("twelve signs", True),
        ("mười hai kýt", True),
        ("sáu mươi tư ký tự, có dấu và khoảng trắng, thì vẫn dùng được nhé", True),
        ("câu dài có dấu và khoảng trắng, sáu mươi tư ký tự là vừa đủ đó", True),
        ("123456qwerty", False),
        ("xa-13474-tan", False),
        ("thị trấn Tân Thanh", False),
        ("TanThanh2022!", False),
        ("huyen thanh liem", False),
        ("Tân Thanh là quê tôi ở", True),
    ],
)
def test_password_rules(tree, password, good):
    user = person("xa-13474", ("clerk", tree.tan_thanh))
    if good:
        validate_password(password, user)
    else:
        with pytest.raises(ValidationError):
            validate_password(password, user)


def test_a_name_too_long_for_the_database_is_refused_before_it_is_tried(client, db):
    answer = client.post("/accounts/login/", {"username": "a" * 300, "password": "sai mật khẩu"})
    assert answer.status_code == 200
    assert "Tên đăng nhập hoặc mật khẩu chưa đúng." in answer.content.decode()
    assert not AccessAttempt.objects.exists()


def test_every_long_password_of_the_public_list_is_refused(db):
    long = [password for password in CommonPasswordValidator().passwords if len(password) >= 12]
    assert len(long) > 50
    for password in long:
        for typed in (password, password.upper()):
            with pytest.raises(ValidationError):
                validate_password(typed, User(username="an"))


def test_every_fault_of_a_new_password_has_a_vietnamese_message(client, an):
    sign_in(client)
    blank = client.post(CHANGE, {}).content.decode()
    assert blank.count("<li>Chưa nhập ô này.</li>") == 3
    data = {"old_password": "sai", "new_password1": "password", "new_password2": "passwordx"}
    text = client.post(CHANGE, data).content.decode()
    assert "Mật khẩu hiện nay chưa đúng." in text and "chưa giống nhau" in text
    data = {"old_password": PASSWORD, "new_password1": "password", "new_password2": "password"}
    text = client.post(CHANGE, data).content.decode()
    assert "ít nhất 12 ký tự" in text and "quá phổ biến" in text
    User.objects.filter(pk=an.pk).update(email="nguyenvanbinh@hanam.example")
    same = {"new_password1": "nguyenvanbinh1", "new_password2": "nguyenvanbinh1"}
    text = client.post(CHANGE, {"old_password": PASSWORD, **same}).content.decode()
    assert "quá giống tên đăng nhập" in text and "không được là tên đăng nhập, họ tên" in text


def test_a_person_sets_address_and_mute_and_nothing_else(client, an):
    sign_in(client)
    page = client.get("/accounts/me/")
    assert page.status_code == 200 and 'href="/accounts/me/"' in page.content.decode()
    data = {"email": "an@hanam.gov.vn", "mail_muted": "on", "full_name": "Ai", "is_superuser": "1"}
    refused = client.post("/accounts/me/", data)
    assert refused.status_code == 422 and "nhập đúng mật khẩu hiện nay" in refused.content.decode()
    wrong = client.post("/accounts/me/", data | {"password": "sai"})
    assert wrong.status_code == 422
    an.refresh_from_db()
    assert (an.email, an.mail_muted) == ("", False)
    assert client.post("/accounts/me/", data | {"password": PASSWORD}).status_code == 302
    an.refresh_from_db()
    assert (an.email, an.mail_muted, an.full_name, an.is_superuser) == (
        "an@hanam.gov.vn",
        True,
        "Người an",
        False,
    )
    entry = Entry.objects.get(action="user.edit")
    assert (
        entry.detail == {"email": ["", "an@hanam.gov.vn"], "mail_muted": [False, True]}
        and entry.actor == "an"
    )


def test_muting_asks_for_no_password_and_is_kept_in_the_log(client, an):
    sign_in(client)
    for data in ({"mail_muted": "on"}, {"mail_muted": "on"}, {}):
        assert client.post("/accounts/me/", {"email": "", **data}).status_code == 302
    assert Entry.objects.filter(action="user.edit").count() == 2
    lines = [line.detail for line in latest_log_lines(user_subject(an)) if line.what == "Sửa thông tin"]
    assert lines == [
        "không nhận nhắc việc qua thư điện tử có → không",
        "không nhận nhắc việc qua thư điện tử không → có",
    ]


@pytest.mark.parametrize(
    "email", ["không phải", "a@b", "a@b.vn\nBcc: c@d.vn", "a" * 250 + "@b.vn", "a b@c.vn"]
)
def test_an_address_that_is_none_is_refused(client, an, email):
    sign_in(client)
    answer = client.post("/accounts/me/", {"email": email, "password": PASSWORD})
    an.refresh_from_db()
    assert answer.status_code == 422 and an.email == ""
