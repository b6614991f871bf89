"""API tokens: shown once, stored as a digest, limited to a subtree, a scope and a time (S6)."""

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import users
from accounts.models import User
from ledger.models import Entry
from tests.units.lifecycle.test_views import signed_in
from units import tokens
from units.models import System, Token, TokenScope
from units.people import actions
from units.tokens import secret_digest

from .conftest import person

TODAY = date(2022, 8, 12)  # of the tests, by CCHC_TODAY
ADDRESS = "/api/v1/summary?period=2022-H1"


@pytest.fixture
def cast(tree) -> SimpleNamespace:
    """The administrators of the district and of a neighbouring commune."""
    return SimpleNamespace(
        admin=person("quantri", ("administrator", tree.district)),
        other=person("quantri-13480", ("administrator", tree.liem_tuc)),
    )


def token(
    unit,
    *scopes: str,
    days: int = 30,
    at: datetime | None = None,
    name: str = "Một cửa",
    by: User | None = None,
) -> tuple[Token, str]:
    return tokens.create_token(name, unit, scopes or TokenScope.values, days, by=by, at=at or timezone.now())


def asking(secret: str, address: str = ADDRESS) -> HttpResponse:
    return Client().get(address, headers={"Authorization": f"Bearer {secret}"})


def test_a_secret_is_shown_once_and_only_its_digest_is_kept(tree, cast, capsys):
    client = signed_in(cast.admin)
    form = {"name": "Một cửa huyện", "unit": "351", "scopes": ["figures", "write"], "days": "90"}
    page = client.post("/units/tokens/", form).content.decode()
    (secret,) = re.findall(r"cchc_[\w-]{43}", page)
    made = Token.objects.get()
    assert (made.secret_sha256, made.scopes) == (secret_digest(secret), "figures write")
    for where in ("/units/tokens/", f"/units/tokens/{made.pk}/"):
        shown = client.get(where).content.decode()
        assert "Một cửa huyện" in shown and secret not in shown
    call_command("dumpdata", "units", "ledger")
    dump = capsys.readouterr().out
    assert secret_digest(secret) in dump and secret.removeprefix("cchc_") not in dump
    entry = Entry.objects.get(action="token.create")
    assert (entry.actor, entry.subject) == ("quantri", f"token:{made.pk}")
    assert entry.detail["scopes"] == "figures write" and entry.detail["unit_code"] == "351"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("days", "91"),
        ("days", "0"),
        ("days", "x"),
        ("days", "9" * 5000),
        ("unit", "35"),
        ("unit", "khong-co"),
        ("unit", "351@2022-02-30"),
        ("scopes", []),
        ("scopes", ["approve"]),
        ("name", " "),
        ("name", "x" * 101),
    ],
)
def test_what_no_token_can_be_is_refused_at_its_field(tree, cast, field, value):
    form = {"name": "Một cửa", "unit": "351", "scopes": ["figures"], "days": "90", field: value}
    answer = signed_in(cast.admin).post("/units/tokens/", form)
    assert answer.status_code == 422 and answer.context["form"].errors.keys() == {field}
    assert not Token.objects.exists()


def test_a_token_reads_its_subtree(tree):
    made, secret = token(tree.district)
    assert asking(secret).json()["unit"] == "351"
    assert asking(secret, f"{ADDRESS}&unit=13474").json()["unit"] == "13474"
    outside, none = (asking(secret, f"{ADDRESS}&unit={code}") for code in ("35", "khong-co"))
    assert outside.status_code == none.status_code == 404 and outside.content == none.content
    made.refresh_from_db()
    assert timezone.now() - made.last_used_at < timedelta(minutes=1)


def test_tokens_that_open_nothing(tree):
    now = timezone.now()
    expired = token(tree.district, at=now - timedelta(days=31))[1]
    revoked, of_revoked = token(tree.district)
    tokens.revoke_token(revoked, by=None, at=now)
    for secret in (expired, of_revoked, "cchc_" + "x" * 43, "", "x" * 5000, "khóa", "\x7f"):
        answer = asking(secret)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token"), secret[:20]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_token_ends_at_its_moment(tree):
    made = token(tree.district, days=90, at=datetime(2022, 8, 12, tzinfo=UTC))[0]
    assert made.is_valid(datetime(2022, 11, 9, 23, 59, tzinfo=UTC))
    assert not made.is_valid(datetime(2022, 11, 10, tzinfo=UTC))


@pytest.mark.parametrize("query", ["token=", "access_token=", "api_key=", "unit="])
def test_no_token_in_an_address(tree, cast, query):
    secret = token(tree.district)[1]
    for client in (Client(), signed_in(cast.admin)):
        answer = client.get(f"{ADDRESS}&{query}{secret}")
        assert (answer.status_code, answer.json()["code"]) == (401, "token_in_address")
    assert asking(secret, f"{ADDRESS}&{query}{secret}").status_code == 401


def test_a_scope_opens_its_own_part_only(tree):
    secret = token(tree.district, TokenScope.REVIEWS)[1]
    answer = asking(secret)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")


def test_a_bad_token_is_refused_beside_a_session(tree, cast):
    client = signed_in(cast.admin)
    assert client.get(ADDRESS).status_code == 200
    assert client.get(ADDRESS, headers={"Authorization": "Bearer cchc_x"}).status_code == 401
    # Other schemes are left to the proxy.
    assert client.get(ADDRESS, headers={"Authorization": "Basic eDp5"}).status_code == 200


def test_a_token_opens_no_page(tree):
    secret = token(tree.district)[1]
    for where in ("/", "/records/", "/units/", "/units/tokens/", "/reports/reviews/"):
        assert asking(secret, where).status_code == 302, where


