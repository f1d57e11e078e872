"""The contract fuzzed: whatever the document allows or forbids, it names the answer."""

from typing import Any, Final

import pytest
import schemathesis
from httpx2 import InvalidURL, Response
from hypothesis import HealthCheck, Phase, assume, given, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import openapi_document
from api.auth import PERMISSIONS
from tests.api.served import Served


def _without_tokens(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without its security: every request here brings a valid token."""
    document["components"].pop("securitySchemes")
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return document


@schemathesis.serializer("application/toml")
def _toml(_context: Any, value: Any) -> bytes:
    """Send what was drawn as text: most of it is no book."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


TAKES_NOTHING: Final = {
    "read_liveness",
    "read_readiness",
    "read_lateness",
    "list_books",
    "list_pilots",
}
SEED: Final = 20261122
EXAMPLES: Final = 5
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES: Final = {
    GenerationMode.POSITIVE: CHECKS,
    GenerationMode.NEGATIVE: [*CHECKS, negative_data_rejection],
}
DESCRIBED: Final = schemathesis.openapi.from_dict(_without_tokens(openapi_document()))
OPERATIONS: Final = {
    one.ok().definition.raw["operationId"]: one.ok() for one in DESCRIBED.get_all_operations()
}


@pytest.fixture(scope="module")
def ticket(served: Served) -> str:
    """A ticket with an offer, evidence and history, so that requests reach the judges."""
    ticket = served.refused_claim()
    body = {"terms": [{"kind": "exchange"}]}
    assert served.post("merchant", f"/v1/tickets/{ticket}/offers", body).status_code == 201
    return ticket


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_finds_an_answer_the_document_does_not_name(
    served: Served, ticket: str, operation: str, mode: GenerationMode
) -> None:
    """No server error, no undescribed status or body; what is malformed is refused as such."""
    roles = sorted(PERMISSIONS.get(operation, {"agent"}))

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=OPERATIONS[operation].as_strategy(generation_mode=mode),
        known=st.booleans(),
        role=st.sampled_from(roles),
    )
    def ask(case: schemathesis.Case, known: bool, role: str) -> None:  # noqa: FBT001 - drawn
        if known and mode is GenerationMode.POSITIVE and "ticket" in (case.path_parameters or {}):
            case.path_parameters["ticket"] = ticket
        # HTTP itself takes the blanks around a header's value away.
        assume(all(value == value.strip() for value in (case.headers or {}).values()))
        try:
            answer = _send(served, case, role)
        except InvalidURL:
            reject()  # an address longer than any client sends
        case.validate_response(answer, checks=MODES[mode])
        if mode is GenerationMode.POSITIVE:
            _require_no_quarrel(answer)

    try:
        ask()
    except Unsatisfiable:
        assert operation in TAKES_NOTHING, "what takes nothing is never wrong"


def _require_no_quarrel(answer: Response) -> None:
    """Let nothing that the document allows be called malformed, save what it can not tell.

    A receipt is a signature, a lane is the ledger's, a day may not be in the calendar; and 1.0 is
    a whole number to JSON Schema and a float to us.
    """
    if answer.status_code in {400, 415, 422} and answer.json()["code"] == "malformed":
        told = {place["code"] for place in answer.json()["errors"]}
        assert told <= {"receipt", "moment", "value_error", "int_type"}, answer.text


def _send(served: Served, case: schemathesis.Case, role: str) -> Response:
    """Send a generated request as a role."""
    asked: dict[str, Any] = case.as_transport_kwargs(base_url="http://testserver")
    asked["headers"] = {**asked["headers"], **served.headers(role)}
    asked.pop("cookies", None)
    if "data" in asked and not isinstance(asked["data"], dict):  # which is a form
        asked["content"] = asked.pop("data")
    answer = served.client.request(**asked)
    answer.request.read()  # a form is sent as a stream, and the checks look at what was sent
    return answer
