"""KN-02: past disputes without a person in them are lived through and decided again."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.values import later
from projections.training import scenario_name
from tests.acceptance.matters import hired
from tests.acceptance.platform import (
    AGENT,
    ARBITRATOR,
    AUDITOR,
    BUYER,
    LAB,
    MERCHANT,
    PAYMENT,
    PRICE,
    PRICE_MINOR,
    RULING,
    SECOND_AGENT,
    SECOND_ARBITRATOR,
    SUPERVISOR,
    Platform,
    money,
    platform_over,
)
from tests.conftest import Database

TRAINEE = SECOND_AGENT
_ATTEMPTS = count(1)
SECRETS = {
    "buyer": "mark-buyer-1",
    "merchant": "mark-merchant-1",
    "agent": "mark-agent-1",
    "supervisor": "mark-supervisor-1",
    "arbitrator": "mark-arbitrator-1",
    "carrier": "mark-carrier-1",
    "order": "mark-order-1",
    "line": "mark-line-1",
    "sku": "mark-sku-1",
    "title": "Mark title 1",
    "tracking": "mark-tracking-1",
    "statement": "I am Mark Statement, 13900000001.",
    "refusal": "Mark Refusal says no.",
    "offer": "Mark Offer writes.",
    "decline": "Mark Decline writes.",
    "message": "Mark Message writes.",
    "note": "Mark Note writes.",
    "caption": "Mark Caption.",
    "obtained": "mark_obtained",
    "content": "Mark Content",
    "contest": "Mark Contest writes.",
    "reasons": "Mark Reasons rules.",
    "grounds": "Mark Grounds appeals.",
}
"""What a person or reference is told by; every one has "mark" in it."""


def closed(platform: Platform, ticket: str) -> None:
    """Pay what is owed and let the matter close by itself."""
    for remedy in platform.ticket(AUDITOR, ticket)["remedies"]:
        if remedy["step"] == "initiated":
            kind = "settlement" if remedy["terms"]["kind"] == "refund" else "compensation"
            path = f"remedies/{remedy['remedy']}/{kind}"
            platform.do(PAYMENT, ticket, path, {"reference": f"p-{ticket}-{remedy['remedy']}"})
    platform.pass_by(timedelta(days=20))
    platform.pass_by(timedelta(days=20))
    assert platform.ticket(AUDITOR, ticket)["stage"] == "closed"


def listed(platform: Platform, query: str = "", who: str = TRAINEE) -> list[dict[str, Any]]:
    """Return every scenario that is listed, page by page."""
    assert platform.parts.views.catch_up(60)
    found, cursor = [], ""
    while True:
        page = platform.read(who, f"/v1/training/scenarios?limit=200{query}{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def scenario_of(platform: Platform, ticket: str) -> str:
    """Return the scenario drawn from a ticket, which nobody is told."""
    (first,) = platform.parts.ledger.stream(f"ticket:{ticket}", 0, 1)
    return scenario_name(first.leaf_hash)


def begun(platform: Platform, scenario: str, who: str = TRAINEE, **body: Any) -> str:
    """Return a fresh attempt at a scenario."""
    name = f"try-{next(_ATTEMPTS)}"
    answer = platform.call(
        who, "/v1/training/attempts", {"attempt": name, "scenario": scenario, **body}
    )
    assert answer.status == 201, answer
    return name


def attempt(platform: Platform, name: str, who: str = TRAINEE) -> dict[str, Any]:
    """Return an attempt as somebody reads it."""
    return platform.read(who, f"/v1/training/attempts/{name}")


def step(platform: Platform, name: str, number: int, who: str = TRAINEE) -> Any:
    """Return the answer to asking for a step."""
    return platform.call(who, f"/v1/training/attempts/{name}/steps", {"step": number})


def to_the_decision(platform: Platform, name: str, who: str = TRAINEE) -> dict[str, Any]:
    """Show every step, and return the attempt there."""
    for number in range(1, attempt(platform, name, who)["steps_total"] + 1):
        assert step(platform, name, number, who).ok
    return attempt(platform, name, who)


def rule(platform: Platform, name: str, body: dict[str, Any], who: str = TRAINEE) -> Any:
    """Return the answer to a trainee's ruling."""
    return platform.call(who, f"/v1/training/attempts/{name}/ruling", body)


