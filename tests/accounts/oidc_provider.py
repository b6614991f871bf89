"""A local OpenID Connect provider whose ID tokens a test can falsify."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import flask
import oidc_provider_mock
import requests
import werkzeug.serving
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from oidc_provider_mock._storage import storage

CLIENT, SECRET = "cchc", "a-secret-of-at-least-thirty-two-bytes"
Spoil = Callable[[dict], dict]


@contextmanager
def provider() -> Iterator[SimpleNamespace]:
    """A running provider. `address`: its issuer; `spoil` changes the claims before `sign` signs them; `token_requests`:
    the forms it received.
    """
    app = oidc_provider_mock.app()
    here = SimpleNamespace(spoil=lambda claims: claims, sign=by_key, token_requests=[])
    truly = app.view_functions["oidc-provider-mock.issue_token"]

    def issue():
        here.token_requests.append(flask.request.form.to_dict())
        answer = flask.make_response(truly()).get_json()
        if "id_token" in answer:
            body = answer["id_token"].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            answer["id_token"] = here.sign(here.spoil(claims))
        return answer

    app.view_functions["oidc-provider-mock.issue_token"] = issue
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    here.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def consent(address: str, subject: str) -> str:
    """Sign in at the provider as `subject`; the address it redirects to."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
    return answer.headers["Location"]


def by_key(claims: dict, **head: object) -> str:
    """A token signed with the provider's key; `head`: more fields of its header."""
    key = RSAKey.import_key(storage.jwk.as_dict(is_private=True))
    named = {"kid": key.kid} if key.kid else {}
    return jwt.encode({"alg": "RS256", **named, **head}, claims, key)


def by_nothing(claims: dict) -> str:
    """alg none: no signature at all."""
    parts = ({"alg": "none"}, claims)
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*coded, ""])


def by_shared_secret(claims: dict) -> str:
    """HS256 with the client secret."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET.encode()))


def by_a_stranger(claims: dict) -> str:
    """RS256 with a key that is not the provider's."""
    return jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))
