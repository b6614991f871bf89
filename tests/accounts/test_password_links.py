"""Links by e-mail for a forgotten password and for an invitation (acceptance S13)."""

import re
import time
from statistics import median

import pytest
from django.core import mail
from django.test import Client

from accounts import passwords, users
from accounts.models import User
from accounts.passwords import INVITE, link_token, user_of_link
from core.forms import ChangeDenied
from ledger.models import Entry
from tests.units.conftest import person

from .test_second_factor import CODE, at_once, enrol

RESET, LOGIN, LIST = "/accounts/reset/", "/accounts/login/", "/units/"
PASSWORD, NEW = "mật khẩu đủ dài", "một mật khẩu hoàn toàn khác"


@pytest.fixture(autouse=True)
def _at_once_and_apart(monkeypatch, settings, tmp_path):
    """Runs background work before the response; each test has rate limits of its own."""
    monkeypatch.setattr("accounts.passwords.run_in_background", lambda act: act())
    settings.DATA_DIR = tmp_path


@pytest.fixture
def an(tree) -> User:
    user = person("an", ("viewer", tree.tan_thanh))
    User.objects.filter(pk=user.pk).update(email="an@hanam.example")
    user.refresh_from_db()
    return user


def linked() -> str:
    """The path of the link in the newest e-mail."""
    return re.search(r"http\S+?(/accounts/set/\S+)", mail.outbox[-1].body)[1]


def put(client: Client, path: str, password: str = NEW):
    return client.post(path, {"new_password1": password, "new_password2": password})


def sign_in(username: str, password: str):
    return Client().post(LOGIN, {"username": username, "password": password})


def test_a_link_sets_a_password_once_and_signs_nobody_in(client, an):
    theirs = Client()
    theirs.force_login(an)
    an.refresh_from_db()
    assert client.post(RESET, {"email": "AN@hanam.example"}).status_code == 200
    assert mail.outbox[-1].to == ["an@hanam.example"]
    path = linked()
    assert client.get(path).status_code == 200
    assert put(client, path, "ngắn").status_code == 422
    assert put(client, path).url == LOGIN
    assert client.get(LIST).status_code == 302 and theirs.get(LIST).status_code == 302
    assert client.get(path).status_code == 404 and put(client, path, "lần nữa thì không").status_code == 404
    assert sign_in("an", NEW).status_code == 302
    assert Entry.objects.filter(action="user.change_password").count() == 1


def test_the_second_factor_is_asked_after_a_reset(client, an):
    enrol(an)
    client.post(RESET, {"email": an.email})
    put(client, linked())
    assert sign_in("an", NEW).url == CODE


def test_known_unknown_and_disabled_get_the_same_answer(client, an):
    users.disable_user(person("ba"), by=None)
    User.objects.filter(username="ba").update(email="ba@hanam.example")
    answers = [
        Client().post(RESET, {"email": email}) for email in (an.email, "la@hanam.example", "ba@hanam.example")
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert [message.to for message in mail.outbox] == [[an.email]]


def test_the_answer_takes_the_same_time(shared_database, monkeypatch, settings):
    """Sending takes 200 ms; the medians of 20 requests differ by less than 50 ms."""
    monkeypatch.undo()
    sent = []
    monkeypatch.setattr(passwords, "send_mail", lambda *parts: time.sleep(0.2) or sent.append(parts))
    monkeypatch.setattr("core.rate_limit.is_within_limit", lambda *_, **__: True)

    def prepare(_):
        user = person("an")
        User.objects.filter(pk=user.pk).update(email="an@hanam.example")

    def seconds_to_answer(email: str) -> float:
        begun = time.perf_counter()
        assert Client().post(RESET, {"email": email}).status_code == 200
        return time.perf_counter() - begun

    at_once(prepare, None)
    known, unknown = at_once(
        lambda _: [
            [seconds_to_answer(email) for _ in range(20)]
            for email in ("an@hanam.example", "la@hanam.example")
        ],
        None,
    )[0]
    assert abs(median(known) - median(unknown)) < 0.05
    until = time.monotonic() + 10
    while not sent and time.monotonic() < until:
        time.sleep(0.05)
    assert sent


@pytest.mark.parametrize(
    "change",
    [
        lambda user: users.disable_user(user, by=None),
        lambda user: User.objects.filter(pk=user.pk).update(email="khac@hanam.example"),
        lambda user: Client().post(LOGIN, {"username": "an", "password": PASSWORD}),
        lambda user: User.objects.filter(pk=user.pk).update(session_epoch=1),
    ],
)
def test_a_link_dies_when_the_account_changes(client, an, change):
    client.post(RESET, {"email": an.email})
    change(an)
    assert client.get(linked()).status_code == 404


def test_links_run_out(client, an, monkeypatch):
    client.post(RESET, {"email": an.email})
    reset = linked()
    invited = link_token(an, INVITE)
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 3601)
    assert client.get(reset).status_code == 404 and user_of_link(invited) == an
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 72 * 3600 + 1)
    assert user_of_link(invited) is None


