"""What a hostile reader tried over HTTP, and what stands against it."""

from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from api.worker import Worker
from domain.ledger.requests import Outcome, Request
from tests.api.served import Served


def _ok(answer: Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _stage(served: Served, who: str, ticket: str, content: str, **other: Any) -> dict[str, Any]:
    """Bring a text as evidence; return what the command answered."""
    kept = served.client.post(
        f"/v1/tickets/{ticket}/contents",
        headers={**served.headers(who), "Content-Type": "text/plain"},
        content=content.encode(),
    )
    body = {"kind": "statement", "obtained": "written_by_party", "attachment": _ok(kept, 201)}
    return _ok(served.post(who, f"/v1/tickets/{ticket}/evidence", {**body, **other}), 201)


# --- what the other side may not know ---------------------------------------------------------


def test_a_stale_version_tells_nothing_of_what_the_other_side_prepares(served: Served) -> None:
    """A wrong If-Match costs nothing: it must not be a window on unsealed or hidden evidence."""
    ticket = served.refused_claim()
    version = served.version(ticket)
    at = f"/v1/tickets/{ticket}"
    _stage(served, "merchant", ticket, "first thought")
    _stage(served, "merchant", ticket, "second thought")
    _ok(served.post("merchant", f"{at}/evidence/E2/withdrawal"))
    _ok(served.post("merchant", f"{at}/evidence/seal"))
    _stage(served, "merchant", ticket, "a trade secret", confidential=True)
    for who, topics in (
        ("buyer", ["evidence.sealed.v1"]),
        (
            "merchant",
            [
                "evidence.staged.v1",
                "evidence.staged.v1",
                "evidence.withdrawn.v1",
                "evidence.sealed.v1",
                "evidence.supplemented.v1",
            ],
        ),
    ):
        told = _ok(served.post(who, f"{at}/messages", {"text": "So?"}, version=version), 412)
        assert [one["topic"] for one in told["missed"]] == topics


# --- what both sides must be able to read -----------------------------------------------------


def test_both_sides_read_what_was_said_to_them(served: Served) -> None:
    """Who is refused, made an offer or ruled on reads the reasons, not only that it happened."""
    ticket = served.refused_claim()
    at = f"/v1/tickets/{ticket}"
    coupon = {"kind": "coupon", "amount": {"amount_minor": 500, "currency": "CNY"}}
    offer = {"terms": [coupon], "text": "For the trouble."}
    _ok(served.post("merchant", f"{at}/offers", offer), 201)
    counter = {"terms": [{"kind": "repair"}], "text": "Mend it."}
    _ok(served.post("buyer", f"{at}/offers/O1/counter", counter), 201)
    _ok(served.post("merchant", f"{at}/offers/O2/decline", {"reason": "No spare parts."}))
    _ok(served.post("buyer", f"{at}/intervention"))
    _ok(served.post("arbitrator", f"{at}/arbitrator", {"arbitrator": "arbitrator-1"}))
    ruling = {
        "in_favour_of": "buyer",
        "shares": [{"party": "merchant", "share_bp": 10_000}],
        "awards": [coupon],
        "reasons": "The report shows a fault.",
        "clauses": ["quality.hardware_fault"],
        "relied_on": ["E1"],
    }
    version = served.version(ticket)
    _ok(served.post("arbitrator", f"{at}/rulings", ruling, key="rule", version=version), 201)
    _ok(served.post("merchant", f"{at}/appeals", {"grounds": "Look again."}), 201)
    for who in ("buyer", "merchant", "auditor"):
        told = _ok(served.get(who, f"{at}/messages"))["items"]
        assert [(one["kind"], one["text"]) for one in told] == [
            ("statement", "The screen flickers."),
            ("refusal", "No fault was found."),
            ("offer", "For the trouble."),
            ("offer", "Mend it."),
            ("decline", "No spare parts."),
            ("ruling", "The report shows a fault."),
            ("appeal", "Look again."),
        ]


# --- one broken matter ------------------------------------------------------------------------


def test_a_deadline_that_breaks_stops_no_other(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker would end, be started again, and break on the same deadline for ever."""
    broken, sound = served.open_ticket(), served.open_ticket()
    served.clock.pass_by(timedelta(days=1))
    _ok(served.get("agent", "/v1/queue", min_position=served.head()))
    submit = served.services.ledger.submit

    def breaking(request: Request) -> Future[Outcome]:
        if getattr(request.command, "ticket", None) != broken:
            return submit(request)
        answer: Future[Outcome] = Future()
        answer.set_exception(AssertionError("the judge is broken"))
        return answer

    worker = Worker(served.services)
    with monkeypatch.context() as patched:
        patched.setattr(served.services.ledger, "submit", breaking)
        worker.fire()
        worker.fire()
    topics = [
        one["topic"] for one in _ok(served.get("auditor", f"/v1/tickets/{sound}/events"))["items"]
    ]
    assert "deadline.missed.v1" in topics


@pytest.mark.parametrize("name", ["13800138000", "id110101199003074514"])
def test_a_field_nobody_declared_is_not_repeated_when_it_may_be_a_number_of_somebody(
    served: Served, name: str
) -> None:
    """What was sent stays out of answers, and a name of a field can be a telephone number."""
    answer = served.post("buyer", "/v1/tickets", {"channel": "app", name: 1})
    assert answer.status_code == 422
    assert name not in answer.text