@pytest.fixture(scope="module")
def disputed(platform: Platform) -> str:
    """A closed dispute that was ruled for the buyer, against which nobody appealed."""
    ticket = platform.with_platform()
    platform.bring(LAB, ticket, b"the modem is dead", shown_to=["buyer", "merchant"])
    platform.judged_by(ARBITRATOR, ticket)
    ruling = {**RULING, "relied_on": ["E1", "E2"]}
    platform.do(ARBITRATOR, ticket, "rulings", ruling)
    closed(platform, ticket)
    return ticket


SAME = {
    "in_favour_of": "buyer",
    "shares": [{"party": "merchant", "share_bp": 10_000}],
    "awards": [{"kind": "refund", "amount": PRICE}],
    "clauses": ["quality.hardware_fault"],
    "relied_on": ["E1", "E2"],
}
"""What was really decided."""


def test_kn_02_a_dispute_is_lived_through_step_by_step_up_to_the_decision(
    platform: Platform, disputed: str
) -> None:
    """One step after the other; what was decided is told to nobody who has not ruled."""
    scenario = scenario_of(platform, disputed)
    (item,) = [one for one in listed(platform) if one["scenario"] == scenario]
    assert item == {
        "scenario": scenario,
        "reason": "quality_fault",
        "ending": "ruling",
        "difficulty": "medium",
        "imported": False,
    }
    name = begun(platform, scenario)
    seen = attempt(platform, name)
    total = seen["steps_total"]
    assert (seen["state"], seen["steps"], seen["asked"]) == ("steps", [], None)
    for number in range(1, total + 1):
        assert step(platform, name, number).ok
        seen = attempt(platform, name)
        assert [one["step"] for one in seen["steps"]] == list(range(1, number + 1))
        assert seen["state"] == ("decision" if number == total else "steps")
        assert "ruling" not in json.dumps(seen["steps"])
        assert (seen["decided"], seen["compared"]) == (None, None)
        assert seen["against"]["en"].startswith("To be held against")
        assert seen["afterwards"] == []
    what = [one["what"] for one in seen["steps"]]
    assert what[0] == "order.placed"
    assert what[-1] == "arbitrator.assigned"
    assert what.index("merchant.refused") < what.index("intervention.requested")
    opening = next(one for one in seen["steps"] if one["what"] == "ticket.opened")
    assert (opening["after_min"], opening["by"]) == (0, "buyer")
    placed = seen["steps"][0]
    assert placed["after_min"] == -4 * 24 * 60
    assert placed["told"] == [{"name": "lines", "value": f"line-1: 1 × phone, {PRICE_MINOR} CNY"}]
    asked = seen["asked"]
    assert [one["part"] for one in asked["parts"]] == [
        *("favour", "shares", "remedies", "clauses", "evidence"),
    ]
    assert {one["item"] for one in asked["evidence"]} == {"E1", "E2"}
    assert {one["clause"] for one in asked["clauses"]} >= {"quality.hardware_fault"}


def test_kn_02_the_same_ruling_has_every_point(platform: Platform, disputed: str) -> None:
    """Shares, amounts, clauses and evidence side by side; then what became of it is told."""
    name = begun(platform, scenario_of(platform, disputed))
    to_the_decision(platform, name)
    assert rule(platform, name, SAME).ok
    seen = attempt(platform, name)
    told = seen["compared"]
    assert (seen["state"], told["score"], told["within_cap"]) == ("over", 100, True)
    assert (seen["decided"], seen["against"]["en"][:12]) == ("ruling", "Held against")
    assert told["shares"] == [{"party": "merchant", "given_bp": 10_000, "real_bp": 10_000}]
    assert told["remedies"] == [
        {"kind": "refund", "found": "same", "given": PRICE, "real": PRICE},
    ]
    for name_of in ("clauses_missed", "clauses_extra", "evidence_missed", "evidence_extra"):
        assert told[name_of] == []
    assert sum(one["of"] for one in told["points"]) == 100
    assert "ticket.closed" in [one["what"] for one in seen["afterwards"]]


