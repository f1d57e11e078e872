"""Everything that is not a success, as RFC 9457 problem documents; reasons live in `domain.errors`.

A problem names its code, never what was sent: input values stay out of answers and logs.
"""

import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.models.outcomes import ProblemKind
from domain import errors
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.vault_errors import VaultUnavailable
from replay.as_of.moments import MEANINGS

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 1
ERRORS_MAX: Final = 50
"""So many places of a malformed request are told, no more."""


class Kind(NamedTuple):
    """How a reason is told over HTTP."""

    status: HTTPStatus
    title: str


PROBLEMS: Final[Mapping[type[errors.Refusal], Kind]] = {
    errors.Refusal: Kind(HTTPStatus.CONFLICT, "Refused"),
    errors.NotFound: Kind(HTTPStatus.NOT_FOUND, "Not found"),
    errors.UnknownTicket: Kind(HTTPStatus.NOT_FOUND, "Unknown ticket"),
    errors.UnknownOrder: Kind(HTTPStatus.NOT_FOUND, "Unknown order"),
    errors.UnknownEvidence: Kind(HTTPStatus.NOT_FOUND, "Unknown evidence item"),
    errors.UnknownOffer: Kind(HTTPStatus.NOT_FOUND, "Unknown offer"),
    errors.UnknownRemedy: Kind(HTTPStatus.NOT_FOUND, "Unknown remedy"),
    errors.UnknownErasure: Kind(HTTPStatus.NOT_FOUND, "Unknown erasure"),
    errors.UnknownPilot: Kind(HTTPStatus.NOT_FOUND, "Unknown pilot"),
    errors.UnknownScenario: Kind(HTTPStatus.NOT_FOUND, "Unknown scenario"),
    errors.UnknownAttempt: Kind(HTTPStatus.NOT_FOUND, "Unknown attempt"),
    errors.UnknownAgent: Kind(HTTPStatus.NOT_FOUND, "Unknown agent"),
    errors.UnknownRequest: Kind(HTTPStatus.NOT_FOUND, "Unknown request"),
    errors.Forbidden: Kind(HTTPStatus.FORBIDDEN, "Not allowed"),
    errors.NotYourRole: Kind(HTTPStatus.FORBIDDEN, "Not your role"),
    errors.NotYourTicket: Kind(HTTPStatus.FORBIDDEN, "Not your ticket"),
    errors.ConflictOfInterest: Kind(HTTPStatus.FORBIDDEN, "Conflict of interest"),
    errors.NotFit: Kind(HTTPStatus.FORBIDDEN, "Not fit for the matter"),
    errors.AssignedToAnother: Kind(HTTPStatus.FORBIDDEN, "Assigned to somebody else"),
    errors.WrongState: Kind(HTTPStatus.CONFLICT, "Not in this state"),
    errors.WrongStage: Kind(HTTPStatus.CONFLICT, "Not at this stage"),
    errors.AlreadyDone: Kind(HTTPStatus.CONFLICT, "Already done"),
    errors.TicketClosedAlready: Kind(HTTPStatus.CONFLICT, "The ticket is closed"),
    errors.NegotiationFirst: Kind(HTTPStatus.CONFLICT, "Negotiation comes first"),
    errors.WindowPassed: Kind(HTTPStatus.CONFLICT, "Too late"),
    errors.NotYetDue: Kind(HTTPStatus.CONFLICT, "Not yet due"),
    errors.OfferNotOpen: Kind(HTTPStatus.CONFLICT, "The offer is not open"),
    errors.EvidenceSealedAlready: Kind(HTTPStatus.CONFLICT, "The evidence is sealed"),
    errors.EvidenceNotShown: Kind(HTTPStatus.CONFLICT, "Evidence not shown to both sides"),
    errors.WrongStep: Kind(HTTPStatus.CONFLICT, "Not at this step"),
    errors.AlreadyOpen: Kind(HTTPStatus.CONFLICT, "Another ticket is open"),
    errors.OrderKnownOtherwise: Kind(HTTPStatus.CONFLICT, "The order is known otherwise"),
    errors.FactKnownOtherwise: Kind(HTTPStatus.CONFLICT, "The fact is known otherwise"),
    errors.NobodyFits: Kind(HTTPStatus.CONFLICT, "Nobody fits"),
    errors.UnknownParcel: Kind(HTTPStatus.CONFLICT, "Unknown parcel"),
    errors.NothingToRefund: Kind(HTTPStatus.CONFLICT, "Nothing left to refund"),
    errors.Unreasonable: Kind(HTTPStatus.CONFLICT, "Not possible"),
    errors.NotYetHappened: Kind(HTTPStatus.CONFLICT, "Not yet happened"),
    errors.LineRequired: Kind(HTTPStatus.CONFLICT, "An order line is needed"),
    errors.UnknownLine: Kind(HTTPStatus.CONFLICT, "Unknown order line"),
    errors.UnknownClause: Kind(HTTPStatus.CONFLICT, "Unknown clause"),
    errors.UnknownDesk: Kind(HTTPStatus.CONFLICT, "Unknown desk"),
    errors.UnknownDepartment: Kind(HTTPStatus.CONFLICT, "Unknown department"),
    errors.UnknownQueue: Kind(HTTPStatus.CONFLICT, "Unknown queue"),
    errors.UnknownTag: Kind(HTTPStatus.CONFLICT, "Unknown tag"),
    errors.BookKnownOtherwise: Kind(HTTPStatus.CONFLICT, "The book is known otherwise"),
    errors.BookOverlaps: Kind(HTTPStatus.CONFLICT, "Another book begins then"),
    errors.BookNotInForce: Kind(HTTPStatus.CONFLICT, "The book begins later"),
    errors.BookNotAhead: Kind(HTTPStatus.CONFLICT, "A book begins in time to come"),
    errors.BookInForce: Kind(HTTPStatus.CONFLICT, "The book is in force"),
    errors.PilotKnownOtherwise: Kind(HTTPStatus.CONFLICT, "The pilot is known otherwise"),
    errors.AttemptKnownOtherwise: Kind(HTTPStatus.CONFLICT, "The attempt is known otherwise"),
    errors.AttemptOver: Kind(HTTPStatus.CONFLICT, "The attempt is over"),
    errors.StepsFirst: Kind(HTTPStatus.CONFLICT, "Steps come first"),
    errors.PilotOverlaps: Kind(HTTPStatus.CONFLICT, "Another pilot runs then"),
    errors.PilotNotAhead: Kind(HTTPStatus.CONFLICT, "A pilot begins in time to come"),
    errors.UnknownBook: Kind(HTTPStatus.CONFLICT, "Unknown book"),
    errors.SharesDoNotAddUp: Kind(HTTPStatus.CONFLICT, "Shares do not add up"),
    errors.AmountRequired: Kind(HTTPStatus.CONFLICT, "An amount is needed"),
    errors.AmountNotAllowed: Kind(HTTPStatus.CONFLICT, "No amount is possible"),
    errors.CapExceeded: Kind(HTTPStatus.CONFLICT, "Above the cap"),
    errors.LessThanClaimed: Kind(HTTPStatus.CONFLICT, "Less than is claimed"),
    errors.CurrencyDiffers: Kind(HTTPStatus.CONFLICT, "Another currency"),
    errors.LimitReached: Kind(HTTPStatus.CONFLICT, "The limit is reached"),
    errors.PersonalByNature: Kind(HTTPStatus.CONFLICT, "Personal by nature"),
    errors.Concurrency: Kind(HTTPStatus.CONFLICT, "Somebody else was there"),
    errors.TicketChanged: Kind(HTTPStatus.PRECONDITION_FAILED, "The ticket has changed"),
    errors.VersionRequired: Kind(HTTPStatus.PRECONDITION_REQUIRED, "If-Match is needed"),
    errors.KeyRequired: Kind(HTTPStatus.BAD_REQUEST, "Idempotency-Key is needed"),
    errors.KeyReused: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Idempotency-Key used before"),
    errors.Contended: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The ticket kept changing"),
    errors.Overloaded: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Too many at once"),
}
"""Every refusal of the domain and how it is told; a test proves the table complete."""

