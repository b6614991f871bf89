"""How long a session lasts, and what becomes of what was typed when it ends (acceptance S11, S12, S18)."""

import re
import time

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from .conftest import person

LOGIN, RESUME = "/accounts/login/", "/accounts/resume/"
PASSWORD = "mật khẩu đủ dài"
TYPED = {"role": "viewer", "unit": "  13474 ", "valid_from": "dòng 1\nhai <b>", "lặp": ["một", "hai"]}
IDLE, ABSOLUTE = 30 * 60, 10 * 3600


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved: clock["at"] += seconds."""
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
    """The fields of the form that is offered to be sent again, as a browser would send them."""
    found = re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', answer.content.decode(), re.S)
    return [(name, value.replace("&lt;", "<").replace("&gt;", ">")) for name, value in found]


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
    kept = [str(one.get_decoded()) for one in Session.objects.all()]
    assert not [one for one in kept if "135790" in one or "JBSWY3DPEHPK3PXP" in one]
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
