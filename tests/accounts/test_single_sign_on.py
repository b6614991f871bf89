"""Single sign-on with a real provider: who gets in, and what is refused (acceptance S15)."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts import single_sign_on, users
from accounts.models import Identity, User
from ledger.models import Entry
from tests.units.conftest import person

from . import oidc_provider
from .oidc_provider import CLIENT, SECRET, consent
from .test_second_factor import CODE, code_of, enrol

BEGIN, LIST = "/accounts/sso/", "/units/"


@pytest.fixture(scope="module")
def running():
    with oidc_provider.provider() as server:
        yield server


@pytest.fixture
def provider(running, settings):
    running.spoil, running.sign = (lambda claims: claims), oidc_provider.by_key
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = (
        running.address,
        CLIENT,
        SECRET,
    )
    return running


@pytest.fixture
def an(tree, provider) -> User:
    user = person("an", ("viewer", tree.tan_thanh))
    User.objects.filter(pk=user.pk).update(email="an@hanam.example")
    single_sign_on.link_identity(user, provider.address, "sub-an", by=user)
    return user


def arrive(client: Client, subject: str = "sub-an"):
    """Sign in: our page, the provider's, and back."""
    there = client.get(BEGIN, {"next": LIST})
    assert there.status_code == 302
    back = urlsplit(consent(there.url, subject))
    return client.get(f"{back.path}?{back.query}")


def test_a_linked_person_comes_in(client, an, provider):
    assert 'href="/accounts/sso/"' in client.get("/accounts/login/").content.decode()
    answer = arrive(client)
    assert (answer.status_code, answer.url) == (302, LIST)
    assert client.get(LIST).status_code == 200


def test_a_challenge_is_sent_and_its_secret_follows(client, an, provider):
    query = parse_qs(urlsplit(client.get(BEGIN).url).query)
    assert query["code_challenge_method"] == ["S256"] and len(query["code_challenge"][0]) == 43
    assert query["nonce"] and query["state"] and query["scope"] == ["openid"]
    arrive(client)
    assert len(provider.token_requests[-1]["code_verifier"]) >= 43


