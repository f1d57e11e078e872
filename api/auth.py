"""Who asks and what their role may ask: tokens, the one table route × role, whose ticket it is.

What an actor may do with one ticket right now is the domain's to say (`domain.ticket`).
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.models.base import REFERENCE
from api.problems import Problem
from domain.ticket.state import Ticket
from domain.values import Actor, ActorKind, Instant, instant, moment_of

ISSUER: Final = "ticketledger"
AUDIENCE: Final = "ticketledger-api"
TOKEN_BYTES_MAX: Final = 4096
TOKENS_REMEMBERED: Final = 10_000
LEEWAY: Final = timedelta(seconds=60)
"""Two machines' clocks may differ by this much at the start of a token's life, never at its end."""

ROLES: Final = frozenset(ActorKind) - {ActorKind.SYSTEM}
"""The roles a token may carry; the platform itself needs none."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and until when the token says so."""

    actor: Actor
    until: Instant


def mint(
    key: Ed25519PrivateKey, *, role: ActorKind, subject: str, ttl: timedelta, now: Instant
) -> str:
    """Return a signed token for a role and a pseudonymous reference.

    Raises ValueError for the platform's own role and for what is no reference.
    """
    if role not in ROLES:
        raise ValueError(f"no token carries the role {role}")
    if not REFERENCE.fullmatch(subject):
        raise ValueError(f"a subject looks like {REFERENCE.pattern}")
    start = moment_of(now)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "role": role.value,
        "iat": int(start.timestamp()),
        "exp": int((start + ttl).timestamp()),
    }
    return jwt.encode(claims, key, algorithm="EdDSA")


