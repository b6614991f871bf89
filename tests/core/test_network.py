"""Which address counts behind proxies, for lock-out, rate limits and networks (acceptance S8)."""

import pytest
from django.test import Client, RequestFactory

from accounts import passwords
from core import network
from tests.units.conftest import person

LOGIN, SAFETY = "/accounts/login/", "/units/safety/"
PROXY = "127.0.0.1"


def sign_in(password: str, forwarded: str):
    data = {"username": "an", "password": password}
    return Client().post(LOGIN, data, HTTP_X_FORWARDED_FOR=forwarded)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, PROXY),
        (0, "10.0.0.9", PROXY),
        (0, "1.2.3.4, 10.0.0.9", PROXY),
        (1, "10.0.0.9", "10.0.0.9"),
        (1, "1.2.3.4, 10.0.0.9", "10.0.0.9"),
        (1, "x, 1.2.3.4,10.0.0.9 ", "10.0.0.9"),
        (1, "2001:DB8:0::7", "2001:db8::7"),
        (1, None, PROXY),
        (1, "", PROXY),
        (1, "1.2.3.4,", PROXY),
        (1, "unknown", PROXY),
        (1, "10.0.0.9:4711", PROXY),
        (1, "fe80::1%eth0", PROXY),
        (2, "1.2.3.4, 10.0.0.9, 10.0.0.1", "10.0.0.9"),
        (2, "10.0.0.9", PROXY),
    ],
)
def test_the_entry_that_the_outermost_proxy_wrote_counts(settings, proxies, forwarded, expected):
    settings.PROXIES = proxies
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    assert network.client_address(RequestFactory().get("/", REMOTE_ADDR=PROXY, **headers)) == expected


def test_a_socket_has_no_address(settings):
    settings.PROXIES = 1
    assert network.client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None


def test_the_lock_is_of_the_address_behind_the_proxy(settings, tree):
    settings.PROXIES = 1
    person("an", ("viewer", tree.tan_thanh))
    tried = [sign_in("sai", f"1.2.3.{n}, 10.0.0.9").status_code for n in range(5)]
    assert tried == [200] * 4 + [429]
    assert sign_in("mật khẩu đủ dài", "10.0.0.9").status_code == 429
    assert sign_in("mật khẩu đủ dài", "10.0.0.8").status_code == 302


def test_the_lock_is_of_the_network_of_an_ipv6_address(settings, tree):
    """One customer has billions of addresses there. IPv4 addresses written as IPv6 count one by one."""
    settings.PROXIES = 1
    person("an", ("viewer", tree.tan_thanh))
    tried = [sign_in("sai", f"2001:db8:0:7::{n}").status_code for n in range(5)]
    assert tried == [200] * 4 + [429]
    assert sign_in("mật khẩu đủ dài", "2001:db8:0:7:ffff::").status_code == 429
    assert sign_in("mật khẩu đủ dài", "2001:db8:0:8::1").status_code == 302
    tried = [sign_in("sai", f"::ffff:10.0.0.{n}").status_code for n in range(5)]
    assert tried == [200] * 5


def test_who_signs_in_waits_in_the_line_of_the_address_behind_the_proxy(settings, tree, monkeypatch):
    settings.PROXIES = 1
    lines = []
    true_line = passwords.one_attempt_at_a_time
    monkeypatch.setattr(
        "accounts.sign_in.one_attempt_at_a_time",
        lambda *whose: lines.append(whose) or true_line(*whose),
    )
    sign_in("sai", "1.2.3.4, 10.0.0.9")
    sign_in("sai", "2001:db8:0:7::1")
    assert lines == [("an", "10.0.0.9"), ("an", "2001:db8:0:7::")]


@pytest.mark.parametrize(
    ("forwarded", "answers"),
    [
        (("10.0.0.9", "1.2.3.4, 10.0.0.9", "10.0.0.8"), [200, 429, 200]),
        (("2001:db8:0:7::1", "2001:db8:0:7::2", "2001:db8:0:8::1"), [200, 429, 200]),
        (("::ffff:10.0.0.9", "10.0.0.9", "::ffff:10.0.0.8"), [200, 429, 200]),
    ],
)
def test_limits_are_counted_by_the_address_behind_the_proxy(settings, db, tmp_path, forwarded, answers):
    settings.DATA_DIR, settings.VERIFY_LIMIT, settings.PROXIES = tmp_path, 1, 1
    statuses = [
        Client().get("/verify/?code=BBBBBBBBBB", HTTP_X_FORWARDED_FOR=address).status_code
        for address in forwarded
    ]
    assert statuses == answers


def test_administration_is_open_to_the_networks_behind_the_proxy(settings, tree):
    settings.PROXIES = 1
    client = Client()
    client.force_login(person("quantri", ("administrator", tree.province)))
    rules = {"idle_minutes": "30", "password_length": "12", "password_days": "0", "addresses": "10.0.0.0/24"}
    assert client.post(SAFETY, rules, HTTP_X_FORWARDED_FOR="192.0.2.1, 10.0.0.9").status_code == 302
    assert client.get(SAFETY, HTTP_X_FORWARDED_FOR="10.0.0.9").status_code == 200
    for forwarded in ("192.0.2.1", "10.0.0.9, 192.0.2.1", "10.0.0.9, x"):
        assert client.get(SAFETY, HTTP_X_FORWARDED_FOR=forwarded).status_code == 404
