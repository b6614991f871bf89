"""The second factor: set-up, sign-in, codes that work once, recovery, reset (acceptance S14)."""

import base64
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from axes.models import AccessLog
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from accounts import second_factor, users
from accounts.models import Factor, RecoveryCode, User
from core.forms import ChangeDenied
from ledger.models import Entry
from tests.units.conftest import person
from units.people import actions

LOGIN, CODE, FACTOR = "/accounts/login/", "/accounts/login/code/", "/accounts/factor/"
PASSWORD = "mật khẩu đủ dài"


@pytest.fixture
def admin(tree) -> User:
    return person("quantri", ("administrator", tree.province))


def code_of(user: User, *, ago: int = 0) -> str:
    """The code of the person's app `ago` seconds ago, not in the last second of its period."""
    if (left := 30 - time.time() % 30) < 1:
        time.sleep(left)
    device = Factor.objects.filter(user=user).latest("pk")
    totp = TOTP(device.bin_key)
    totp.time = time.time() - ago
    return f"{totp.token():06}"


def enrol(user: User) -> list[str]:
    """Confirms an app, whose current code stays unused; the recovery codes."""
    second_factor.begin_factor(user)
    codes = second_factor.confirm_factor(user, code_of(user, ago=30), by=user)
    assert codes is not None
    return codes


def password(client: Client, username: str = "quantri"):
    return client.post(LOGIN, {"username": username, "password": PASSWORD, "next": "/units/"})


def half_in(username: str = "quantri") -> Client:
    """A client after the password and before the code."""
    client = Client()
    assert password(client, username).url == CODE
    return client


def test_the_password_alone_opens_nothing(admin):
    enrol(admin)
    client = half_in()
    assert client.get("/units/").status_code == 302
    first_session = client.cookies["sessionid"].value
    answer = client.post(CODE, {"code": code_of(admin)})
    assert (answer.status_code, answer.url) == (302, "/units/")
    assert client.get("/units/").status_code == 200 and client.cookies["sessionid"].value != first_session


def test_without_a_second_factor_nothing_changes(admin):
    client = Client()
    assert password(client).url == "/units/"
    assert client.get(CODE).url == LOGIN


def test_a_code_is_good_for_one_sign_in(admin):
    enrol(admin)
    code = code_of(admin)
    assert half_in().post(CODE, {"code": code}).status_code == 302
    assert half_in().post(CODE, {"code": code}).status_code == 422


def test_the_way_in_and_wrong_codes_are_kept(admin, caplog):
    """ASVS 16.3.1: a sign-in is logged with the address of its last step, a wrong code with its person only."""
    password(Client())
    codes = enrol(admin)
    client = half_in()
    client.post(CODE, {"code": "000000"})
    (line,) = [record.getMessage() for record in caplog.records if record.name == "accounts.sign_in"]
    assert line == f"wrong code at the second step of person {admin.pk}"
    Factor.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    client.post(CODE, {"code": codes[0]})
    assert list(AccessLog.objects.order_by("pk").values_list("path_info", flat=True)) == [LOGIN, CODE]
    assert Entry.objects.filter(action="factor.recover", subject=f"user:{admin.pk}").count() == 1


@pytest.mark.parametrize("ago", [120, 3600, -120])
def test_a_code_of_another_time_is_refused(admin, ago):
    enrol(admin)
    assert half_in().post(CODE, {"code": code_of(admin, ago=ago)}).status_code == 422


def test_after_three_wrong_codes_the_right_one_is_refused_at_once(admin):
    recovery = enrol(admin)
    for _ in range(3):
        wrong = f"{(int(code_of(admin)) + 1) % 1_000_000:06}"
        assert half_in().post(CODE, {"code": wrong}).status_code == 422
        Factor.objects.update(throttling_failure_timestamp=timezone.now())
    for code in (code_of(admin), recovery[0]):
        client = half_in()
        # Signing in may outlast the throttling.
        Factor.objects.update(throttling_failure_timestamp=timezone.now())
        assert client.post(CODE, {"code": code}).status_code == 422
    Factor.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(minutes=1))
    assert half_in().post(CODE, {"code": code_of(admin)}).status_code == 302


def test_after_five_wrong_codes_the_password_is_asked_for_again(admin):
    enrol(admin)
    client = half_in()
    answers = [client.post(CODE, {"code": "x"}).status_code for _ in range(5)]
    assert answers == [422] * 4 + [302]
    assert client.get(CODE).url == LOGIN


