"""OpenID Connect client for sign-in by the organisation's own server.

The only module that imports Authlib.
"""

from functools import lru_cache
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from joserfc import jws
from joserfc.errors import JoseError

from .models import Identity
from .single_sign_on import ServerUnreachable, SignedIdentity, UntrustedAnswer

# Signatures by a private key of the server; "none" and keys that both sides know are no signatures.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_KIND = "JWT"
_SECONDS = 10
_LEEWAY = 30


class _Server(DjangoOAuth2App):
    def load_server_metadata(self) -> dict[str, Any]:
        metadata = super().load_server_metadata()
        if metadata.get("issuer") != settings.OIDC_ISSUER:
            self.server_metadata.pop("_loaded_at", None)
            raise UntrustedAnswer("issuer of the metadata")
        metadata["id_token_signing_alg_values_supported"] = _ALGORITHMS
        return metadata


@lru_cache(maxsize=1)
def _server(issuer: str, client: str, secret: str) -> _Server:
    return OAuth().register(
        "sso",
        client_cls=_Server,
        client_id=client,
        client_secret=secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid", "code_challenge_method": "S256", "default_timeout": _SECONDS},
    )


def _configured() -> _Server:
    return _server(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)


def begin(request: HttpRequest, back: str) -> HttpResponse:
    """Lead to the server, which leads back to the address `back`. Errors: Untrusted, Unreachable."""
    try:
        return _configured().authorize_redirect(request, back)
    except requests.RequestException as error:
        raise ServerUnreachable from error
    except (AuthlibBaseError, ValueError, RuntimeError) as error:
        raise UntrustedAnswer from error


def answered(request: HttpRequest) -> SignedIdentity:
    """Read what the server led back with. Errors: Untrusted for anything but a fresh token, signed by the server, made
    for this program and this browser; Unreachable.
    """
    options = {
        "iss": {"essential": True, "value": settings.OIDC_ISSUER},
        "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
        "exp": {"essential": True},
        "nonce": {"essential": True},
        "sub": {"essential": True, "allow_blank": False},
    }
    try:
        token = _configured().authorize_access_token(request, claims_options=options, leeway=_LEEWAY)
        kind = jws.extract_compact(token["id_token"].encode()).headers().get("typ", _KIND)
        subject = token["userinfo"]["sub"]
    except requests.RequestException as error:
        raise ServerUnreachable from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UntrustedAnswer from error
    # What a server signs for another use says so: "at+jwt", "logout+jwt".
    if str(kind).upper() != _KIND:
        raise UntrustedAnswer("typ")
    if not isinstance(subject, str) or len(subject) > Identity.LONGEST or "\0" in subject:
        raise UntrustedAnswer("sub")
    return SignedIdentity(settings.OIDC_ISSUER, subject)
