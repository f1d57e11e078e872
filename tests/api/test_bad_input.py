"""Bad input: each kind gets its problem document, writes nothing, and is never a 500."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response

from tests.api.served import MONEY, Served

SECRET = "林晓 138 0013 8000"
"""What a person wrote in the wrong place; no answer repeats it."""
Bad = Callable[[Served, str], Response]
TICKET = "/v1/tickets/{ticket}"


def _raw(
    path: str, content: bytes, media_type: str = "application/json", who: str = "buyer"
) -> Bad:
    def send(served: Served, ticket: str) -> Response:
        headers = {**served.headers(who), "Content-Type": media_type}
        return served.client.post(path.format(ticket=ticket), headers=headers, content=content)

    return send


def _body(path: str, body: dict[str, Any], who: str = "buyer", **asked: Any) -> Bad:
    content = json.dumps(body).encode()

    def send(served: Served, ticket: str) -> Response:
        headers = {**served.headers(who), "Content-Type": "application/json", **asked}
        return served.client.post(path.format(ticket=ticket), headers=headers, content=content)

    return send


def _message(text: Any) -> Bad:
    return _body(f"{TICKET}/messages", {"text": text})


def _claim(claim: Any) -> Bad:
    return _body(f"{TICKET}/claim", {"remedy": "refund", "claim": claim})


def _get(path: str, who: str = "buyer", **headers: str) -> Bad:
    def read(served: Served, ticket: str) -> Response:
        return served.client.get(
            path.format(ticket=ticket), headers={**served.headers(who), **headers}
        )

    return read


CASES = {
    "malformed JSON": (_raw(f"{TICKET}/messages", b'{"text": '), 422, "malformed"),
    "JSON of another kind": (_raw(f"{TICKET}/messages", b"[1]"), 422, "malformed"),
    "no body": (_raw(f"{TICKET}/messages", b""), 422, "malformed"),
    "a key twice": (_raw(f"{TICKET}/messages", b'{"text": "a", "text": "b"}'), 422, "malformed"),
    "no JSON at all": (
        _raw(f"{TICKET}/messages", b"text=a", "application/x-www-form-urlencoded"),
        415,
        "media_type_unsupported",
    ),
    "no media type": (
        _raw(f"{TICKET}/messages", b'{"text": "a"}', ""),
        415,
        "media_type_unsupported",
    ),
    "an unknown field": (
        _body(f"{TICKET}/messages", {"text": "a", "to": SECRET}),
        422,
        "malformed",
    ),
    "an unknown field that is personal itself": (
        _body(f"{TICKET}/messages", {"text": "a", SECRET: 1}),
        422,
        "malformed",
    ),
    "an unknown field where there is nothing to say": (
        _body(f"{TICKET}/closing", {"why": SECRET}),
        422,
        "malformed",
    ),
    "a number for a text": (_message(7), 422, "malformed"),
    "nothing for a text": (_message(None), 422, "malformed"),
    "an empty text": (_message(""), 422, "malformed"),
    "a text of 5,001 characters": (_message("字" * 5_001), 422, "malformed"),
    "U+0000": (_message(f"{SECRET}\x00"), 422, "malformed"),
    "an escape character": (_message(f"{SECRET}\x1b[2J"), 422, "malformed"),
    "a carriage return": (_message(f"{SECRET}\r"), 422, "malformed"),
    "a control character of the second set": (_message(f"{SECRET}\x85"), 422, "malformed"),
    "half a character": (_message(f"{SECRET}\ud800"), 422, "malformed"),
    "true for a number": (_claim({"amount_minor": True, "currency": "CNY"}), 422, "malformed"),
    "a text for a number": (_claim({"amount_minor": "1", "currency": "CNY"}), 422, "malformed"),
    "a float for money": (_claim({"amount_minor": 1.0, "currency": "CNY"}), 422, "malformed"),
    "an exponent for money": (
        _raw(
            f"{TICKET}/claim", b'{"remedy":"refund","claim":{"amount_minor":1e2,"currency":"CNY"}}'
        ),
        422,
        "malformed",
    ),
    "NaN for money": (
        _raw(
            f"{TICKET}/claim", b'{"remedy":"refund","claim":{"amount_minor":NaN,"currency":"CNY"}}'
        ),
        422,
        "malformed",
    ),
    "zero": (_claim({"amount_minor": 0, "currency": "CNY"}), 422, "malformed"),
    "less than zero": (_claim({"amount_minor": -1, "currency": "CNY"}), 422, "malformed"),
    "more than there is": (
        _claim({"amount_minor": 10**12 + 1, "currency": "CNY"}),
        422,
        "malformed",
    ),
    "far more than there is": (
        _claim({"amount_minor": 10**40, "currency": "CNY"}),
        422,
        "malformed",
    ),
    "an unknown currency": (_claim({"amount_minor": 1, "currency": "XXX"}), 422, "malformed"),
    "a currency in small letters": (
        _claim({"amount_minor": 1, "currency": "cny"}),
        422,
        "malformed",
    ),
    "an unknown remedy": (_body(f"{TICKET}/claim", {"remedy": SECRET}), 422, "malformed"),
    "too many terms": (
        _body(f"{TICKET}/offers", {"terms": [{"kind": "exchange"}] * 11}),
        422,
        "malformed",
    ),
    "no terms": (_body(f"{TICKET}/offers", {"terms": []}), 422, "malformed"),
    "a body of 10 MB": (
        _raw(f"{TICKET}/messages", b'{"text": "' + b"a" * 10_000_000 + b'"}'),
        413,
        "too_large",
    ),
    "a content of more than 50 MiB": (
        _raw(f"{TICKET}/contents", b"a" * (50 * 1024 * 1024 + 1), "text/plain"),
        413,
        "too_large",
    ),
    "a content of nothing": (_raw(f"{TICKET}/contents", b"", "text/plain"), 422, "malformed"),
    "a content that would run in a browser": (
        _raw(f"{TICKET}/contents", b"<script>", "text/html"),
        415,
        "media_type_unsupported",
    ),
    "evidence whose content was never uploaded": (
        _body(
            f"{TICKET}/evidence",
            {
                "kind": "photo",
                "obtained": "taken_by_buyer",
                "attachment": {
                    "sha256": "0" * 64,
                    "size": 1,
                    "media_type": "image/png",
                    "receipt": "AAAA",
                },
            },
        ),
        422,
        "malformed",
    ),
    "an unknown ticket": (
        _body("/v1/tickets/T0-261122-0000000/messages", {"text": SECRET}),
        404,
        "unknown_ticket",
    ),
    "a ticket of a lane there is not": (
        _body("/v1/tickets/T999-261122-0000000/messages", {"text": SECRET}),
        404,
        "unknown_ticket",
    ),
    "what is no ticket's id": (
        _body("/v1/tickets/no ticket/messages", {"text": "a"}),
        422,
        "malformed",
    ),
    "another buyer's ticket": (
        _body(f"{TICKET}/messages", {"text": SECRET}, "buyer:stranger"),
        404,
        "unknown_ticket",
    ),
    "another merchant's ticket": (
        _body(f"{TICKET}/refusal", {"reasons": SECRET}, "merchant:stranger"),
        404,
        "unknown_ticket",
    ),
    "another buyer's ticket at a stale version": (
        _body(f"{TICKET}/closing", {}, "buyer:stranger", **{"If-Match": '"1"'}),
        404,
        "unknown_ticket",
    ),
    "another buyer's offer without a version": (
        _body(f"{TICKET}/offers/O1/acceptance", {}, "buyer:stranger"),
        404,
        "unknown_ticket",
    ),
    "another buyer's ticket to read": (_get(TICKET, "buyer:stranger"), 404, "unknown_ticket"),
    "another buyer's board": (
        _get(f"{TICKET}/progress-board", "buyer:stranger"),
        404,
        "unknown_ticket",
    ),
    "another buyer's messages": (
        _get(f"{TICKET}/messages", "buyer:stranger"),
        404,
        "unknown_ticket",
    ),
    "another merchant's content": (
        _get(f"{TICKET}/contents/{'0' * 64}", "merchant:stranger"),
        404,
        "unknown_ticket",
    ),
    "a content nobody uploaded": (_get(f"{TICKET}/contents/{'0' * 64}"), 404, "unknown_content"),
    "an unknown order": (_get("/v1/orders/nowhere", "agent"), 404, "unknown_order"),
    "an unknown address": (_get("/v1/nowhere"), 404, "no_such_resource"),
    "another method": (_get(f"{TICKET}/offers"), 405, "method_not_allowed"),
    "a stale version": (
        _body(f"{TICKET}/messages", {"text": SECRET}, **{"If-Match": '"1"'}),
        412,
        "ticket_changed",
    ),
    "a malformed version": (
        _body(f"{TICKET}/messages", {"text": SECRET}, **{"If-Match": "1"}),
        400,
        "version_malformed",
    ),
    "a version that is missing": (
        _body(f"{TICKET}/approval", {"terms": {"kind": "refund", "amount": MONEY}}, "merchant"),
        428,
        "version_required",
    ),
    "a malformed key": (
        _body(f"{TICKET}/messages", {"text": SECRET}, **{"Idempotency-Key": "x" * 256}),
        400,
        "key_malformed",
    ),
    "another role's command": (
        _body(f"{TICKET}/notes", {"text": SECRET}),
        403,
        "not_your_role",
    ),
    "an unknown parameter": (_get("/v1/queue?colour=red", "agent"), 422, "malformed"),
    "a parameter twice": (_get("/v1/queue?limit=1&limit=2", "agent"), 422, "malformed"),
    "a limit above 200": (_get("/v1/queue?limit=201", "agent"), 422, "malformed"),
    "an unknown stage": (_get("/v1/queue?stage=limbo", "agent"), 422, "malformed"),
    "a cursor nobody gave": (_get("/v1/queue?cursor=AAAA", "agent"), 422, "cursor_invalid"),
    "a moment that is none": (_get("/v1/queue?min_position=soon", "agent"), 422, "malformed"),
    "a moment of a lane there is not": (
        _get("/v1/queue?min_position=7-1", "agent"),
        422,
        "malformed",
    ),
    "a date that is none": (
        _get("/v1/queue?due_before=2026-02-30T00:00:00Z", "agent"),
        422,
        "malformed",
    ),
    "a resume point that is none": (
        _get("/v1/feed", "auditor", Accept="text/event-stream", **{"Last-Event-ID": "x"}),
        422,
        "malformed",
    ),
    "an address that is not UTF-8": (_get("/v1/tickets/%ff%fe"), 422, "malformed"),
    "U+0000 in an address": (_get("/v1/orders/a%00b", "agent"), 422, "malformed"),
}


@pytest.fixture(scope="module")
def ticket(served: Served) -> str:
    """A ticket with an offer of the merchant."""
    ticket = served.refused_claim()
    body = {"terms": [{"kind": "refund", "amount": MONEY}]}
    assert served.post("merchant", f"/v1/tickets/{ticket}/offers", body).status_code == 201
    return ticket


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gets_its_problem_and_writes_nothing(
    served: Served, ticket: str, case: str
) -> None:
    """What is wrong is told by place and code; the record stays as it is, and silent on values."""
    send, status, code = CASES[case]
    before = served.head()
    answer = send(served, ticket)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told["status"] == status
    assert told["type"] == f"/problems/{code}"
    assert told["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"
    assert served.head() == before
    assert SECRET not in answer.text
    assert "0013 8000" not in answer.text


def test_text_beyond_the_basic_plane_is_text(served: Served, ticket: str) -> None:
    """Rare characters, emoji, line feeds and tabs are what people write."""
    text = "𠮷野家\n\t😀" + "字" * 4_994
    sent = served.post("buyer", f"/v1/tickets/{ticket}/messages", {"text": text})
    assert (sent.status_code, len(text)) == (200, 5_000)
    told = served.get("buyer", f"/v1/tickets/{ticket}/messages").json()
    assert told["items"][-1]["text"] == text


@pytest.mark.parametrize("path", [f"{TICKET}/messages", f"{TICKET}/contents"])
def test_a_body_is_counted_as_it_streams_in(served: Served, ticket: str, path: str) -> None:
    """A client that declares no length, or a small one, fills no memory."""
    sent = 0

    def endless() -> Any:
        nonlocal sent
        for _ in range(1_000):
            sent += 65_536
            yield b"a" * 65_536

    headers = {**served.headers("buyer"), "Content-Type": "text/plain"}
    if path.endswith("messages"):
        headers["Content-Type"] = "application/json"
    answer = served.client.post(path.format(ticket=ticket), headers=headers, content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("asked", ["short", "x" * 65, "a b c d e f g h", "林晓林晓林晓"])
def test_a_request_id_that_is_none_is_not_repeated(served: Served, asked: str) -> None:
    """It goes into logs and answers, so a caller does not choose it freely."""
    headers = {"X-Request-Id": asked.encode()}
    answer = served.client.get("/livez", headers=headers)  # type: ignore[arg-type]  # raw bytes are sent as they are
    assert answer.headers["X-Request-Id"] != asked
    assert len(answer.headers["X-Request-Id"]) == 32


def test_a_request_id_comes_back(served: Served) -> None:
    """So a caller finds the request in its own logs and in ours."""
    answer = served.client.get("/nowhere", headers={"X-Request-Id": "shop-7f3a-0001"})
    assert answer.headers["X-Request-Id"] == "shop-7f3a-0001"
    assert answer.json()["instance"] == "urn:request:shop-7f3a-0001"
