"""The OpenAPI document: what the framework can not know of answers, problems and security."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import problems
from api.auth import PERMISSIONS
from api.models.outcomes import Problem

DESCRIPTION: Final = """\
The after-sales ledger of an e-commerce platform: every change to a ticket is an immutable event in
an auditable evidence chain.

Commands are nouns under their ticket. Each answers the `version` it led to (send it as `If-Match`
to act on exactly that) and a `position` (send it as `min_position` to read a view that includes
it). An `Idempotency-Key` makes a retry safe. Whatever is not a success is a problem document
(RFC 9457) with a stable `code`.
"""

_REASONS: Final[Mapping[int, str]] = {
    400: "A header is malformed, or the needed Idempotency-Key is missing.",
    401: "No valid token.",
    403: "Not for this role or person.",
    404: "Unknown, or not yours to see.",
    409: "The domain refuses: not in this state, or not possible.",
    410: "The address is no longer good.",
    412: "The ticket has changed since the version in If-Match; `missed` lists what happened.",
    413: "The body is too large.",
    415: "The media type is not supported.",
    416: "The range is broken or lies behind the end.",
    422: "Malformed, or an Idempotency-Key used for another request.",
    428: "If-Match is needed here.",
    500: "It is not what was kept: nothing of it is handed out, and there is an alarm.",
    503: "Not now: the database is away, or the view has not caught up. Ask again.",
}
_EXAMPLES: Final[Mapping[int, str]] = {
    400: "key_required",
    401: "unauthenticated",
    403: "not_your_role",
    404: "unknown_ticket",
    409: "wrong_stage",
    410: "upload_expired",
    412: "ticket_changed",
    413: "too_large",
    415: "media_type_unsupported",
    416: "range_unsatisfiable",
    422: "malformed",
    428: "version_required",
    500: "content_damaged",
    503: "unavailable",
}
_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "`ticketledger token --role … --subject …` prints one.",
}
_PENDING: Final = "x-pending"
"""Stands for a schema until the document is made and all names are known."""
_KINDS: Final[dict[str, type[msgspec.Struct]]] = {}
"""The types of answers by their place in the program."""

Responses = dict[int | str, dict[str, Any]]


def problem_responses(*statuses: int) -> Responses:
    """Return the description of the problems an operation may answer."""
    return {status: _response(status, _EXAMPLES[status]) for status in statuses}


def answer(
    kind: type[msgspec.Struct],
    description: str,
    status: int = 200,
    *,
    otherwise: type[msgspec.Struct] | None = None,
    also: Any = None,
) -> Responses:
    """Return the description of an operation's success.

    `otherwise` is another form of the answer, `also` is content of other media types.
    """
    schema = _pending(kind)
    if otherwise is not None:
        schema = {"anyOf": [schema, _pending(otherwise)]}
    content = {"application/json": {"schema": schema}, **(also or {})}
    return {status: {"description": description, "content": content}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the whole document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            license_info=app.license_info,
        )
        for path, methods in document["paths"].items():
            if "get" in methods and ("{ticket}" in path or "{order}" in path):
                _add_damaged(methods["get"]["responses"])
        references, components = msgspec.json.schema_components(
            _KINDS.values(), ref_template="#/components/schemas/{name}"
        )
        found = dict(zip(_KINDS, references, strict=True))
        for schema in _schemas(document["paths"]):
            schema.update(found[schema.pop(_PENDING)])
        for operation in _operations(document["paths"]):
            if operation["operationId"] in PERMISSIONS:
                operation["security"] = [{"token": []}]
        document["components"]["securitySchemes"] = {"token": _TOKEN}
        for parameter in _parameters(document["paths"]):
            parameter["schema"] = _without_null(parameter["schema"])
        schemas = document["components"]["schemas"]
        for name in schemas.keys() & components.keys():
            same = sorted(schemas[name].get("enum", [])) == sorted(components[name]["enum"])
            assert same, f"two schemas are called {name}"
        schemas.update(components)
        app.openapi_schema = document
    return app.openapi_schema


def _pending(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what stands for a type's schema until the document is made."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    _KINDS[name] = kind
    return {_PENDING: name}


def _response(status: int, *codes: str) -> dict[str, Any]:
    """Return the description of a status with examples of its problems."""
    examples = {code: {"value": _problem(code)} for code in codes}
    content = {"schema": _pending(Problem), "examples": examples}
    return {"description": _REASONS[status], "content": {problems.MEDIA_TYPE: content}}


def _add_damaged(responses: dict[str, Any]) -> None:
    """Say of a read of one ticket or order that it may find its record damaged."""
    code = "record_damaged"
    told = responses.setdefault("500", _response(500))
    told["content"][problems.MEDIA_TYPE]["examples"][code] = {"value": _problem(code)}


def _schemas(paths: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every schema that is still to be filled in."""
    for operation in _operations(paths):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                schema = content.get("schema", {})
                yield from (one for one in schema.get("anyOf", (schema,)) if _PENDING in one)


def _operations(paths: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every operation."""
    for operations in paths.values():
        yield from operations.values()


def _parameters(paths: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every parameter of an address or header."""
    for operation in _operations(paths):
        yield from operation.get("parameters", ())


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without null: what is absent is not sent, and null is a word."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **choices[0]}


def _problem(code: str) -> dict[str, Any]:
    """Return a problem as it is answered."""
    told = problems.catalogue()[code]
    return {
        "type": f"/problems/{code}",
        "title": told.title,
        "status": int(HTTPStatus(told.status)),
        "detail": told.detail,
        "instance": "urn:request:5f0c2f2e4be54c39a7f5b6f2a53f2a0e",
        "code": code,
    }