def test_kn_02_what_differs_is_told_to_the_cent(platform: Platform, disputed: str) -> None:
    """One minor unit is a difference; what is missed and what is too much are named."""
    name = begun(platform, scenario_of(platform, disputed))
    to_the_decision(platform, name)
    given = {
        "in_favour_of": "buyer",
        "shares": [
            {"party": "merchant", "share_bp": 7_000},
            {"party": "logistics", "share_bp": 3_000},
        ],
        "awards": [
            {"kind": "refund", "amount": money(PRICE_MINOR - 1)},
            {"kind": "coupon", "amount": money(500)},
        ],
        "clauses": ["evidence.burden", "quality.hardware_fault"],
        "relied_on": ["E2"],
    }
    assert rule(platform, name, given).ok
    told = attempt(platform, name)["compared"]
    assert told["shares"] == [
        {"party": "logistics", "given_bp": 3_000, "real_bp": 0},
        {"party": "merchant", "given_bp": 7_000, "real_bp": 10_000},
    ]
    assert told["remedies"] == [
        {
            "kind": "refund",
            "found": "amount_differs",
            "given": money(PRICE_MINOR - 1),
            "real": PRICE,
        },
        {"kind": "coupon", "found": "extra", "given": money(500)},
    ]
    assert (told["clauses_missed"], told["clauses_extra"]) == ([], ["evidence.burden"])
    assert (told["evidence_missed"], told["evidence_extra"]) == (["E1"], [])
    points = {one["part"]: one["points"] for one in told["points"]}
    assert points == {"favour": 10, "shares": 21, "remedies": 7, "clauses": 7, "evidence": 7}
    assert told["score"] == 52


@pytest.mark.parametrize(("more", "within"), [(0, True), (1, False)])
def test_kn_02_what_the_cap_forbids_is_told(
    platform: Platform, disputed: str, more: int, *, within: bool
) -> None:
    """Of what lies on top of the price three tenths are the most: one more is one too many."""
    name = begun(platform, scenario_of(platform, disputed))
    to_the_decision(platform, name)
    most = PRICE_MINOR * 3_000 // 10_000 + more
    awards = [*SAME["awards"], {"kind": "compensation", "amount": money(most)}]
    assert rule(platform, name, {**SAME, "awards": awards}).ok
    told = attempt(platform, name)["compared"]
    assert told["within_cap"] is within
    points = {one["part"]: one["points"] for one in told["points"]}
    assert points["remedies"] == (15 if within else 0)


