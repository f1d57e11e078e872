"""Books of rules: which are adopted, what stands in them, and the adoption of another one."""

import hashlib
from typing import Annotated, Any, Final

from fastapi import Path, Query
from fastapi.responses import Response
from starlette.requests import Request

from api import strict_json
from api.deps import AskedDep, ServicesDep
from api.models.base import At
from api.models.outcomes import Accepted
from api.openapi import answer, problem_responses
from api.preferences import honour
from api.problems import Problem
from api.reads.books import Books, BookSubject, adopted_book, adopted_books, book_subject
from api.routes.answers import json_answer
from api.routes.commands import accepted, command_router
from api.wiring import Services
from domain.commands import AdoptBook
from domain.ledger.requests import Outcome
from domain.policies.book import BookError
from domain.values import Instant

TOML: Final = "application/toml"
BOOK_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a whole book; ours has a tenth of it."""
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {TOML: {"schema": {"type": "string"}}}}
}
BookPath = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$",
        description="Its version, or the SHA-256 of its bytes.",
        examples=["2026-11-22"],
    ),
]

router = command_router("books", prefix="/v1/books")


@router.get(
    "",
    operation_id="list_books",
    summary="List the adopted books, in the order in which they begin",
    responses={**answer(Books, "Every adopted book."), **problem_responses(401, 403, 422, 503)},
)
async def list_books(services: ServicesDep) -> Response:
    """Return every adopted book, and which one is in force."""
    return json_answer(await services.run(adopted_books, services))


@router.get(
    "/{book}",
    operation_id="read_book",
    summary="Read an adopted book: the very bytes its digest is of",
    response_class=Response,
    responses={
        200: {
            "description": "The book as TOML.",
            "content": {TOML: {"schema": {"type": "string"}}},
        },
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_book(book: BookPath, services: ServicesDep) -> Response:
    """Return a book's bytes."""
    adopted, content = await services.run(adopted_book, services, book)
    return Response(content, media_type=TOML, headers={"ETag": f'"{adopted.digest}"'})


@router.get(
    "/{book}/subjects/{subject}",
    operation_id="read_book_subject",
    summary="Read the tables of one subject of an adopted book",
    responses={
        **answer(BookSubject, "The subject's tables."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_book_subject(
    book: BookPath,
    subject: Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", examples=["clocks"])],
    services: ServicesDep,
) -> Response:
    """Return a subject's tables."""
    return json_answer(await services.run(book_subject, services, book, subject))


@router.post(
    "",
    operation_id="adopt_book",
    summary="Adopt a book, in force from an instant to come",
    description="The body is the book as TOML, its files joined. A book with a gap, an overlap, an "
    "unknown reference or a negative figure is refused (422 `book_refused`; `problems` names "
    "table, row and reason), and so is one that would be in force from the past, or of a version "
    "that is adopted with other content. An adopted book is never changed. For: admin.",
    status_code=201,
    response_model=None,
    openapi_extra=_BODY,
    responses={
        **answer(Accepted, "What is on record because of it.", 201),
        **answer(Accepted, "Nothing: it was adopted before.", 200),
        **answer(Accepted, "On record, and not covered by a checkpoint in time.", 202),
        **problem_responses(400, 401, 403, 409, 412, 413, 415, 422, 428, 503),
    },
)
async def adopt_book(
    request: Request,
    asked: AskedDep,
    in_force_from: Annotated[
        At | None, Query(description="Another instant than the book's own.")
    ] = None,
) -> Response:
    """Adopt a book; its bytes are kept by their digest."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != TOML:
        raise Problem("media_type_unsupported", supported=[TOML])
    content = await strict_json.bounded_body(request, BOOK_BYTES_MAX)
    begins = None if in_force_from is None else Instant(in_force_from)

    def adopt() -> Outcome:
        try:
            return asked.services.ledger.adopt(
                content,
                in_force_from=begins,
                actor=asked.actor,
                key=asked.key,
                expected_version=asked.expected_version,
            )
        except BookError as error:
            raise Problem("book_refused", problems=list(error.problems)) from None

    outcome = await asked.services.run(adopt)
    command = await asked.services.run(_command, asked.services, content)
    honoured = await honour(asked.services, asked.preferences, command, outcome)
    told = accepted(outcome, honoured=honoured)
    if outcome.events:
        told.headers["Location"] = f"/v1/books/{command.version}"
        told.status_code = 201 if told.status_code == 200 else told.status_code
    return told


def _command(services: Services, content: bytes) -> AdoptBook:
    """Return the command that an adoption was."""
    digest = hashlib.sha256(content).hexdigest()
    known, _ = adopted_book(services, digest)
    return AdoptBook(version=known.version, digest=known.digest, in_force_from=known.in_force_from)
