"""The OpenAPI document is complete, and the documentation needs no other host."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import openapi_document
from api.auth import PERMISSIONS
from api.packed import in_address
from tests.api.served import Served

DOCUMENT = openapi_document()
OPEN = {
    *("read_liveness", "read_readiness", "read_problem_kind", "put_upload"),
    *("read_log_checkpoint", "read_log_witnessed", "read_log_key", "read_receipt_key"),
    *("read_log_policy", "read_log_tile", "read_log_consistency"),
}
JSON = "application/json"
UPLOADS = {"upload_content", "upload_order_content", "prepare_upload", "export_bundle"}
"""What is posted and is no command: nothing is changed that a version or a key would guard."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return path, method and description of every operation."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_of_the_version_we_say() -> None:
    """3.1 is JSON Schema, so a client's generator needs no dialect of its own."""
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    """Generated clients call it by that name."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert set(names) == set(PERMISSIONS) | OPEN
    assert all(operation["summary"] and operation["tags"] for _, _, operation in operations())


def test_every_operation_names_its_answer_its_problems_and_its_token() -> None:
    """No answer comes as a surprise, and none is an untyped object."""
    for path, method, operation in operations():
        answers = operation["responses"]
        success = [answers[status] for status in answers if status.startswith("2")]
        assert success, path
        for answer in success:
            for media_type, content in answer["content"].items():
                if media_type == "application/json" and operation["operationId"] != "read_content":
                    schema = content["schema"]
                    assert all("$ref" in one for one in schema.get("anyOf", (schema,))), path
        if operation["operationId"] in OPEN:
            assert "security" not in operation
            continue
        assert operation["security"] == [{"token": []}], path
        assert {"401", "403", "422", "503"} <= answers.keys(), path
        if method == "post" and operation["operationId"] not in UPLOADS:
            assert {"400", "409", "412", "413", "415", "428"} <= answers.keys(), path
            takes = "application/toml" if operation["operationId"] == "adopt_book" else JSON
            assert takes in operation["requestBody"]["content"]
        for status, answer in answers.items():
            if not status.startswith(("2", "3")):
                (problem,) = answer["content"].items()
                assert problem[0] == "application/problem+json"
                assert problem[1]["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert problem[1]["examples"]


def test_every_command_takes_its_key_and_its_version() -> None:
    """The conditions stand in the document, with what they look like."""
    for path, method, operation in operations():
        if method == "post" and operation["operationId"] not in UPLOADS:
            headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
            assert {"Idempotency-Key", "If-Match"} <= headers, path


def test_every_moment_may_be_sent_as_answers_tell_it_or_packed() -> None:
    """A client that keeps to the document can follow a link of a ledger with many lanes."""
    moments = {"min_position", "at_position", "after", "Last-Event-ID"}
    patterns = {
        (operation["operationId"], one["name"]): one["schema"].get("pattern", "")
        for _, _, operation in operations()
        for one in operation.get("parameters", ())
        if one["name"] in moments and one["schema"]["type"] == "string"
    }
    assert {name for _, name in patterns} == moments
    for asked, pattern in patterns.items():
        for text in ("0-1", "0-12,1-7", in_address(",".join(f"{lane}-7" for lane in range(99)))):
            assert re.search(pattern, text), (asked, text)
        assert not re.search(pattern, "now"), asked


def test_a_read_of_one_ticket_or_order_may_find_its_record_damaged() -> None:
    """As a failure of the house: nobody who asks can mend it."""
    for path, method, operation in operations():
        one = method == "get" and ("{ticket}" in path or "{order}" in path)
        told = operation["responses"].get("500", {"content": {}})["content"]
        examples = [code for content in told.values() for code in content["examples"]]
        assert ("record_damaged" in examples) is one, path
        for content in told.values():
            assert {example["value"]["status"] for example in content["examples"].values()} == {500}


def test_every_reference_leads_somewhere_and_every_body_is_closed() -> None:
    """A schema that is not there is `unknown` to a client; an open body hides a misspelling."""
    text = json.dumps(DOCUMENT)
    schemas = DOCUMENT["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= schemas.keys()
    assert "x-pending" not in text
    assert "HTTPValidationError" not in schemas
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
        for _, _, operation in operations()
        if "$ref"
        in operation.get("requestBody", {})
        .get("content", {})
        .get("application/json", {})
        .get("schema", {})
    }
    assert bodies
    assert all(schemas[name]["additionalProperties"] is False for name in bodies)


def test_the_served_document_is_the_printed_one(served: Served) -> None:
    """`ticketledger openapi` and /openapi.json are one text."""
    assert served.client.get("/openapi.json").json() == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect"])
def test_the_documentation_asks_no_other_host(served: Served, path: str) -> None:
    """It works in a closed network, and tells nobody who reads it."""
    page = served.client.get(path)
    assert page.status_code == 200
    assert not re.findall(r"(?:src|href|url)\s*[=:]\s*[\"'](?:https?:)?//", page.text)
    for asset in re.findall(r"(?:src|href)=\"(/[^\"]+)\"", page.text):
        assert served.client.get(asset).status_code == 200, asset