def test_the_step_waits_five_minutes(admin, monkeypatch):
    enrol(admin)
    client, now = half_in(), time.time()
    monkeypatch.setattr("accounts.sign_in.time.time", lambda: now + 301)
    assert client.post(CODE, {"code": code_of(admin)}).url == LOGIN
    assert client.get("/units/").status_code == 302


@pytest.mark.parametrize("change", [users.disable_user, None])
def test_an_account_changed_between_the_steps_starts_again(admin, change):
    enrol(admin)
    client = half_in()
    if change:
        change(admin, by=None)
    else:
        users.change_password(admin, "một mật khẩu hoàn toàn khác", by=None, on=date(2022, 8, 12))
    assert client.post(CODE, {"code": code_of(admin)}).url == LOGIN
    assert client.get("/units/").status_code == 302


def test_a_recovery_code_is_good_once_and_is_kept_as_a_digest(admin):
    codes = enrol(admin)
    assert len(set(codes)) == second_factor.CODES
    stored = " ".join(RecoveryCode.objects.values_list("code_sha256", flat=True))
    assert not any(code.replace("-", "") in stored or code in stored for code in codes)
    typed = f"  {codes[3].upper().replace('-', ' ')} "
    assert half_in().post(CODE, {"code": typed}).status_code == 302
    assert Entry.objects.get(action="factor.recover").detail == {"codes_left": 9}
    assert half_in().post(CODE, {"code": codes[3]}).status_code == 422


def at_once(act: Callable, *values) -> list:
    """Run the act for each value, in a thread and over a connection of its own."""

    def run(value):
        try:
            return act(value)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(values)) as pool:
        return list(pool.map(run, values))


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_one_code_at_many_workers_opens_once(shared_database, kind):
    def prepare(_):
        user = person("an")
        recovery = enrol(user)[0]
        return recovery if kind == "recovery" else code_of(user)

    code = at_once(prepare, None)[0]
    clients = at_once(lambda _: half_in("an"), *range(8))
    answers = at_once(lambda client: client.post(CODE, {"code": code}).status_code, *clients)
    assert sorted(answers) == [302] + [422] * 7


def test_a_person_sets_it_up_on_the_page(client, admin):
    other = Client()
    password(client), password(other)
    assert client.get(FACTOR).status_code == 200 and not Factor.objects.exists()
    page = client.post(FACTOR).content.decode()
    assert '<svg class="scan"' in page and "otpauth" not in page
    typed = {"code": code_of(admin), "password": "sai"}
    assert client.post(f"{FACTOR}confirm/", typed).status_code == 422
    assert client.post(f"{FACTOR}confirm/", typed | {"password": PASSWORD, "code": "000"}).status_code == 422
    Factor.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    answer = client.post(f"{FACTOR}confirm/", {"code": code_of(admin), "password": PASSWORD})
    codes = re.findall(r"<li><code>([\w-]+)</code>", answer.content.decode())
    assert answer.status_code == 200 and len(codes) == 10 and answer.headers["Cache-Control"] == "no-store"
    assert client.get("/units/").status_code == 200 and other.get("/units/").status_code == 302
    assert "Đang bật" in client.get(FACTOR).content.decode()
    assert client.post(f"{FACTOR}drop/", {"code": "000000"}).status_code == 422
    Factor.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    renewed = client.post(f"{FACTOR}codes/", {"code": codes[0]}).content.decode()
    new = re.findall(r"<li><code>([\w-]+)</code>", renewed)
    assert len(new) == 10 and not set(new) & set(codes)
    assert client.post(f"{FACTOR}drop/", {"code": new[0]}).url == FACTOR
    assert not Factor.objects.exists() and not RecoveryCode.objects.exists()
    assert [entry.action for entry in Entry.objects.filter(action__startswith="factor")] == [
        "factor.confirm", "factor.recover", "factor.renew_codes", "factor.recover", "factor.drop",
    ]  # fmt: skip