@pytest.mark.parametrize("token", ["x", "reset:1:x", "reset:1:x:1abc:y", ":::::", "reset:" + "9" * 400, "é"])
def test_what_is_no_link_leads_nowhere(client, db, token):
    assert client.get(f"/accounts/set/{token}/").status_code == 404


def test_nobody_is_flooded(client, an):
    for _ in range(6):
        client.post(RESET, {"email": an.email})
    assert len(mail.outbox) == 3
    codes = {client.post(RESET, {"email": "la@hanam.example"}).status_code for _ in range(20)}
    assert codes == {200, 429}


@pytest.mark.parametrize("email", ["", "không phải"])
def test_an_address_is_asked_for(client, db, email):
    assert client.post(RESET, {"email": email}).status_code == 422


def test_an_invited_person_sets_the_first_password(client, tree):
    client.force_login(person("quantri", ("administrator", tree.province)))
    typed = {"username": "moi", "full_name": "Người Mới", "position": "", "email": "", "invite": "on"}
    assert client.post("/units/people/new/", typed).status_code == 422
    made = client.post("/units/people/new/", typed | {"email": "moi@hanam.example"})
    user = User.objects.get(username="moi")
    assert made.url == f"/units/people/{user.pk}/" and not user.has_usable_password()
    assert "moi" in mail.outbox[-1].body and "72 giờ" in mail.outbox[-1].body
    path = linked()
    assert put(Client(), path).url == LOGIN and Client().get(path).status_code == 404
    assert sign_in("moi", NEW).status_code == 302
    assert {"user.create", "user.invite"} <= set(Entry.objects.values_list("action", flat=True))


def test_a_second_invitation_ends_the_first(client, an, tree):
    client.force_login(person("quantri", ("administrator", tree.province)))
    page = f"/units/people/{an.pk}/"
    assert "Gửi thư mời đặt mật khẩu" in client.get(page).content.decode()
    client.post(f"{page}invite/")
    first = linked()
    client.post(f"{page}invite/")
    assert Client().get(first).status_code == 404 and Client().get(linked()).status_code == 200
    assert sign_in("an", PASSWORD).status_code == 200


def test_an_unreachable_mail_server_is_reported(client, an, tree, monkeypatch):
    client.force_login(person("quantri", ("administrator", tree.province)))
    monkeypatch.setattr(passwords, "send_mail", lambda *_: (_ for _ in ()).throw(OSError()))
    answer = client.post(f"/units/people/{an.pk}/invite/", follow=True)
    assert "Máy chủ thư không nhận" in answer.content.decode()


def test_nobody_without_an_address_is_invited(tree):
    with pytest.raises(ChangeDenied):
        users.invite(person("an"), by=None)


@pytest.mark.parametrize("where", ["people/new/", "people/{}/invite/"])
def test_without_a_mail_server_nobody_is_invited_and_the_password_stays(client, an, tree, settings, where):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    client.force_login(person("quantri", ("administrator", tree.province)))
    typed = {
        "username": "moi",
        "full_name": "Người Mới",
        "position": "",
        "email": "m@x.example",
        "invite": "on",
    }
    answer = client.post(LIST + where.format(an.pk), typed, follow=True)
    assert "chưa đặt máy chủ thư" in answer.content.decode()
    assert not User.objects.filter(username="moi").exists()
    assert not Entry.objects.filter(action="user.invite").exists()
    assert sign_in("an", PASSWORD).status_code == 302


def test_without_a_mail_server_pages_offer_no_invitation(client, an, tree, settings):
    client.force_login(person("quantri", ("administrator", tree.province)))
    page = f"{LIST}people/{an.pk}/"
    assert f'action="{page}invite/"' in client.get(page).content.decode()
    assert "disabled" not in client.get(f"{LIST}people/new/").content.decode()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    text = client.get(page).content.decode()
    assert "invite/" not in text and "chưa đặt máy chủ thư" in text
    text = client.get(f"{LIST}people/new/").content.decode()
    assert "chưa đặt máy chủ thư" in text and re.search(r'name="invite"[^>]*disabled', text)


def test_without_a_mail_server_a_forgotten_password_is_the_administrators(client, an, settings, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    monkeypatch.setattr(passwords, "send_mail", lambda *_: pytest.fail("nothing can be sent"))
    for answer in (client.get(RESET), client.post(RESET, {"email": an.email})):
        text = answer.content.decode()
        assert "chưa đặt máy chủ thư" in text and "quản trị viên" in text and 'name="email"' not in text