OWN: Final[Mapping[str, Kind]] = {
    "malformed": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is malformed"),
    "cursor_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The cursor does not fit"),
    "position_unknown": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "No such position"),
    "lane_missing": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A lane is missing"),
    "moments_combined": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "One moment, not several"),
    "before_the_beginning": Kind(HTTPStatus.NOT_FOUND, "Before the beginning"),
    "instant_ahead": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The instant lies ahead"),
    "version_unknown": Kind(HTTPStatus.NOT_FOUND, "No such version"),
    "not_yet_opened": Kind(HTTPStatus.NOT_FOUND, "Not yet opened"),
    "not_by_occurred": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Not by what had occurred"),
    "not_in_this_order": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Not in this order"),
    "too_many_tickets": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Too many tickets"),
    "key_malformed": Kind(HTTPStatus.BAD_REQUEST, "Idempotency-Key is malformed"),
    "version_malformed": Kind(HTTPStatus.BAD_REQUEST, "If-Match is malformed"),
    "unauthenticated": Kind(HTTPStatus.UNAUTHORIZED, "A valid token is needed"),
    "not_integrated": Kind(HTTPStatus.CONFLICT, "Not in the log yet"),
    "no_such_resource": Kind(HTTPStatus.NOT_FOUND, "No such resource"),
    "unknown_content": Kind(HTTPStatus.NOT_FOUND, "Unknown content"),
    "no_such_book": Kind(HTTPStatus.NOT_FOUND, "No such book"),
    "book_refused": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The book is refused"),
    "method_not_allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed"),
    "too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "media_type_unsupported": Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Media type not supported"),
    "content_refused": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The content is not taken"),
    "upload_expired": Kind(HTTPStatus.GONE, "The upload's time is over"),
    "range_unsatisfiable": Kind(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "The range can not be given"
    ),
    "content_erased": Kind(HTTPStatus.GONE, "The content is erased"),
    "content_damaged": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The content has changed"),
    "record_damaged": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The record is damaged"),
    "not_caught_up": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The view is not there yet"),
    "busy": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Too many open streams"),
    "unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The ledger can not be reached"),
    "outcome_unknown": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The answer was lost"),
    "bad_request": Kind(HTTPStatus.BAD_REQUEST, "Bad request"),
    "internal": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error"),
}
"""The reasons of the edge itself, by code."""

