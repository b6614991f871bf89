"""How long sessions last, and what becomes of unsent input when one ends (acceptance S11, S12, S18)."""

import re
import time

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import sessions, users
from accounts.models import Session, User
from accounts.sessions import device_name
from ledger.models import Entry
from tests.units.conftest import person

LOGIN, RESUME, SESSIONS = "/accounts/login/", "/accounts/resume/", "/accounts/sessions/"
PASSWORD = "mật khẩu đủ dài"
TYPED = {"role": "viewer", "unit": "  13474 ", "valid_from": "dòng 1\nhai <b>", "lặp": ["một", "hai"]}
IDLE, ABSOLUTE = 30 * 60, 10 * 3600


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test advances: clock["at"] += seconds."""
    state = {"at": time.time()}
    monkeypatch.setattr("cchc_dashboard.middleware.time.time", lambda: state["at"])
    return state


@pytest.fixture
def admin(tree):
    return person("quantri", ("administrator", tree.province))


def signed_in(username: str, **options) -> Client:
    client = Client(**options)
    assert client.post(LOGIN, {"username": username, "password": PASSWORD}).status_code == 302
    return client


def again(client: Client, username: str):
    return client.post(LOGIN, {"username": username, "password": PASSWORD})


def offered(answer) -> list[tuple[str, str]]:
    """The fields of the form offered for sending again, as a browser would send them."""
    fields = re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', answer.content.decode(), re.S)
    return [(name, value.replace("&lt;", "<").replace("&gt;", ">")) for name, value in fields]


def test_an_idle_session_ends(clock, admin):
    client = signed_in("quantri")
    client.get("/units/")
    clock["at"] += IDLE - 1
    assert client.get("/units/").status_code == 200
    clock["at"] += IDLE + 1
    assert client.get("/units/").status_code == 302


def test_what_a_script_fetches_keeps_no_session_alive(clock, admin):
    client = signed_in("quantri")
    client.get("/units/")
    for _ in range(4):
        clock["at"] += IDLE // 3
        client.get("/units/", headers={"sec-fetch-dest": "empty"})
    assert client.get("/units/").status_code == 302


def test_a_busy_session_ends_after_ten_hours(clock, admin):
    client = signed_in("quantri")
    client.get("/units/")
    end = clock["at"] + ABSOLUTE
    while clock["at"] + IDLE // 2 < end:
        clock["at"] += IDLE // 2
        assert client.get("/units/").status_code == 200
    clock["at"] = end + 1
    assert client.get("/units/").status_code == 302


def test_what_was_typed_waits_for_the_same_person(clock, admin):
    client, address = signed_in("quantri"), f"/units/people/{admin.pk}/grant/"
    client.get("/units/")
    clock["at"] += IDLE + 1
    answer = client.post(address, TYPED)
    assert answer.status_code == 302 and answer.url.startswith(LOGIN)
    assert "còn nguyên" in client.get(answer.url).content.decode()
    back = again(client, "quantri")
    assert back.url == RESUME
    page = client.get(RESUME)
    fields = [("role", "viewer"), ("unit", "  13474 "), ("valid_from", "dòng 1\nhai <b>")]
    assert offered(page) == [*fields, ("lặp", "một"), ("lặp", "hai")]
    assert f'action="{address}"' in page.content.decode()
    assert client.post(address, TYPED).status_code in (200, 422)
    assert client.get(RESUME).status_code == 302


def test_what_was_typed_never_reaches_another(clock, admin, tree):
    person("khac", ("administrator", tree.province))
    client = signed_in("quantri")
    client.get("/units/")
    clock["at"] += IDLE + 1
    client.post(f"/units/people/{admin.pk}/grant/", TYPED)
    assert again(client, "khac").url != RESUME
    assert client.get(RESUME).status_code == 302
    client.post("/accounts/logout/")
    assert again(client, "quantri").url != RESUME


def test_passwords_are_never_kept(clock, admin):
    client = signed_in("quantri")
    client.get("/units/")
    clock["at"] += IDLE + 1
    data = {"old_password": PASSWORD, "new_password1": "x" * 12, "new_password2": "x" * 12}
    assert client.post("/accounts/password/", data).status_code == 302
    assert PASSWORD not in str(dict(client.session)) and again(client, "quantri").url != RESUME


@pytest.mark.parametrize("address", ["/accounts/factor/", "/accounts/factor/codes/", "/accounts/me/"])
@pytest.mark.parametrize("headers", [{}, {"origin": "http://testserver"}])
def test_codes_of_the_second_factor_are_never_kept(clock, admin, address, headers):
    client = signed_in("quantri")
    client.handler.enforce_csrf_checks = bool(headers)
    client.get("/units/")
    clock["at"] += IDLE + 1
    client.post(address, {"code": "135790", "secret": "JBSWY3DPEHPK3PXP"}, headers=headers)
    contents = [str(session.get_decoded()) for session in Session.objects.all()]
    assert not [text for text in contents if "135790" in text or "JBSWY3DPEHPK3PXP" in text]
    assert again(Client(), "quantri").url != RESUME


def test_it_can_be_thrown_away(clock, admin):
    client = signed_in("quantri")
    client.get("/units/")
    clock["at"] += IDLE + 1
    client.post(f"/units/people/{admin.pk}/grant/", TYPED)
    again(client, "quantri")
    assert client.post(RESUME).url == "/records/"
    assert client.get(RESUME).status_code == 302


def test_a_stale_form_of_ours_is_offered_again(admin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/units/people/{admin.pk}/grant/"
    answer = client.post(address, TYPED, headers={"origin": "http://testserver"})
    text = answer.content.decode()
    assert answer.status_code == 403 and "Trang đã mở quá lâu" in text
    assert len(offered(answer)) == 5
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text.split("Gửi lại</button>")[0])[1]
    data = TYPED | {"csrfmiddlewaretoken": token}
    assert client.post(address, data, headers={"origin": "http://testserver"}).status_code != 403


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_words_of_another_site_are_not(admin, headers):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(f"/units/people/{admin.pk}/grant/", TYPED, headers=headers)
    assert answer.status_code == 403 and not offered(answer)


def test_a_demoted_person_has_the_new_rights_at_once(admin, tree):
    client = signed_in("quantri")
    assert client.get("/units/people/").status_code == 200
    admin.memberships.update(role="viewer")
    assert client.get("/units/people/").status_code == 403
    assert client.get(f"/units/{tree.tan_thanh.pk}/").status_code == 200
    admin.memberships.update(unit=tree.tan_thanh)
    assert client.get(f"/units/{tree.province.pk}/").status_code == 404


EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 15; SM-A556E) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def desk(admin) -> Client:
    client = signed_in("quantri", headers={"user-agent": EDGE})
    client.get("/units/")
    return client


@pytest.fixture
def phone(desk) -> Client:
    client = signed_in("quantri", headers={"user-agent": PHONE}, REMOTE_ADDR="10.1.2.3")
    client.get("/units/")
    return client


def keys(answer) -> list[str]:
    return re.findall(r'name="session" value="(\w+)"', answer.content.decode())


def end(client: Client, which: str, password: str = PASSWORD):
    return client.post(SESSIONS, {"session": which, "password": password})


def inside(client: Client) -> bool:
    return client.get("/units/").status_code == 200


def test_the_table_opens_no_session(desk):
    row = Session.objects.get()
    browser = desk.cookies["sessionid"].value
    assert row.user.username == "quantri" and browser not in f"{row.session_key} {row.get_decoded()}"
    thief = Client()
    thief.cookies["sessionid"] = row.session_key
    assert not inside(thief) and inside(desk)


def test_a_person_sees_where_the_account_is_signed_in(desk, phone, tree):
    signed_in(person("ba", ("clerk", tree.tan_thanh)).username, REMOTE_ADDR="10.9.9.9").get("/units/")
    text = phone.get(SESSIONS).content.decode()
    assert "Edge trên Windows" in text and "Chrome trên Android" in text and "10.1.2.3" in text
    assert "10.9.9.9" not in text and text.count("Phiên này</") == 1
    assert text.index("Chrome trên Android") < text.index("Edge trên Windows")


@pytest.mark.parametrize(("agent", "words"), [
    (EDGE, "Edge trên Windows"), (PHONE, "Chrome trên Android"), ("curl/8", "Không rõ"), ("", "Không rõ"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari trên iPhone"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox trên Linux"),
    ("Mozilla/5.0 (Windows NT 10.0) coc_coc_browser/120 Chrome/114.0 Safari/537.36", "Cốc Cốc trên Windows"),
])  # fmt: skip
def test_a_device_name_is_browser_and_system(agent, words):
    assert device_name(agent) == words


def test_one_session_is_ended_by_the_password(desk, phone):
    key = keys(phone.get(SESSIONS))[0]
    assert end(phone, key, "sai").status_code == 422 and inside(desk)
    assert end(phone, key).url == SESSIONS
    assert inside(phone) and not inside(desk)
    assert Entry.objects.get(action="session.end").actor == "quantri"
    assert end(phone, key).status_code == 422


def test_all_others_are_ended_and_this_one_continues(desk, phone):
    half = Client()
    assert end(phone, "others").url == SESSIONS
    assert inside(phone) and not inside(desk) and not inside(half)
    assert "Không có phiên nào khác" in phone.get(SESSIONS).content.decode()
    assert Entry.objects.get(action="session.end_all").actor == "quantri"


def test_nobody_ends_a_session_of_another(desk, tree):
    other = signed_in(person("ba", ("administrator", tree.province)).username)
    other.get("/units/")
    for key in (Session.objects.get(user__username="quantri").session_key, "", "x", "a\0"):
        assert end(other, key).status_code in (400, 422)
    assert inside(desk)


def test_a_session_ends_only_together_with_whose_it_is(desk, tree):
    other = person("ba", ("administrator", tree.province))
    key = Session.objects.get(user__username="quantri").session_key
    assert not sessions.end_session(other, key, by=other)
    assert inside(desk) and not Entry.objects.filter(action="session.end").exists()


def test_sessions_that_are_over_are_not_shown(clock, desk, admin):
    clock["at"] += IDLE + 1
    later = signed_in("quantri")
    assert Session.objects.count() == 2 and keys(later.get(SESSIONS)) == []
    users.change_password(admin, PASSWORD + "!", by=None, on=admin.date_joined.date())
    later.post(LOGIN, {"username": "quantri", "password": PASSWORD + "!"})
    assert Session.objects.count() == 2 and keys(later.get(SESSIONS)) == []


def test_an_administrator_ends_those_of_somebody(desk, tree):
    someone = person("ba", ("clerk", tree.tan_thanh))
    theirs = signed_in("ba")
    page = f"/units/people/{someone.pk}/"
    assert inside(theirs) and "Kết thúc các phiên đăng nhập</button>" in desk.get(page).content.decode()
    assert desk.post(f"{page}sign-out/").url == page
    assert not inside(theirs) and inside(desk)
    assert Entry.objects.get(action="session.end_all").actor == "quantri"
    own = User.objects.get(username="quantri")
    text = desk.post(f"/units/people/{own.pk}/sign-out/", follow=True).content.decode()
    assert "Phiên đăng nhập của tôi" in text and inside(desk)


def test_the_server_ends_those_of_one_or_of_all(desk, phone, tree, capsys):
    person("ba", ("clerk", tree.tan_thanh))
    theirs = signed_in("ba")
    call_command("end_sessions", "ba")
    assert not inside(theirs) and inside(desk)
    theirs = signed_in("ba")
    call_command("end_sessions", "--all")
    assert "phiên của mọi người" in capsys.readouterr().out
    assert not any(map(inside, (theirs, desk, phone))) and inside(signed_in("ba"))
    for wrong in (["không-có"], [], ["ba", "--all"]):
        with pytest.raises(CommandError):
            call_command("end_sessions", *wrong)
    assert Entry.objects.filter(action="session.end_everyone").count() == 1


@pytest.mark.parametrize(("address", "fields"), [
    (SESSIONS, {"session": "others", "password": "?"}),
    ("/accounts/me/", {"email": "moi@example.vn", "password": "?"}),
    ("/accounts/factor/confirm/", {"code": "1", "password": "?"}),
    ("/accounts/password/", {"old_password": "?", "new_password1": "x" * 20, "new_password2": "x" * 20}),
])  # fmt: skip
def test_an_open_session_is_no_place_to_guess_the_password(desk, address, fields):
    """Wrong passwords count as at sign-in, so that an open session does not give away the account."""
    if "factor" in address:
        desk.post("/accounts/factor/")

    def guess(password: str) -> int:
        filled = {name: password if value == "?" else value for name, value in fields.items()}
        return desk.post(address, filled).status_code

    assert [guess("sai") for _ in range(5)][1:] in ([422] * 3 + [429], [200] * 3 + [429])
    assert guess(PASSWORD) == 429
    assert User.objects.get().check_password(PASSWORD) and not User.objects.get().email