class Authenticator:
    """Tells the caller of a token; each signature is checked once and remembered until it ends."""

    def __init__(self, key: Ed25519PublicKey, now: Callable[[], Instant]) -> None:
        """Trust tokens signed with the private half of a key."""
        self._key = key
        self._now = now
        self._known: OrderedDict[bytes, Caller] = OrderedDict()

    def caller(self, authorization: str | None) -> Caller:
        """Return who an Authorization header speaks for; raise the 401 problem otherwise."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated()
        if len(token) > TOKEN_BYTES_MAX or not token.isascii():
            raise _unauthenticated(error="invalid_token")
        digest = hashlib.sha256(token.encode()).digest()
        caller = self._known.get(digest)
        if caller is None:
            caller = self._verify(token)
            self._known[digest] = caller
            if len(self._known) > TOKENS_REMEMBERED:
                self._known.popitem(last=False)
        if self._now() >= caller.until:
            self._known.pop(digest, None)
            raise _unauthenticated(error="invalid_token")
        return caller

    def _verify(self, token: str) -> Caller:
        """Return the caller of a token whose signature, issuer, audience and claims hold."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                issuer=ISSUER,
                audience=AUDIENCE,
                # Times are held against our own `now` and not against the library's clock.
                options={
                    "require": ["iss", "aud", "sub", "role", "iat", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            role, subject = ActorKind(claims["role"]), claims["sub"]
            start, end = (datetime.fromtimestamp(_seconds(claims[c]), UTC) for c in ("iat", "exp"))
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError) as error:
            raise _unauthenticated(error="invalid_token") from error
        if role not in ROLES or not REFERENCE.fullmatch(subject):
            raise _unauthenticated(error="invalid_token")
        if start > moment_of(self._now()) + LEEWAY:
            raise _unauthenticated(error="invalid_token")
        return Caller(actor=Actor(kind=role, ref=subject), until=instant(end))


def may_see(actor: Actor, ticket: Ticket) -> bool:
    """Return whether an actor may know of a ticket at all."""
    if actor.kind is ActorKind.BUYER:
        return ticket.buyer == actor.ref
    if actor.kind is ActorKind.MERCHANT:
        return ticket.merchant == actor.ref
    return actor.kind in STAFF_AND_AUDIT


def _seconds(claim: object) -> int:
    if isinstance(claim, bool) or not isinstance(claim, int):
        raise ValueError("a time claim is a whole number")  # noqa: TRY004 - answered as one
    return claim


def _unauthenticated(*, error: str | None = None) -> Problem:
    challenge = 'Bearer realm="ticketledger"' + (f', error="{error}"' if error else "")
    return Problem("unauthenticated", headers={"WWW-Authenticate": challenge})


_BUYER: Final = frozenset({ActorKind.BUYER})
_MERCHANT: Final = frozenset({ActorKind.MERCHANT})
_PARTIES: Final = _BUYER | _MERCHANT
_AGENT: Final = frozenset({ActorKind.AGENT})
_SUPERVISOR: Final = frozenset({ActorKind.SUPERVISOR})
_DESK: Final = _AGENT | _SUPERVISOR
_ARBITRATOR: Final = frozenset({ActorKind.ARBITRATOR})
_AUDITOR: Final = frozenset({ActorKind.AUDITOR})
_ADMIN: Final = frozenset({ActorKind.ADMIN})
_ORDERS: Final = frozenset({ActorKind.ORDERS})
_CARRIER: Final = frozenset({ActorKind.CARRIER})
_PAYMENT: Final = frozenset({ActorKind.PAYMENT})
_INSPECTOR: Final = frozenset({ActorKind.INSPECTOR})
_CHAIN: Final = frozenset({ActorKind.CHAIN})
_BOT: Final = frozenset({ActorKind.BOT})
STAFF_AND_AUDIT: Final = _DESK | _ARBITRATOR | _AUDITOR | _ADMIN
"""Those who see every ticket."""
_TICKET_READERS: Final = _PARTIES | STAFF_AND_AUDIT

PERMISSIONS: Final[Mapping[str, frozenset[ActorKind]]] = {
    # Intake and service.
    "open_ticket": _BUYER | _DESK,
    "accept_ticket": _DESK,
    "take_assignment": _DESK,
    "release_assignment": _DESK,
    "amend_claim": _BUYER,
    "correct_diagnosis": _DESK,
    "give_answer": _DESK,
    "send_message": _PARTIES | _DESK,
    "add_note": _DESK | _ARBITRATOR,
    "review_return": _MERCHANT | _DESK,
    "approve_claim": _MERCHANT,
    "refuse_claim": _MERCHANT,
    # What promises rest on.
    "report_fact": _MERCHANT | _DESK | _BOT | _ORDERS | _CARRIER,
    "give_plan": _DESK,
    "answer_automatically": _BOT,
    "begin_wait": _DESK,
    "end_wait": _DESK,
    "write_resolution": _AGENT,
    "sign_resolution": _SUPERVISOR,
    "ask_departments": _DESK,
    "answer_for_department": _DESK,
    "queue_ticket": _DESK,
    "move_to_book": _SUPERVISOR | _ADMIN,
    # Negotiation.
    "make_offer": _PARTIES,
    "counter_offer": _PARTIES,
    "accept_offer": _PARTIES,
    "decline_offer": _PARTIES,
    "withdraw_offer": _PARTIES,
    "request_intervention": _PARTIES,
    # Evidence.
    "upload_content": _PARTIES | _DESK | _ARBITRATOR | _INSPECTOR | _CARRIER,
    "prepare_upload": _PARTIES | _DESK | _ARBITRATOR | _INSPECTOR | _CARRIER,
    "request_evidence": _DESK | _ARBITRATOR,
    "stage_evidence": _PARTIES,
    "replace_evidence": _PARTIES,
    "withdraw_evidence": _PARTIES,
    "seal_evidence": _PARTIES,
    "disclose_evidence": _PARTIES | _AGENT | _ARBITRATOR,
    "contest_evidence": _PARTIES,
    "gather_evidence": _DESK | _ARBITRATOR | _INSPECTOR | _CARRIER,
    # Arbitration.
    "assign_arbitrator": _SUPERVISOR | _ARBITRATOR,
    "recuse_arbitrator": _ARBITRATOR,
    "issue_ruling": _ARBITRATOR,
    "file_appeal": _PARTIES,
    "decide_appeal": _ARBITRATOR,
    # Remedies.
    "grant_remedy": _DESK,
    "initiate_refund": _DESK,
    "settle_refund": _PAYMENT,
    "fail_refund": _PAYMENT,
    "authorise_return": _MERCHANT | _DESK,
    "ship_return": _BUYER | _CARRIER,
    "receive_return": _MERCHANT | _INSPECTOR,
    "inspect_return": _MERCHANT | _INSPECTOR,
    "ship_replacement": _MERCHANT | _CARRIER,
    "deliver_replacement": _BUYER | _CARRIER,
    "book_repair": _MERCHANT | _DESK,
    "receive_repair": _MERCHANT | _DESK,
    "complete_repair": _MERCHANT | _DESK,
    "ship_reshipment": _MERCHANT | _CARRIER,
    "deliver_reshipment": _BUYER | _CARRIER,
    "issue_coupon": _DESK,
    "initiate_compensation": _DESK,
    "pay_compensation": _PAYMENT,
    "fail_compensation": _PAYMENT,
    "cancel_remedy": _DESK,
    # The end.
    "close_ticket": _BUYER | _DESK,
    "reopen_ticket": _BUYER | _DESK,
    "give_satisfaction": _BUYER,
    "give_nps": _BUYER,
    # What is kept of a person and what is forgotten.
    "place_legal_hold": _SUPERVISOR | _ADMIN,
    "release_legal_hold": _SUPERVISOR | _ADMIN,
    "read_legal_hold": _SUPERVISOR | _ADMIN | _AUDITOR,
    "request_erasure": _ADMIN,
    "preview_erasure": _ADMIN,
    "read_erasure": _ADMIN | _AUDITOR,
    # Facts of other systems about an order.
    "place_order": _ORDERS,
    "report_browsing": _ORDERS,
    "ship_order": _ORDERS | _CARRIER,
    "sign_order": _ORDERS | _CARRIER,
    "settle_payment": _ORDERS | _PAYMENT,
    "end_live_session": _ORDERS,
    "report_customer": _ORDERS,
    "upload_order_content": _INSPECTOR | _CHAIN,
    "post_certificate": _INSPECTOR | _CHAIN,
    # Agents.
    "register_agent": _SUPERVISOR | _ADMIN,
    "grant_certificate": _SUPERVISOR | _ADMIN,
    "withdraw_certificate": _SUPERVISOR | _ADMIN,
    "start_shift": _SUPERVISOR | _ADMIN,
    "end_shift": _SUPERVISOR | _ADMIN,
    "move_agent": _SUPERVISOR | _ADMIN,
    "rate_agent": _SUPERVISOR | _ADMIN,
    "list_agents": STAFF_AND_AUDIT,
    "read_agent": STAFF_AND_AUDIT,
    "list_assignments": STAFF_AND_AUDIT,
    # Books of rules.
    "adopt_book": _ADMIN,
    "list_books": STAFF_AND_AUDIT,
    "read_book": STAFF_AND_AUDIT,
    "read_book_subject": STAFF_AND_AUDIT,
    "announce_pilot": _ADMIN,
    "end_pilot": _ADMIN,
    "list_pilots": STAFF_AND_AUDIT,
    "read_pilot": STAFF_AND_AUDIT,
    "compare_pilot": _AUDITOR | _ADMIN,
    "list_pilot_tickets": _AUDITOR | _ADMIN,
    # Training.
    "list_training_scenarios": STAFF_AND_AUDIT,
    "start_training": _DESK | _ARBITRATOR,
    "show_training_step": _DESK | _ARBITRATOR,
    "ask_counterpart": _DESK | _ARBITRATOR,
    "give_training_ruling": _DESK | _ARBITRATOR,
    "read_training_attempt": _DESK | _ARBITRATOR | _AUDITOR,
    # Reads.
    "read_ticket": _TICKET_READERS,
    "list_tickets": _TICKET_READERS,
    "read_progress_board": _TICKET_READERS,
    "read_case_file": _DESK | _ARBITRATOR | _AUDITOR,
    "list_events": STAFF_AND_AUDIT,
    "read_queue_position": STAFF_AND_AUDIT,
    "explain_ticket": STAFF_AND_AUDIT,
    "read_journey": _TICKET_READERS,
    "read_order_journey": _TICKET_READERS,
    "read_book_changes": _SUPERVISOR | _ADMIN,
    "list_messages": _PARTIES | _DESK | _ARBITRATOR | _AUDITOR,
    "read_content": _PARTIES | _DESK | _ARBITRATOR | _AUDITOR,
    "read_custody": _PARTIES | _DESK | _ARBITRATOR | _AUDITOR,
    "export_bundle": _PARTIES | _SUPERVISOR | _ARBITRATOR | _AUDITOR,
    "read_order": _PARTIES | STAFF_AND_AUDIT | _ORDERS,
    "read_queue": STAFF_AND_AUDIT,
    "count_queue": STAFF_AND_AUDIT,
    "list_reports": STAFF_AND_AUDIT,
    "list_diagnoses": STAFF_AND_AUDIT,
    "read_statistics": STAFF_AND_AUDIT,
    "list_clocks": STAFF_AND_AUDIT,
    "list_deadlines": STAFF_AND_AUDIT,
    "read_lateness": STAFF_AND_AUDIT,
    "list_departments": STAFF_AND_AUDIT,
    "list_department_requests": STAFF_AND_AUDIT,
    "read_feed": _SUPERVISOR | _AUDITOR | _ADMIN,
    # The log; its checkpoints, tiles, keys and consistency proofs need no token.
    "read_event_proof": _TICKET_READERS,
    "read_log_entries": _AUDITOR | _ADMIN,
}
"""Operation → the roles that may call it at all; an operation that is not here needs no token."""