DETAILS: Final[Mapping[str, str]] = {
    "malformed": "Every malformed place is listed in errors.",
    "cursor_invalid": "The cursor was not given by this list with these filters.",
    **MEANINGS,
    "moments_combined": "Ask for one of at_version, at_position, at_time, at_occurred, and for no "
    "min_position beside it.",
    "key_malformed": "An Idempotency-Key is 1 to 255 printable ASCII characters, best in quotes.",
    "version_malformed": 'If-Match holds one version in quotes, like "7".',
    "unauthenticated": "Send a valid bearer token in the Authorization header.",
    "not_integrated": "No checkpoint covers this yet; ask again at expected_at.",
    "no_such_resource": "Nothing lives at this address.",
    "unknown_content": "There is no such content, or it is not yours to see.",
    "no_such_book": "No book of this version or digest is adopted, or it has no such subject.",
    "book_refused": "Every table and row that is wrong is listed in problems; nothing is adopted.",
    "method_not_allowed": "This resource does not know this method.",
    "too_large": "The body is larger than this resource takes.",
    "media_type_unsupported": "This resource does not take this media type.",
    "content_refused": "It is not what it is called, or is something else beside; see finding.",
    "upload_expired": "Ask for another address and upload the content there.",
    "range_unsatisfiable": "The range is broken or lies behind the end of the content.",
    "content_erased": "It was personal; the ticket's events say who erased it, why and when.",
    "content_damaged": "It is not what was kept; nothing is handed out, and an alarm is on record.",
    "record_damaged": "What lies in the database does not add up: nothing is told of it, and an "
    "alarm is in the log. Staff find the place in stream, version and finding; run `ticketledger "
    "verify self`, then compare a copy.",
    "not_caught_up": "The view has not reached the asked position; ask again.",
    "busy": "As many streams are open as the server keeps; ask again later.",
    "unavailable": "Nothing was written; ask again.",
    "outcome_unknown": "It may be on record or not; the same Idempotency-Key finds out.",
    "bad_request": "The request can not be read.",
    "internal": "The server failed; it has kept no more than the request's id.",
}

_RESERVED: Final = frozenset({"type", "title", "status", "detail", "instance", "code"})
_ECHOING: Final = frozenset({"union_tag_invalid"})
"""Messages of pydantic that would repeat what was sent."""
_NUMBER: Final = re.compile("[0-9]{4}")
"""Of a telephone, an account, a person: no field of ours is called so."""
_BY_STATUS: Final[Mapping[int, str]] = {
    404: "no_such_resource",
    405: "method_not_allowed",
    413: "too_large",
    415: "media_type_unsupported",
    503: "unavailable",
}


