"""AR-08: the worked case through the API; board, queue and case file right after each step."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from api.demo.client import Client
from api.demo.story import Story
from tests.acceptance.platform import (
    AGENT,
    ARBITRATOR,
    AUDITOR,
    BUYER,
    LAB,
    MERCHANT,
    PAYMENT,
    PRICE,
    SUPERVISOR,
    Platform,
    money,
    platform_over,
)
from tests.acceptance.tracing import assert_traced
from tests.conftest import Database

RULING = {
    "in_favour_of": "buyer",
    "shares": [{"party": "merchant", "share_bp": 10_000}],
    "awards": [{"kind": "refund", "amount": PRICE}, {"kind": "coupon", "amount": money(5_000)}],
    "reasons": "检测报告显示基带硬件故障，激活状态不影响退款。",
    "clauses": ["quality.hardware_fault", "returns.quality"],
    "relied_on": ["E1", "E2", "E3", "E4"],
}


class Stop(NamedTuple):
    """One step, and what everybody sees right after it."""

    who: str
    path: str
    body: dict[str, Any]
    topic: str
    """The first fact the step puts on record."""
    node: str
    """The node the board shows as current, or done at the end."""
    queue: tuple[str, str, str]
    """Stage, whose turn it is, and the desk."""
    upload: bytes | None = None


STEPS = (
    Stop(AGENT, "acceptance", {}, "ticket.accepted", "accepted", ("intake", "merchant", "senior")),
    Stop(
        MERCHANT,
        "refusal",
        {"reasons": "手机已经激活，影响二次销售。"},
        "merchant.refused",
        "negotiating",
        ("negotiation", "merchant", "senior"),
    ),
    Stop(
        MERCHANT,
        "offers",
        {"terms": [{"kind": "repair"}]},
        "offer.made",
        "negotiating",
        ("negotiation", "buyer", "senior"),
    ),
    Stop(
        BUYER,
        "offers/O1/decline",
        {"reason": "刚买的新机。"},
        "deadline.met",
        "negotiating",
        ("negotiation", "merchant", "senior"),
    ),
    Stop(
        BUYER,
        "intervention",
        {},
        "deadline.met",
        "with_platform",
        ("intervention", "agent", "arbitration"),
    ),
    Stop(
        BUYER,
        "evidence",
        {"kind": "statement", "obtained": "written_by_buyer"},
        "evidence.staged",
        "with_platform",
        ("intervention", "agent", "arbitration"),
        upload="激活当日无信号".encode(),
    ),
    Stop(
        BUYER,
        "evidence/seal",
        {},
        "evidence.sealed",
        "with_platform",
        ("intervention", "agent", "arbitration"),
    ),
    Stop(
        MERCHANT,
        "evidence",
        {"kind": "repair_record", "obtained": "exported_by_merchant"},
        "evidence.staged",
        "with_platform",
        ("intervention", "agent", "arbitration"),
        upload=b"activated: yes",
    ),
    Stop(
        MERCHANT,
        "evidence/seal",
        {},
        "evidence.sealed",
        "with_platform",
        ("intervention", "agent", "arbitration"),
    ),
    Stop(
        LAB,
        "gathered-evidence",
        {"kind": "inspection_report", "obtained": "posted_by_inspector"},
        "evidence.gathered",
        "with_platform",
        ("intervention", "agent", "arbitration"),
        upload=b"hardware fault: baseband",
    ),
    Stop(
        SUPERVISOR,
        "arbitrator",
        {"arbitrator": "arb-1"},
        "arbitrator.assigned",
        "with_platform",
        ("intervention", "arbitrator", "arbitration"),
    ),
    Stop(
        ARBITRATOR,
        "rulings",
        RULING,
        "ruling.issued",
        "remedy_under_way",
        ("remedy", "agent", "refunds"),
    ),
    Stop(
        PAYMENT,
        "remedies/R1/settlement",
        {"reference": "p-1107"},
        "refund.settled",
        "remedy_under_way",
        ("remedy", "agent", "senior"),
    ),
    Stop(
        AGENT,
        "remedies/R2/coupon",
        {"coupon": "c-50"},
        "coupon.issued",
        "completed",
        ("remedy", "nobody", "senior"),
    ),
    Stop(
        BUYER,
        "satisfaction",
        {"result": 5, "speed": 5, "attitude": 5},
        "satisfaction.given",
        "completed",
        ("remedy", "nobody", "senior"),
    ),
)


@pytest.fixture(scope="module")
def platform(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose views are folded beside it, as they are in service."""
    with platform_over(database, tmp_path_factory.mktemp("data"), folding=True) as running:
        yield running


