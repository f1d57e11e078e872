"""Tokens: only ours, only in their time, only for roles; and a signature is checked once."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api import auth
from api.auth import AUDIENCE, ISSUER, Authenticator, mint
from api.problems import Problem
from domain.values import Actor, ActorKind, moment_of
from tests.api.served import START, Clock

KEY = Ed25519PrivateKey.generate()
HOUR = timedelta(hours=1)


def _token(**changes: Any) -> str:
    """Return a token signed with our key whose claims are changed; None takes one away."""
    start = int(moment_of(START).timestamp())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "agent-1",
        "role": "agent",
        "iat": start,
        "exp": start + 3600,
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(claims, KEY, algorithm="EdDSA")


def _unsigned(token: str, header: dict[str, str], signature: bytes = b"") -> str:
    """Return a token's claims under another header and signature."""
    parts = [json.dumps(header).encode(), signature]
    first, last = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return f"{first}.{token.split('.')[1]}.{last}"


def _authenticator(clock: Clock | None = None) -> Authenticator:
    return Authenticator(KEY.public_key(), (clock or Clock()).now)


def test_a_minted_token_speaks_for_its_role_and_subject() -> None:
    """What `ticketledger token` prints is what the API believes."""
    token = mint(KEY, role=ActorKind.MERCHANT, subject="m-1", ttl=HOUR, now=START)
    caller = _authenticator().caller(f"Bearer {token}")
    assert caller.actor == Actor(ActorKind.MERCHANT, "m-1")
    assert caller.until == "2026-11-22T04:00:00.000000Z"


def test_the_platforms_own_role_is_nobodys() -> None:
    """Deadlines pass by themselves; no token lets a person say that they have."""
    with pytest.raises(ValueError, match="no token carries"):
        mint(KEY, role=ActorKind.SYSTEM, subject="platform", ttl=HOUR, now=START)
    with pytest.raises(Problem):
        _authenticator().caller(f"Bearer {_token(role='system')}")


@pytest.mark.parametrize("subject", ["", "林晓", "a b", "x" * 65, "a\nb", "-a"])
def test_a_subject_is_a_reference_and_never_a_name(subject: str) -> None:
    """It stands in every record for ever."""
    with pytest.raises(ValueError, match="a subject looks like"):
        mint(KEY, role=ActorKind.AGENT, subject=subject, ttl=HOUR, now=START)
    with pytest.raises(Problem):
        _authenticator().caller(f"Bearer {_token(sub=subject)}")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "another-api"},
        {"role": "emperor"},
        {"role": ["agent"]},
        {"sub": 7},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"role": None},
        {"iat": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**18},
        {"exp": -(10**18)},
        {"iat": int(moment_of(START).timestamp()) + 61},
    ],
    ids=str,
)
def test_a_token_with_other_claims_is_refused(changes: dict[str, Any]) -> None:
    """Every claim is required, and is what it says."""
    with pytest.raises(Problem) as refused:
        _authenticator().caller(f"Bearer {_token(**changes)}")
    assert refused.value.code == "unauthenticated"
    assert 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]


def test_a_token_signed_by_another_key_is_refused() -> None:
    """That is what a signature is for."""
    forged = mint(
        Ed25519PrivateKey.generate(), role=ActorKind.ADMIN, subject="a", ttl=HOUR, now=START
    )
    with pytest.raises(Problem):
        _authenticator().caller(f"Bearer {forged}")


def test_a_token_without_a_signature_is_refused() -> None:
    """The algorithm is ours to choose and never the token's."""
    for header in ({"alg": "none", "typ": "JWT"}, {"alg": "EdDSA", "typ": "JWT"}):
        with pytest.raises(Problem):
            _authenticator().caller(f"Bearer {_unsigned(_token(), header)}")


def test_our_public_key_does_not_serve_as_a_shared_secret() -> None:
    """The old confusion: HS256 keyed with what everybody may know."""
    public = KEY.public_key()
    for secret in (
        public.public_bytes(Encoding.Raw, PublicFormat.Raw),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ):
        token = _unsigned(_token(), {"alg": "HS256", "typ": "JWT"})
        signed = token.rpartition(".")[0]
        signature = hmac.digest(secret, signed.encode(), hashlib.sha256)
        encoded = base64.urlsafe_b64encode(signature).decode().rstrip("=")
        with pytest.raises(Problem):
            _authenticator().caller(f"Bearer {signed}.{encoded}")


def test_a_changed_token_is_refused_also_when_the_true_one_is_known() -> None:
    """What is remembered is the whole token, not its claims."""
    authenticator = _authenticator()
    token = _token()
    authenticator.caller(f"Bearer {token}")
    head, claims, signature = token.split(".")
    other = _token(role="admin").split(".")[1]
    for changed in (f"{head}.{other}.{signature}", f"{head}.{claims}.{signature[:-4]}AAAA"):
        with pytest.raises(Problem):
            authenticator.caller(f"Bearer {changed}")


def test_a_token_ends_at_its_instant_also_when_it_is_known() -> None:
    """A remembered signature is no longer life."""
    clock = Clock()
    authenticator = _authenticator(clock)
    header = f"Bearer {mint(KEY, role=ActorKind.AGENT, subject='a', ttl=HOUR, now=START)}"
    clock.pass_by(HOUR - timedelta(microseconds=1))
    assert authenticator.caller(header)
    clock.pass_by(timedelta(microseconds=1))
    for one in (authenticator, _authenticator(clock)):
        with pytest.raises(Problem):
            one.caller(header)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Token abc", "bearer"]
)
def test_without_a_token_the_scheme_is_told(header: str | None) -> None:
    """RFC 6750: a challenge without an error, since nothing was presented."""
    with pytest.raises(Problem) as refused:
        _authenticator().caller(header)
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer realm="ticketledger"'}


@pytest.mark.parametrize("token", ["a", "a.b.c", "." * 9, "x" * 5000, "ä.b.c", "\x00"])
def test_anything_else_is_no_token(token: str) -> None:
    """Whatever stands in the header, the answer is 401 and never a 500."""
    with pytest.raises(Problem) as refused:
        _authenticator().caller(f"Bearer {token}")
    assert refused.value.code == "unauthenticated"


def test_so_many_tokens_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who mints tokens without end does not fill our memory."""
    monkeypatch.setattr(auth, "TOKENS_REMEMBERED", 3)
    authenticator = _authenticator()
    for number in range(10):
        authenticator.caller(f"Bearer {_token(sub=f'agent-{number}')}")
    assert len(authenticator._known) == 3