class Problem(Exception):  # noqa: N818 - an answer, not an error
    """The edge says no, before or beside the domain; nothing has been written."""

    def __init__(
        self,
        code: str,
        *,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        **facts: object,
    ) -> None:
        """Keep the code, a sentence without input values, headers, and facts for machines."""
        super().__init__(code)
        self.code = code
        self.kind = OWN[code]
        self.detail = detail or DETAILS[code]
        self.headers = dict(headers or {})
        self.facts = facts


def malformed(where: str, code: str, message: str) -> Problem:
    """Return the problem of one malformed place."""
    return Problem("malformed", errors=[{"where": where, "code": code, "message": message}])


def document(request_id: str, problem: Problem | errors.Refusal) -> Response:
    """Return the problem document of a reason."""
    if isinstance(problem, Problem):
        kind, detail, headers = problem.kind, problem.detail, problem.headers
    else:
        kind, detail, headers = PROBLEMS[type(problem)], str(problem), {}
    if kind.status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS), **headers}
    facts = msgspec.to_builtins(problem.facts)
    content = {
        "type": f"/problems/{problem.code}",
        "title": kind.title,
        "status": int(kind.status),
        "detail": detail,
        "instance": f"urn:request:{request_id}",
        "code": problem.code,
        **{name: value for name, value in facts.items() if name not in _RESERVED},
    }
    return Response(
        msgspec.json.encode(content),
        status_code=kind.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


async def answer_refusal(request: Request, refusal: Exception) -> Response:
    """Tell a refusal of the domain."""
    assert isinstance(refusal, errors.Refusal)
    return document(request.scope["request_id"], refusal)


async def answer_problem(request: Request, problem: Exception) -> Response:
    """Tell a problem of the edge."""
    assert isinstance(problem, Problem)
    return document(request.scope["request_id"], problem)


async def answer_invalid(request: Request, error: Exception) -> Response:
    """Tell every malformed place of a request, without a single value of it."""
    assert isinstance(error, RequestValidationError)
    places = [
        {
            "where": _pointer(one["loc"]),
            "code": one["type"],
            "message": one["type"] if one["type"] in _ECHOING else one["msg"],
        }
        for one in error.errors()[:ERRORS_MAX]
    ]
    return document(request.scope["request_id"], Problem("malformed", errors=places))


async def answer_http(request: Request, error: Exception) -> Response:
    """Tell what the framework found: no such route, no such method."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "bad_request")
    return document(request.scope["request_id"], Problem(code, headers=error.headers))


async def answer_unavailable(request: Request, error: Exception) -> Response:
    """Tell that the database can not be reached; the driver's words stay here."""
    code = "outcome_unknown" if isinstance(error, AppendUnknown) else "unavailable"
    return document(request.scope["request_id"], Problem(code))


ANSWERS: Final[Mapping[type[Exception], Callable[..., Coroutine[Any, Any, Response]]]] = {
    errors.Refusal: answer_refusal,
    Problem: answer_problem,
    RequestValidationError: answer_invalid,
    HTTPException: answer_http,
    DatabaseUnavailable: answer_unavailable,
    AppendUnknown: answer_unavailable,
    VaultUnavailable: answer_unavailable,
}
"""What has an answer of its own; whatever else is raised is a failure."""


def refusals() -> Iterable[type[errors.Refusal]]:
    """Return every refusal class of the domain, the general ones included."""
    waiting: list[type[errors.Refusal]] = [errors.Refusal]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(found.__subclasses__())


def catalogue() -> dict[str, ProblemKind]:
    """Return code → what a problem of this code means, for the pages its type points to."""
    told = {
        refusal.code: ProblemKind(
            code=refusal.code,
            status=int(kind.status),
            title=kind.title,
            detail=(refusal.__doc__ or "").partition("\n")[0],
        )
        for refusal, kind in PROBLEMS.items()
    }
    own = {
        code: ProblemKind(
            code=code, status=int(kind.status), title=kind.title, detail=DETAILS[code]
        )
        for code, kind in OWN.items()
    }
    return dict(sorted({**told, **own}.items()))


def _pointer(places: Iterable[int | str]) -> str:
    """Return a JSON pointer to a place; a name nobody declared is told only when it is harmless."""
    return "".join(f"/{_step(place)}" for place in places)


def _step(place: int | str) -> str:
    text = str(place)
    harmless = text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return text if harmless and len(text) <= 64 and not _NUMBER.search(text) else "?"