def test_ar_08_board_queue_and_case_file_follow_each_step(platform: Platform) -> None:
    """A view that is asked with the position of a step includes it, and names its events."""
    order = platform.order()
    ticket = platform.open(order, kind="dispute", claim=PRICE, statement="激活后无法联网。")
    version = platform.ticket(AUDITOR, ticket)["version"]
    for step in STEPS:
        body = dict(step.body)
        if step.upload is not None:
            body["attachment"] = platform.upload(step.who, ticket, step.upload)
        path = f"/v1/tickets/{ticket}/{step.path}"
        answer = platform.call(step.who, path, body, version=version)
        assert answer.ok, (step, answer)
        assert answer.body["events"][0]["topic"].startswith(f"{step.topic}."), (step, answer)
        version, at = answer.body["version"], answer.body["position"]
        board = platform.board(BUYER, ticket, at)
        assert board["version"] >= version
        reached = [node for node in board["nodes"] if node["state"] in {"current", "done"}]
        assert reached[-1]["key"] == step.node, step
        row = platform.row(ticket, at)
        turn = (row["stage"], row.get("awaiting", "nobody"), row.get("queue", "senior"))
        assert turn == step.queue, step
        file = platform.file(ticket, at)
        assert file["timeline"][version - 1]["leaf_hash"] == answer.body["leaf_hash"]
        assert_traced(platform, ticket, at)
    _assert_complete(platform, ticket)


def _assert_complete(platform: Platform, ticket: str) -> None:
    """The chain of evidence is complete: from the snapshot to the refund, each with its hash."""
    file = platform.file(ticket)
    kinds = {name: one["kind"] for name, one in file["evidence"].items()}
    assert kinds == {
        "E1": "order_snapshot",
        "E2": "statement",
        "E3": "repair_record",
        "E4": "inspection_report",
    }
    (ruling,) = file["rulings"]
    assert ruling["relied_on"] == list(kinds)
    remedies = {one["terms"]["kind"]: one["terms"]["amount"] for one in file["remedies"].values()}
    assert remedies == {"refund": PRICE, "coupon": money(5_000)}
    events = platform.events(ticket)
    assert [one["leaf_hash"] for one in file["timeline"]] == [
        record["leaf_hash"] for record in events.values()
    ]
    assert [record["version"] for record in events.values()] == list(range(1, len(events) + 1))
    assert platform.row(ticket)["resolved"] == "remedied"


def test_ar_08_the_coupon_is_50_yuan_and_the_cap_would_stop_more(platform: Platform) -> None:
    """The forced refund takes the whole price, and what comes on top has a limit of its own."""
    ticket = platform.with_platform()
    platform.judged_by(ARBITRATOR, ticket)
    awards = [{"kind": "refund", "amount": PRICE}, {"kind": "coupon", "amount": money(119_971)}]
    above = {**RULING, "relied_on": ["E1"], "awards": awards}
    problem = platform.refused(ARBITRATOR, ticket, "rulings", above, code="cap_exceeded")
    assert problem["left_minor"] == 119_970


def test_ar_08_the_story_is_told_by_the_demo(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every step with its URL, its events, their positions and leaf hashes; all on record."""
    with Client(platform.parts) as client:
        ticket = Story(client, platform.now).tell(as_json=True)
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {
        event["position"]: event["leaf_hash"]
        for step in steps
        for event in step["events"]
        if event["stream"] == f"ticket:{ticket}"
    }
    recorded = {
        position: record["leaf_hash"] for position, record in platform.events(ticket).items()
    }
    assert told == recorded
    assert all(step["url"].startswith("/v1/") for step in steps)
    assert platform.row(ticket, steps[-1]["events"][-1]["position"])["resolved"] == "remedied"