@pytest.mark.parametrize(
    "lie",
    [
        {"aud": "another-program"},
        {"aud": "another-program", "azp": "cchc"},
        {"aud": ["cchc", "another-program"]},
        {"iss": "https://evil.example"},
        {"nonce": "of another browser"},
        {"nonce": None},
        {"exp": None},
        {"exp": int(time.time()) - 3600},
        {"exp": "mai"},
        {"iat": int(time.time()) + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": ["sub-an"]},
    ],
)
def test_a_token_that_says_something_else_is_refused(client, an, provider, lie):
    provider.spoil = lambda claims: {
        name: value for name, value in (claims | lie).items() if value is not None
    }
    answer = arrive(client)
    assert answer.status_code == 400 and "Không đăng nhập được" in answer.content.decode()
    assert client.get(LIST).status_code == 302


@pytest.mark.parametrize(
    "sign", [oidc_provider.by_nothing, oidc_provider.by_shared_secret, oidc_provider.by_a_stranger]
)
def test_a_token_without_the_servers_signature_is_refused(client, an, provider, sign):
    provider.sign = sign
    assert arrive(client).status_code == 400
    assert client.get(LIST).status_code == 302


@pytest.mark.parametrize(
    ("kind", "status"), [("JWT", 302), ("jwt", 302), ("at+jwt", 400), ("logout+jwt", 400)]
)
def test_only_what_calls_itself_no_other_kind_of_token_is_taken(client, an, provider, kind, status):
    """ASVS 9.2.2: the server signs tokens of other types with the same key; their header names the type."""
    provider.sign = lambda claims: oidc_provider.by_key(claims, typ=kind)
    assert arrive(client).status_code == status


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é" * 10, "." * 5])
def test_what_is_no_token_is_refused(client, an, provider, token):
    provider.sign = lambda claims: token
    assert arrive(client).status_code == 400


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(client, an, provider):
    there = Client().get(BEGIN)
    back = urlsplit(consent(there.url, "sub-an"))
    assert client.get(f"{back.path}?{back.query}").status_code == 400
    for query in ("", "code=x", "code=x&state=y", "error=access_denied&state=y"):
        assert client.get(f"{back.path}?{query}").status_code == 400
    assert client.get(LIST).status_code == 302


def test_an_answer_is_good_once(client, an, provider):
    there = client.get(BEGIN)
    back = urlsplit(consent(there.url, "sub-an"))
    assert client.get(f"{back.path}?{back.query}").status_code == 302
    client.post("/accounts/logout/")
    assert client.get(f"{back.path}?{back.query}").status_code == 400


def test_an_unknown_subject_gets_no_account_even_with_a_known_address(client, an, provider):
    provider.spoil = lambda claims: claims | {"email": "an@hanam.example", "email_verified": True}
    before = User.objects.count()
    answer = arrive(client, "sub-la")
    assert answer.status_code == 403 and "sub-la" in answer.content.decode()
    assert User.objects.count() == before and client.get(LIST).status_code == 302


def test_the_same_name_at_another_server_is_another(client, an, provider):
    Identity.objects.update(issuer="https://another.example")
    assert arrive(client).status_code == 403


def test_a_disabled_person_stays_out(client, an, provider):
    users.disable_user(an, by=None)
    assert arrive(client).status_code == 403


def test_the_second_factor_is_asked_here_too(client, an, provider):
    enrol(an)
    assert arrive(client).url == CODE
    assert client.get(LIST).status_code == 302
    assert client.post(CODE, {"code": code_of(an)}).url == LIST
    assert client.get(LIST).status_code == 200


def test_an_issued_password_does_not_hold_up_who_needs_none(client, an, provider):
    User.objects.update(must_change_password=True)
    arrive(client)
    assert client.get(LIST).status_code == 200


def test_it_leads_to_no_foreign_site(client, an, provider):
    there = client.get(BEGIN, {"next": "https://evil.example/"})
    back = urlsplit(consent(there.url, "sub-an"))
    assert client.get(f"{back.path}?{back.query}").url == "/"


def test_an_administrator_links_and_unlinks(client, tree, provider):
    admin = person("quantri", ("administrator", tree.province))
    someone = person("ba", ("viewer", tree.tan_thanh))
    client.force_login(admin)
    page = f"/units/people/{someone.pk}/"
    assert "Gắn tài khoản" in client.get(page).content.decode()
    client.post(f"{page}link/", {"subject": " sub-ba "})
    identity = Identity.objects.get()
    assert (identity.user, identity.subject, identity.issuer) == (someone, "sub-ba", provider.address)
    other = person("hai", ("viewer", tree.tan_thanh))
    answer = client.post(f"/units/people/{other.pk}/link/", {"subject": "sub-ba"}, follow=True)
    assert "đã gắn với một người dùng" in answer.content.decode()
    theirs = Client()
    arrive(theirs, "sub-ba")
    assert theirs.get(LIST).status_code == 200
    client.post(f"{page}link/{identity.pk}/end/")
    assert theirs.get(LIST).status_code == 302 and arrive(Client(), "sub-ba").status_code == 403
    logged = Entry.objects.filter(action__startswith="identity").order_by("sequence")
    assert [entry.action for entry in logged] == ["identity.link", "identity.unlink"]
    low = person("thap", ("administrator", tree.tan_thanh))
    client.force_login(low)
    assert client.post(f"/units/people/{admin.pk}/link/", {"subject": "x"}).status_code == 404


def test_linking_ones_own_account_asks_for_the_password(client, tree, provider):
    admin = person("quantri", ("administrator", tree.province))
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    own = f"/units/people/{admin.pk}/"
    assert 'name="password"' in client.get(own).content.decode()
    for password in ({}, {"password": "đoán"}):
        client.post(f"{own}link/", {"subject": "sub-ke-la"} | password)
        assert not Identity.objects.exists()
    client.post(f"{own}link/", {"subject": "sub-quan-tri", "password": "mật khẩu đủ dài"})
    assert Identity.objects.get().user == admin


def test_a_silent_server_leaves_the_password(client, an, settings):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    answer = client.get(BEGIN, follow=True)
    assert "không trả lời" in answer.content.decode()


def test_off_unless_it_is_set_up(client, db):
    assert client.get(BEGIN).status_code == 404 and client.get(f"{BEGIN}callback/").status_code == 404
    assert "/accounts/sso/" not in client.get("/accounts/login/").content.decode()