def test_whose_role_asks_for_it_works_only_with_it(client, admin, tree, settings):
    settings.SECOND_FACTOR_ROLES = ["administrator", "leader"]
    password(client)
    assert client.get("/units/").url == FACTOR
    assert "bắt buộc" in client.get(FACTOR).content.decode()
    as_script = client.get("/units/", headers={"accept": "application/json"})
    assert as_script.status_code == 403 and "xác thực hai bước" in as_script.json()["detail"]
    client.post(FACTOR)
    client.post(f"{FACTOR}confirm/", {"code": code_of(admin), "password": PASSWORD})
    assert client.get("/units/").status_code == 200
    clerk = person("an", ("clerk", tree.tan_thanh))
    other = Client()
    assert password(other, "an").url == "/units/" and other.get("/units/").status_code == 200
    actions.add_membership(clerk, tree.tan_thanh, "leader", tree.tan_thanh.active_from, by=None)
    assert other.get("/units/").url == FACTOR


def test_demo_accounts_are_not_asked(client, admin, settings):
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    User.objects.update(demo=True)
    password(client)
    assert client.get("/units/").status_code == 200


def test_an_administrator_takes_a_lost_one_back_and_its_sessions_end(client, admin, tree):
    someone = person("ba", ("leader", tree.district))
    enrol(someone)
    theirs = half_in("ba")
    theirs.post(CODE, {"code": code_of(someone)})
    password(client)
    page = f"/units/people/{someone.pk}/"
    assert "Đặt lại xác thực hai bước</button>" in client.get(page).content.decode()
    assert client.post(f"{page}factor/").url == page
    assert theirs.get("/units/").status_code == 302
    assert Entry.objects.get(action="factor.reset").actor == "quantri"
    assert password(Client(), "ba").url == "/units/"
    again = client.post(f"{page}factor/", follow=True)
    assert "chưa bật xác thực hai bước" in again.content.decode()


def test_nobody_resets_their_own_or_a_strangers(client, admin, tree):
    enrol(admin)
    with pytest.raises(ChangeDenied):
        second_factor.reset_factor(admin, by=admin)
    low = person("thap", ("administrator", tree.tan_thanh))
    client.force_login(low)
    assert client.post(f"/units/people/{admin.pk}/factor/").status_code == 404
    assert Factor.objects.filter(user=admin, confirmed=True).exists()


def stored() -> str:
    """All rows of the database as text."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 (the database's own names, quoted)
            rows += [repr(row) for row in cursor.fetchall()]
    return "\n".join(rows).lower()


def shapes(secret: bytes) -> list[str]:
    """The forms in which a secret might be stored."""
    coded = (
        secret.hex(),
        base64.b32encode(secret).decode(),
        base64.b64encode(secret).decode()[:-1],
        repr(secret),
    )
    return [text.lower() for text in coded]


def plain(secret: bytes) -> None:
    """Store the secret unencrypted, as django-otp does."""
    Factor.objects.update(key=secret.hex())


def test_a_stolen_database_gives_no_code(admin):
    enrol(admin)
    secret = Factor.objects.get().bin_key
    assert len(secret) == 20 and not any(shape in stored() for shape in shapes(secret))
    plain(secret)
    assert secret.hex() in stored()


def test_a_secret_opens_for_its_person_only(admin, tree):
    """Without a key nobody who writes to the database can give an administrator another's app or a plain secret."""
    other = person("ba", ("clerk", tree.tan_thanh))
    enrol(admin), enrol(other)
    own = Factor.objects.get(user=other)
    code = code_of(other)
    for planted in (own.key, own.bin_key.hex(), own.key[:-2] + "AA", "v1.", ""):
        Factor.objects.filter(user=admin).update(key=planted, throttling_failure_timestamp=None)
        assert half_in().post(CODE, {"code": code}).status_code == 422, planted


def test_the_key_is_changed_and_nobody_loses_the_factor(admin, settings, capsys):
    enrol(admin)
    code = code_of(admin)
    settings.FACTOR_KEYS = ["n" * 50, *settings.FACTOR_KEYS]
    call_command("seal_factors")
    settings.FACTOR_KEYS = settings.FACTOR_KEYS[:1]
    assert "1 khóa" in capsys.readouterr().out
    assert half_in().post(CODE, {"code": code}).status_code == 302


def test_under_another_key_no_code_is_good_but_a_recovery_code_is(admin, settings, capsys, caplog):
    codes = enrol(admin)
    code = code_of(admin)
    settings.FACTOR_KEYS = ["n" * 50]
    assert half_in().post(CODE, {"code": code}).status_code == 422
    assert "CCHC_FACTOR_KEYS" in caplog.text
    with pytest.raises(SystemExit) as left:
        call_command("seal_factors")
    assert left.value.code == 1 and "quantri" in capsys.readouterr().err
    assert half_in().post(CODE, {"code": codes[0]}).status_code == 302