def test_kn_02_a_ruling_that_could_be_none_is_refused(platform: Platform, disputed: str) -> None:
    """A trainee is held to the form of a real ruling, and not to its content."""
    name = begun(platform, scenario_of(platform, disputed))
    to_the_decision(platform, name)
    for change, code in (
        ({"shares": [{"party": "merchant", "share_bp": 9_999}]}, "shares_do_not_add_up"),
        ({"shares": []}, "shares_do_not_add_up"),
        ({"in_favour_of": None}, "unreasonable"),
        ({"clauses": []}, "unknown_clause"),
        ({"clauses": ["no.such_clause"]}, "unknown_clause"),
        ({"relied_on": []}, "unknown_evidence"),
        ({"relied_on": ["E9"]}, "unknown_evidence"),
        ({"awards": [{"kind": "refund"}]}, "amount_required"),
        ({"awards": [{"kind": "repair", "amount": PRICE}]}, "amount_not_allowed"),
        (
            {"awards": [{"kind": "refund", "amount": {"amount_minor": 1, "currency": "EUR"}}]},
            "currency_differs",
        ),
        ({"awards": [{"kind": "refund", "amount": PRICE, "line": "1"}]}, "unknown_line"),
        ({"outcome": "code 6"}, "unreasonable"),
    ):
        answer = rule(platform, name, {**SAME, **change})
        assert (answer.status // 100, answer.body["code"]) == (4, code), (change, answer)
    assert attempt(platform, name)["state"] == "decision"


def test_kn_02_an_attempt_goes_forward_only_and_repeats_harmlessly(
    platform: Platform, disputed: str
) -> None:
    """No step is skipped, nothing is decided early or twice, and a retry changes nothing."""
    scenario = scenario_of(platform, disputed)
    name = begun(platform, scenario)
    again = {"attempt": name, "scenario": scenario}
    repeated = platform.call(TRAINEE, "/v1/training/attempts", again)
    assert (repeated.status, repeated.body["events"]) == (200, [])
    other = platform.call(TRAINEE, "/v1/training/attempts", {**again, "seed": 7})
    assert other.body["code"] == "attempt_known_otherwise"
    assert step(platform, name, 2).body["code"] == "steps_first"
    assert rule(platform, name, SAME).body["code"] == "steps_first"
    assert step(platform, name, 1).body["events"]
    assert step(platform, name, 1).body["events"] == []
    total = to_the_decision(platform, name)["steps_total"]
    assert step(platform, name, total + 1).body["code"] == "unreasonable"
    assert len(rule(platform, name, SAME).body["events"]) == 2
    assert rule(platform, name, SAME).body["events"] == []
    changed = {**SAME, "relied_on": ["E1"]}
    assert rule(platform, name, changed).body["code"] == "attempt_over"
    asked = {"party": "buyer", "about": "statement"}
    late = platform.call(TRAINEE, f"/v1/training/attempts/{name}/questions", asked)
    assert late.body["code"] == "attempt_over"


def test_kn_02_the_other_side_answers_from_history_or_from_the_script(
    platform: Platform, disputed: str
) -> None:
    """What a side had said by then comes first; the script is the same for a seed."""
    scenario = scenario_of(platform, disputed)

    def played(seed: int) -> list[dict[str, Any]]:
        name = begun(platform, scenario, seed=seed)
        path = f"/v1/training/attempts/{name}/questions"
        asked = [(p, a) for p in ("buyer", "merchant") for a in ("statement", "evidence")]
        total = attempt(platform, name)["steps_total"]
        for number in range(1, total + 1):
            for party, about in asked:
                if number in {1, total}:
                    body = {"party": party, "about": about}
                    assert platform.call(TRAINEE, path, body).body["events"]
                    assert platform.call(TRAINEE, path, body).body["events"] == []
            assert step(platform, name, number).ok
        for party, about in asked:
            platform.call(TRAINEE, path, {"party": party, "about": about})
        questions: list[dict[str, Any]] = attempt(platform, name)["questions"]
        return questions

    first = played(1)
    assert first == played(1)
    assert first != played(2)
    early = [one for one in first if one["step"] == 0]
    assert {one["answered_by"] for one in early} == {"script"}
    assert all(one["says"][0]["zh"] and one["says"][0]["en"] for one in early)
    late = {(one["party"], one["about"]): one for one in first[-4:]}
    refused = late["merchant", "statement"]
    assert refused["answered_by"] == "history"
    assert {one["en"] for one in refused["says"]} >= {
        "The merchant gave reasons for the refusal.",
    }
    assert late["buyer", "evidence"]["answered_by"] == "script"


def test_kn_02_a_trainee_sees_own_attempts_only_and_a_supervisor_all(
    platform: Platform, disputed: str
) -> None:
    """What somebody gets wrong in training is between them and who teaches them."""
    name = begun(platform, scenario_of(platform, disputed))
    path = f"/v1/training/attempts/{name}"
    for who in (AGENT, ARBITRATOR):
        platform.unknown_to(who, path)
        assert step(platform, name, 1, who).body["code"] == "unknown_attempt"
        assert rule(platform, name, SAME, who).body["code"] == "unknown_attempt"
    for who in (SUPERVISOR, AUDITOR):
        assert attempt(platform, name, who)["trainee"] == "agent-2"
    assert step(platform, name, 1, SUPERVISOR).body["code"] == "unknown_attempt"
    assert step(platform, name, 1, AUDITOR).body["code"] == "not_your_role"
    for who in (BUYER, MERCHANT, PAYMENT):
        assert platform.call(who, path + "/steps", {"step": 1}).status == 403
        role, _, subject = who.partition(":")
        assert platform.client.get(role, subject, "/v1/training/scenarios").status == 403
    unknown = {"attempt": "try-none", "scenario": "S" + "0" * 13}
    assert platform.call(TRAINEE, "/v1/training/attempts", unknown).body["code"] == (
        "unknown_scenario"
    )
    platform.unknown_to(SUPERVISOR, "/v1/training/attempts/never-begun")


def test_kn_02_no_ticket_is_touched(platform: Platform, disputed: str) -> None:
    """An attempt lies on a stream of its own, and counts as no matter anywhere."""
    ledger = platform.parts.ledger
    before = [one.leaf_hash for one in ledger.stream(f"ticket:{disputed}")]
    looks = len(ledger.stream(f"access:{disputed}"))
    assert platform.parts.views.catch_up(60)
    counts = platform.read(SUPERVISOR, "/v1/queue/counts")
    name = begun(platform, scenario_of(platform, disputed))
    to_the_decision(platform, name)
    assert rule(platform, name, SAME).ok
    attempt(platform, name)
    platform.settle()
    assert [one.leaf_hash for one in ledger.stream(f"ticket:{disputed}")] == before
    assert len(ledger.stream(f"access:{disputed}")) == looks
    after = platform.read(SUPERVISOR, "/v1/queue/counts")
    assert {one: after[one] for one in ("open", "everything")} == {
        one: counts[one] for one in ("open", "everything")
    }
    topics = [one.envelope.topic for one in ledger.stream(f"training:{name}")]
    assert topics[0] == "training.started.v1"
    assert topics[-2:] == ["training.ruling_given.v1", "training.compared.v1"]


def test_kn_02_an_open_matter_is_no_scenario(platform: Platform) -> None:
    """Nobody trains on what is still being decided."""
    ticket = platform.ruled()
    scenario = scenario_of(platform, ticket)
    assert scenario not in {one["scenario"] for one in listed(platform)}
    body = {"attempt": "try-open", "scenario": scenario}
    assert platform.call(TRAINEE, "/v1/training/attempts", body).body["code"] == "unknown_scenario"
    closed(platform, ticket)
    assert scenario in {one["scenario"] for one in listed(platform)}


def test_kn_02_a_varied_ruling_is_trained_at_its_appeal(platform: Platform) -> None:
    """What stands in the end is compared, with what was on record then; the first is a step."""
    ticket = platform.ruled()
    platform.do(MERCHANT, ticket, "appeals", {"grounds": "We see no fault."})
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    varied = {
        "outcome": "varied",
        "in_favour_of": "buyer",
        "shares": [
            {"party": "merchant", "share_bp": 6_000},
            {"party": "buyer", "share_bp": 4_000},
        ],
        "awards": [{"kind": "compensation", "amount": money(10_000)}],
        "reasons": "Both had a part in it.",
        "clauses": ["evidence.burden"],
        "relied_on": ["E1"],
    }
    platform.do(SECOND_ARBITRATOR, ticket, "appeals/decision", varied)
    closed(platform, ticket)
    scenario = scenario_of(platform, ticket)
    (item,) = [one for one in listed(platform, "&difficulty=hard") if one["scenario"] == scenario]
    assert item["ending"] == "ruling"
    name = begun(platform, scenario)
    seen = to_the_decision(platform, name)
    assert seen["decided"] is None
    assert "ruling.issued" in [one["what"] for one in seen["steps"]]
    given = {one: varied[one] for one in ("in_favour_of", "shares", "awards", "clauses")}
    assert rule(platform, name, {**given, "relied_on": ["E1"]}).ok
    seen = attempt(platform, name)
    assert (seen["decided"], seen["compared"]["score"]) == ("appeal", 100)


def test_kn_02_an_upheld_ruling_is_trained_at_its_appeal_too(platform: Platform) -> None:
    """That there was an appeal does not tell what came of it; the ruling is what stands."""
    ticket = platform.ruled()
    platform.do(MERCHANT, ticket, "appeals", {"grounds": "We see no fault."})
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    upheld = {"outcome": "upheld", "reasons": "It stands.", "clauses": ["evidence.burden"]}
    platform.do(SECOND_ARBITRATOR, ticket, "appeals/decision", {**upheld, "relied_on": ["E1"]})
    closed(platform, ticket)
    scenario = scenario_of(platform, ticket)
    (item,) = [one for one in listed(platform, "&difficulty=hard") if one["scenario"] == scenario]
    assert item["ending"] == "ruling"
    name = begun(platform, scenario)
    seen = to_the_decision(platform, name)
    what = [one["what"] for one in seen["steps"]]
    assert ("appeal.filed" in what, "ruling.upheld" in what) == (True, False)
    assert rule(platform, name, {**SAME, "relied_on": ["E1"]}).ok
    told = attempt(platform, name)
    assert (told["decided"], told["compared"]["score"]) == ("appeal", 100)
    assert told["afterwards"][0]["what"] != "appeal.filed"


def test_kn_02_a_matter_that_lived_again_is_decided_by_what_ended_it(platform: Platform) -> None:
    """The answer that settled nothing is a step; what the merchant granted then is compared."""
    ticket = platform.accepted()
    platform.do(AGENT, ticket, "answers", {"text": "That is all.", "resolves": True})
    platform.do(BUYER, ticket, "reopening", {"reason": "It is not solved."})
    platform.do(AGENT, ticket, "acceptance")
    terms = {"kind": "refund", "line": "1", "amount": PRICE}
    line = platform.ticket(AUDITOR, ticket)["line"]
    platform.do(MERCHANT, ticket, "approval", {"terms": {**terms, "line": line}})
    closed(platform, ticket)
    scenario = scenario_of(platform, ticket)
    (item,) = [one for one in listed(platform) if one["scenario"] == scenario]
    assert (item["ending"], item["difficulty"]) == ("no_ruling", "easy")
    for ruling, score in (({}, 0), ({"awards": [{"kind": "refund", "amount": PRICE}]}, 100)):
        name = begun(platform, scenario)
        what = [one["what"] for one in to_the_decision(platform, name)["steps"]]
        assert ("ticket.reopened" in what, "merchant.approved" in what) == (True, False)
        assert rule(platform, name, ruling).ok
        told = attempt(platform, name)
        assert (told["decided"], told["compared"]["score"]) == ("approval", score)


@pytest.mark.parametrize("gives", [True, False])
def test_kn_02_what_the_desk_gave_is_not_told_before_the_ruling(
    platform: Platform, *, gives: bool
) -> None:
    """An answer that gave nothing and a gift look alike until the trainee has ruled."""
    ticket = platform.accepted(reason="installation", kind="complaint")
    if gives:
        coupon = {"kind": "coupon", "amount": money(700)}
        platform.do(AGENT, ticket, "remedies", {"terms": coupon})
        platform.do(AGENT, ticket, "remedies/R1/coupon", {"coupon": "c-1"})
    platform.do(AGENT, ticket, "answers", {"text": "This is how.", "resolves": True})
    closed(platform, ticket)
    scenario = scenario_of(platform, ticket)
    (item,) = [one for one in listed(platform) if one["scenario"] == scenario]
    assert item == {
        "scenario": scenario,
        "reason": "installation",
        "ending": "no_ruling",
        "difficulty": "easy",
        "imported": False,
    }
    name = begun(platform, scenario)
    seen = to_the_decision(platform, name)
    for who in (TRAINEE, SUPERVISOR, AUDITOR):
        seen = attempt(platform, name, who)
        assert seen["decided"] is None
        assert seen["against"] == {
            "zh": "将对照此事的实际处理结果：由客服、商家或双方作出，未经裁决。",
            "en": "To be held against how the desk, the merchant or both sides ended it; "
            "there was no ruling.",
            "system": None,
        }
    assert rule(platform, name, {}).ok
    seen = attempt(platform, name)
    assert seen["decided"] == ("goodwill" if gives else "answer")
    assert ("gave freely" in seen["against"]["en"]) is gives


def test_kn_02_a_matter_of_the_desk_is_decided_by_its_remedies(platform: Platform) -> None:
    """Of the service track there are no shares: what was given is compared, and nothing else."""
    ticket = platform.accepted(reason="late", remedy="coupon", kind="complaint")
    coupon = {"kind": "coupon", "amount": money(1_000)}
    platform.do(AGENT, ticket, "remedies", {"terms": coupon})
    platform.do(AGENT, ticket, "remedies/R1/coupon", {"coupon": "c-1"})
    platform.do(AGENT, ticket, "answers", {"text": "A coupon is yours.", "resolves": True})
    closed(platform, ticket)
    scenario = scenario_of(platform, ticket)
    (item,) = [one for one in listed(platform, "&reason=late") if one["scenario"] == scenario]
    assert (item["ending"], item["difficulty"]) == ("no_ruling", "easy")
    name = begun(platform, scenario)
    seen = to_the_decision(platform, name)
    assert [one["part"] for one in seen["asked"]["parts"]] == ["remedies"]
    assert "coupon.issued" not in [one["what"] for one in seen["steps"]]
    assert rule(platform, name, {"awards": [{**coupon, "line": "line-1"}]}).ok
    assert attempt(platform, name)["compared"]["score"] == 100
    second = begun(platform, scenario)
    to_the_decision(platform, second)
    assert rule(platform, second, {}).ok
    told = attempt(platform, second)["compared"]
    assert (told["score"], told["remedies"][0]["found"]) == (0, "missed")


def test_kn_02_pages_and_filters_hold(platform: Platform, disputed: str) -> None:
    """Every scenario once, whatever the size of a page; a page is 200 at most."""
    everything = [one["scenario"] for one in listed(platform)]
    assert everything == sorted(set(everything))
    found, cursor = [], ""
    while True:
        page = platform.read(TRAINEE, f"/v1/training/scenarios?limit=1{cursor}")
        found += [one["scenario"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == everything
    rulings = listed(platform, "&ending=ruling")
    assert scenario_of(platform, disputed) in {one["scenario"] for one in rulings}
    assert {one["ending"] for one in rulings} == {"ruling"}
    assert not {one["scenario"] for one in listed(platform, "&ending=no_ruling")} & {
        one["scenario"] for one in rulings
    }
    answer = platform.client.get("agent", "agent-2", "/v1/training/scenarios?limit=201")
    assert answer.status == 422


@pytest.fixture
def marked(database: Database, tmp_path: Path) -> Iterator[tuple[Platform, str]]:
    """A closed dispute in which every reference and every text bears a mark."""
    with platform_over(database, tmp_path) as platform:
        yield platform, _marked(platform)


def _marked(platform: Platform) -> str:
    s = SECRETS
    who = {role: f"{role}:{s[role]}" for role in ("buyer", "merchant", "agent", "supervisor")}
    hired(platform, who["agent"], "brand_lead", "senior")
    at = platform.now.at
    order = {
        "order": s["order"],
        "buyer": s["buyer"],
        "merchant": s["merchant"],
        "placed_at": later(at, -timedelta(days=4)),
        "lines": [
            {
                "line": s["line"],
                "sku": s["sku"],
                "title": s["title"],
                "category": "phone",
                "quantity": 1,
                "paid": PRICE,
            }
        ],
    }
    carrier = f"carrier:{s['carrier']}"
    parcel = {"carrier": s["carrier"], "tracking": s["tracking"]}
    for caller, path, body in (
        ("orders:oms", "/v1/orders", order),
        (
            carrier,
            f"/v1/orders/{s['order']}/shipments",
            {**parcel, "shipped_at": later(at, -timedelta(days=3))},
        ),
        (
            carrier,
            f"/v1/orders/{s['order']}/signatures",
            {"tracking": s["tracking"], "signed_at": later(at, -timedelta(days=1))},
        ),
    ):
        assert platform.call(caller, path, body).ok
    ticket = platform.open(s["order"], who=who["buyer"], statement=s["statement"])
    for caller, path, body in (
        (who["agent"], "acceptance", {}),
        (who["agent"], "assignment", {}),
        (who["agent"], "notes", {"text": s["note"]}),
        (who["buyer"], "messages", {"text": s["message"]}),
        (who["merchant"], "refusal", {"reasons": s["refusal"]}),
        (who["merchant"], "offers", {"terms": [{"kind": "repair"}], "text": s["offer"]}),
        (who["buyer"], "offers/O1/decline", {"reason": s["decline"]}),
        (who["buyer"], "intervention", {}),
    ):
        platform.do(caller, ticket, path, body)
    platform.bring(
        who["buyer"],
        ticket,
        s["content"].encode(),
        caption=s["caption"],
        obtained=s["obtained"],
    )
    platform.do(who["buyer"], ticket, "evidence/seal")
    platform.do(who["merchant"], ticket, "evidence/E2/contest", {"why": s["contest"]})
    platform.do(who["supervisor"], ticket, "arbitrator", {"arbitrator": s["arbitrator"]})
    judge = f"arbitrator:{s['arbitrator']}"
    ruling = {**RULING, "reasons": s["reasons"], "relied_on": ["E1", "E2"]}
    ruling["awards"] = [{"kind": "refund", "amount": PRICE, "line": s["line"]}]
    platform.do(judge, ticket, "rulings", ruling)
    platform.do(who["merchant"], ticket, "appeals", {"grounds": s["grounds"]})
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    upheld = {"outcome": "upheld", "reasons": s["reasons"], "clauses": ["evidence.burden"]}
    platform.do(SECOND_ARBITRATOR, ticket, "appeals/decision", {**upheld, "relied_on": ["E1"]})
    closed(platform, ticket)
    return ticket


def test_kn_02_nothing_of_a_person_gets_out(marked: tuple[Platform, str]) -> None:
    """No reference, no text, no file's name, no ticket and no date: only what decides."""
    platform, ticket = marked
    scenario = scenario_of(platform, ticket)
    name = begun(platform, scenario)
    path = f"/v1/training/attempts/{name}"
    said = [listed(platform)]
    to_the_decision(platform, name)
    for party in ("buyer", "merchant"):
        for about in ("statement", "evidence"):
            answer = platform.call(TRAINEE, f"{path}/questions", {"party": party, "about": about})
            assert answer.ok
            said.append(answer.body["events"])
    ruling = {**SAME, "awards": [{"kind": "refund", "amount": PRICE, "line": "line-1"}]}
    assert rule(platform, name, ruling).ok
    seen = attempt(platform, name)
    said.append(seen)
    said += [
        bytes(one.envelope.data).decode()
        for one in platform.parts.ledger.stream(f"training:{name}")
    ]
    text = json.dumps(said, ensure_ascii=False).lower()
    text = text.replace('"policy": "2026-11-22"', "").replace('\\"policy\\":\\"2026-11-22\\"', "")
    assert "mark" not in text
    for told in (ticket, ticket.rpartition("-")[2], "2026-", "13900000001", "sf-1"):
        assert told.lower() not in text, told
    assert seen["compared"]["score"] == 100
    kinds = {one["kind"] for step in seen["steps"] for one in step["texts"]}
    assert kinds >= {"statement", "note", "message", "refusal", "offer", "decline", "contest"}
    lengths = {one["length"] for step in seen["steps"] for one in step["texts"]}
    assert lengths <= {"short", "medium", "long"}
    who = {one["by"] for one in seen["steps"]}
    roles = {"buyer", "merchant", "agent-1", "platform", "orders", "carrier"}
    assert who <= roles | {"supervisor-1", "supervisor-2", "arbitrator-1"}
    gained = [one for one in seen["questions"] if one["answered_by"] == "history"]
    assert {"E2"} <= {item for one in gained for item in one["refers_to"]}
