"""The case file: everything an arbitrator weighs, each part with its place in the record."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import MessageSent
from domain.values import ActorKind, Party
from projections.arbitration import CaseFile, Mark, case_file, places
from projections.arbitration.view import PART_SIZE
from tests.projections.conftest import MakeViews
from tests.projections.history import BUYER, History
from tests.projections.tickets import ATTACHMENT, TEXT, negotiated, opened, ruled

LANES = (1,)
TICKET = "T0-261122-000001A"


def file_of(db: Cursor) -> CaseFile:
    """Return the case file, which must be there."""
    found = case_file(db, TICKET)
    assert found is not None
    return found


def test_the_timeline_has_every_fact_with_its_leaf_hash(make_views: MakeViews, db: Cursor) -> None:
    """An arbitrator sees the whole record, and can hold each line of it against the log."""
    history = History()
    ruled(history, TICKET)
    assert make_views(history, page_size=5).catch_up(30)
    file = file_of(db)
    records = history.records(0, 0, 1000)
    assert [
        (entry.version, entry.position, entry.topic, entry.at, entry.by, entry.leaf_hash)
        for entry in file.timeline
    ] == [
        (
            record.version,
            f"0-{record.position}",
            record.envelope.topic,
            record.at,
            record.actor.kind,
            record.leaf_hash,
        )
        for record in records
    ]
    assert len(file.timeline) > PART_SIZE
    assert file.moment == f"0-{len(records)}"
    assert (len(file.messages), len(file.notes)) == (1, 1)


def test_every_part_names_the_record_that_says_it(make_views: MakeViews, db: Cursor) -> None:
    """Claim, answer, evidence and ruling carry position, time, role and leaf hash."""
    history = History()
    ruled(history, TICKET)
    assert make_views(history).catch_up(30)
    file = file_of(db)
    case = file.case
    by_topic = {record.envelope.topic: record for record in history.records(0, 0, 1000)}

    def told(mark: Mark, topic: str) -> None:
        record = by_topic[topic]
        assert (mark.version, mark.position) == (record.version, f"0-{record.position}")
        assert (mark.leaf_hash, mark.at, mark.by) == (
            record.leaf_hash,
            record.at,
            record.actor.kind,
        )

    told(case.claims[0].mark, "ticket.opened.v1")
    told(case.answers[0].mark, "merchant.refused.v1")
    told(case.evidence["E1"].mark, "evidence.gathered.v1")
    told(case.rulings[0].mark, "ruling.issued.v1")
    told(case.rulings[1].mark, "ruling.varied.v1")
    told(case.appeals[0].mark, "appeal.filed.v1")
    sealed = case.evidence["E2"].sealed
    assert sealed is not None
    told(sealed, "evidence.sealed.v1")


def test_evidence_shows_its_digest_and_its_custody(make_views: MakeViews, db: Cursor) -> None:
    """Who laid it down, who was shown it, what became of it, and who disputes it."""
    history = History()
    ruled(history, TICKET)
    assert make_views(history).catch_up(30)
    evidence = file_of(db).case.evidence
    assert {item: one.state for item, one in evidence.items()} == {
        "E1": "on_record",
        "E2": "on_record",
        "E3": "replaced",
        "E4": "staged",
        "E5": "on_record",
        "E6": "withdrawn",
        "E7": "on_record",
    }
    assert (evidence["E2"].sha256, evidence["E2"].size) == (ATTACHMENT.sha256, ATTACHMENT.size)
    assert evidence["E4"].replaces == "E3"
    assert evidence["E7"].late
    assert evidence["E5"].confidential
    assert [mark.by for mark in evidence["E5"].disclosed] == [ActorKind.ARBITRATOR]
    assert evidence["E5"].shown_to == [Party.BUYER, Party.MERCHANT]
    assert [one.by for one in evidence["E2"].contested] == [Party.MERCHANT]


def test_the_first_ruling_stays_visible_after_the_appeal(make_views: MakeViews, db: Cursor) -> None:
    """An appeal adds a decision; it does not take one away (AR-06)."""
    history = History()
    ruled(history, TICKET)
    assert make_views(history).catch_up(30)
    case = file_of(db).case
    assert [(one.ruling, one.outcome, one.arbitrator) for one in case.rulings] == [
        ("J1", "issued", "r-1"),
        ("J2", "varied", "r-1"),
    ]
    assert [(one.appeal, one.outcome) for one in case.appeals] == [("A1", "varied")]
    assert [one.recused_for for one in case.arbitrators] == ["knows_party", None]
    assert {name: len(one.steps) for name, one in case.remedies.items()} == {"R1": 4, "R2": 3}
    assert {name: one.state for name, one in case.deadlines.items()}["ruling"] == "met"


def test_offers_and_their_deadlines_end_together(make_views: MakeViews, db: Cursor) -> None:
    """Countered, declined, lapsed: each offer says how it ended and by which record."""
    history = History()
    negotiated(history, TICKET)
    assert make_views(history).catch_up(30)
    case = file_of(db).case
    assert {name: one.state for name, one in case.offers.items()} == {
        "O1": "countered",
        "O2": "declined",
        "O3": "lapsed",
    }
    assert {name: one.state for name, one in case.deadlines.items()} == {
        "merchant_review": "missed",
        "offer:O1": "moot",
        "offer:O2": "moot",
        "offer:O3": "moot",
    }
    assert case.offers["O2"].counters == "O1"


def test_personal_values_are_named_by_their_place(make_views: MakeViews, db: Cursor) -> None:
    """The view says where a text lies; the caller opens what its reader may see."""
    history = History()
    ruled(history, TICKET)
    assert make_views(history).catch_up(30)
    file = file_of(db)
    held = {
        (record.stream, record.version, field)
        for record in history.records(0, 0, 1000)
        for field in record.event.__struct_fields__
        if getattr(record.event, field) == TEXT
    }
    assert {(one.stream, one.version, one.field) for one in places(file)} == held
    statement = file.case.claims[0].statement
    assert statement is not None
    assert (statement.stream, statement.version, statement.field) == (
        f"ticket:{TICKET}",
        1,
        "statement",
    )


def test_a_long_conversation_is_kept_whole(make_views: MakeViews, db: Cursor) -> None:
    """Messages are unbounded: they lie in the timeline, a few in each row."""
    history = History()
    history.ticket(TICKET, opened(), by=BUYER)
    views = make_views(history, page_size=7)
    for _ in range(3 * PART_SIZE):
        history.ticket(TICKET, MessageSent(by=Party.BUYER, text=TEXT), by=BUYER)
    assert views.catch_up(30)
    file = file_of(db)
    assert len(file.messages) == 3 * PART_SIZE
    db.execute("select count(*) from view.arbitration_timeline")
    assert db.fetchall() == [(4,)]


def test_an_unknown_ticket_has_no_case_file(make_views: MakeViews, db: Cursor) -> None:
    """The caller answers 404, or waits."""
    make_views(History())
    assert case_file(db, "T0-none") is None