def test_a_session_is_never_spared_the_token_of_a_form(tree, cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.admin, "django.contrib.auth.backends.ModelBackend")
    assert client.post(ADDRESS).status_code == 403
    headers = {"Authorization": f"Bearer {token(tree.district)[1]}"}
    assert client.post(ADDRESS, headers=headers).status_code == 405


def test_too_many_requests_wait(tree, settings, tmp_path):
    settings.API_LIMIT, settings.DATA_DIR = 3, tmp_path
    busy, calm = token(tree.district)[1], token(tree.district)[1]
    assert [asking(busy).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = asking(busy)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60 and answer.json()["code"] == "too_many"
    assert asking(calm).status_code == 200


def test_revoking_takes_effect_at_once_and_is_logged_once(tree, cast):
    made, secret = token(tree.tan_thanh)
    client = signed_in(cast.admin)
    for _ in range(2):
        assert client.post(f"/units/tokens/{made.pk}/revoke/").status_code == 302
    assert asking(secret).status_code == 401
    assert Entry.objects.filter(action="token.revoke", actor="quantri").count() == 1
    assert "Đã thu hồi" in client.get(f"/units/tokens/{made.pk}/").content.decode()


LEAVING = {
    "locked": lambda maker, tree, by: users.disable_user(maker, by=by),
    "left": lambda maker, tree, by: actions.leave(maker, TODAY, by=by),
    "moved": lambda maker, tree, by: actions.transfer(maker, tree.liem_tuc, TODAY, by=by),
    "role ended": lambda maker, tree, by: actions.end_membership(maker.memberships.get(), TODAY, by=by),
    "another role": lambda maker, tree, by: maker.memberships.update(role="reviewer"),
    "a unit below only": lambda maker, tree, by: maker.memberships.update(unit=tree.tan_thanh),
    "from tomorrow on": lambda maker, tree, by: maker.memberships.update(valid_from=TODAY + timedelta(1)),
}


@pytest.mark.parametrize("how", LEAVING)
def test_a_token_ends_with_the_right_of_its_maker_at_the_next_request(tree, cast, how):
    """For reading and writing, like a session (S7); another maker's token for the same unit stays valid."""
    above = person("quantri-tinh", ("administrator", tree.province))
    secret, other = token(tree.district, by=cast.admin)[1], token(tree.district, by=above)[1]
    assert (asking(secret).status_code, asking(other).status_code) == (200, 200)
    LEAVING[how](cast.admin, tree, above)
    answer = asking(secret)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
    assert "cấp khóa mới" in answer.content.decode()
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "k"}
    written = Client().put("/api/v1/submissions/13474/2022-M07", {}, "application/json", headers=headers)
    assert written.status_code == 401
    assert asking(other).status_code == 200


def test_a_token_stays_valid_while_its_maker_administers_the_unit(tree, cast):
    above = person("quantri-tinh", ("administrator", tree.province))
    secret = token(tree.tan_thanh, by=cast.admin)[1]
    actions.add_membership(cast.admin, tree.province, "administrator", TODAY, by=above)
    actions.end_membership(cast.admin.memberships.get(unit=tree.district), TODAY, by=above)
    assert asking(secret, f"{ADDRESS}&unit=13474").status_code == 200


def test_the_pages_tell_whose_tokens_ended_and_one_click_revokes_them(tree, cast):
    above = person("quantri-tinh", ("administrator", tree.province))
    made, client = token(tree.district, by=cast.admin)[0], signed_in(above)
    page = client.get(f"/units/people/{cast.admin.pk}/").content.decode()
    assert "Khóa truy cập đã cấp" in page and "Một cửa" in page
    assert "Đang dùng được" in client.get("/units/tokens/").content.decode()
    users.disable_user(cast.admin, by=above)
    for where in ("/units/tokens/", f"/units/tokens/{made.pk}/"):
        page = client.get(where).content.decode()
        assert "Đã ngừng: người cấp không còn quản trị" in page and "Người quantri" in page
        assert f"/units/tokens/{made.pk}/revoke/" in page
    assert "Khóa truy cập đã cấp" not in client.get(f"/units/people/{cast.admin.pk}/").content.decode()
    client.post(f"/units/tokens/{made.pk}/revoke/")
    assert "Đã thu hồi" in client.get("/units/tokens/").content.decode()


def test_an_administrator_manages_the_tokens_of_the_own_units(tree, cast):
    made = token(tree.district)[0]
    client = signed_in(cast.other)
    assert "Một cửa" not in client.get("/units/tokens/").content.decode()
    unknown = client.get("/units/tokens/987654/")
    hidden = client.get(f"/units/tokens/{made.pk}/")
    assert unknown.status_code == hidden.status_code == 404 and unknown.content == hidden.content
    assert client.post(f"/units/tokens/{made.pk}/revoke/").status_code == 404
    made.refresh_from_db()
    assert made.revoked_at is None


def test_a_system_is_named_as_no_person_can_be(tree):
    made = token(tree.district, name="quantri")[0]
    name = System(made).get_username()
    assert name == "quantri (API)"
    with pytest.raises(ValidationError):
        User(username=name, password="x").clean_fields()


def test_the_list_takes_a_fixed_number_of_queries(tree, cast, django_assert_num_queries):
    client = signed_in(cast.admin)
    token(tree.district)
    client.get("/units/tokens/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/units/tokens/")
    for number in range(5):
        token(tree.tan_thanh, by=person(f"quantri-{number}", ("administrator", tree.tan_thanh)))
    with django_assert_num_queries(len(queries)):
        client.get("/units/tokens/")
