"""History of another system: each row is on record, what changed becomes facts, nothing starts."""

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import AcceptTicket, AddNote, ImportRow, SendMessage
from domain.events import (
    SourceBreachReported,
    SourceField,
    SourceOutcomeReported,
    SourceReported,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketReprioritised,
    TicketResolved,
    TicketRouted,
    TicketTransferred,
)
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Kind,
    Personal,
    Reason,
    Stage,
)
from domain.values import Scenario as Where
from tests.scenario import (
    ADMIN,
    AGENT,
    BOOK,
    BUYER,
    EVERYBODY,
    NOW,
    SUPERVISOR,
    TICKET,
    Scenario,
    for_each,
    opened,
)

ROW = ImportRow(
    ticket=TICKET,
    buyer="2403",
    channel=Channel.PHONE,
    kind=Kind.COMPLAINT,
    scenario=Where.PRODUCT,
    reason=Reason.OTHER,
    priority=3,
    state="New",
    stage=Stage.INTAKE,
    awaiting=Awaiting.AGENT,
    resolved=False,
    occurred_at=NOW,
    fields=(("active", "true"), ("vendor", "")),
    text='{"note":"call back"}',
    queue="70",
    transfers=0,
    reopened=0,
)
SAME = replace(ROW, text=None)
RESOLVED = replace(
    SAME,
    state="Resolved",
    stage=Stage.REMEDY,
    awaiting=Awaiting.NOBODY,
    resolved=True,
    outcome=(("closed_code", "5"),),
    outcome_at=NOW,
)
CLOSED = replace(
    RESOLVED,
    state="Closed",
    stage=Stage.CLOSED,
    outcome=(("closed_code", "5"), ("closed_at", "2016-03-06")),
)


def started() -> Scenario:
    """Return a case of which one row is on record."""
    return Scenario(imported=True).done(ROW, SYSTEM)


def test_a_first_row_opens_the_ticket_and_says_what_the_source_said() -> None:
    """IN-09: the source's own words stay beside ours, its texts are the buyer's."""
    outcome = Scenario(imported=True).when(ROW, by=SYSTEM)
    began = outcome.then(
        TicketOpened(
            channel=Channel.PHONE,
            kind=Kind.COMPLAINT,
            scenario=Where.PRODUCT,
            reason=Reason.OTHER,
            priority=3,
            policy=BOOK.version,
            buyer="2403",
        ),
        SourceReported(
            state="New",
            stage=Stage.INTAKE,
            awaiting=Awaiting.AGENT,
            fields=(SourceField("active", "true"),),
            text=Personal('{"note":"call back"}', subject="buyer:2403"),
        ),
        TicketRouted(queue="70"),
    )
    assert began.live.imported
    assert began.live.deadlines == {}
    assert began.live.holds == ()
    assert (began.live.source_state, began.live.queue) == ("New", "70")


def test_a_first_row_may_lie_in_the_middle_of_a_story() -> None:
    """A log that starts late counts transfers and reopenings from before: each is a fact."""
    row = replace(RESOLVED, transfers=2, reopened=1, agent="31", breached="made_sla")
    Scenario(imported=True).when(row, by=SYSTEM).then_kinds(
        TicketOpened,
        TicketReopened,
        SourceReported,
        TicketRouted,
        TicketAssigned,
        TicketTransferred,
        TicketTransferred,
        SourceBreachReported,
        TicketResolved,
        SourceOutcomeReported,
    )


def test_a_row_that_changes_nothing_is_still_on_record() -> None:
    """Every row becomes at least one record, or rows could not be counted."""
    started().when(SAME, by=SYSTEM).then(
        SourceReported(state="New", stage=Stage.INTAKE, awaiting=Awaiting.AGENT)
    )


def test_only_what_differs_from_the_row_before_becomes_a_fact() -> None:
    """A column that is repeated on each row is one fact."""
    row = replace(SAME, fields=(("active", "false"), ("vendor", "")), queue="24", priority=1)
    started().when(row, by=SYSTEM).then(
        SourceReported(
            state="New",
            stage=Stage.INTAKE,
            awaiting=Awaiting.AGENT,
            fields=(SourceField("active", "false"),),
        ),
        TicketRouted(queue="24"),
        TicketReprioritised(priority=1),
    )


def test_a_column_that_becomes_empty_is_told() -> None:
    """Taken away is a change too."""
    row = replace(SAME, fields=(("active", ""), ("vendor", "")))
    fact = started().when(row, by=SYSTEM).the(SourceReported)
    assert fact.fields == (SourceField("active", ""),)


def test_each_transfer_is_a_fact_of_its_own() -> None:
    """A row that counts three more transfers stands for three of them."""
    moved = started().done(replace(SAME, transfers=1), SYSTEM)
    outcome = moved.when(replace(SAME, transfers=4), by=SYSTEM)
    assert [one.count for one in outcome.events if isinstance(one, TicketTransferred)] == [2, 3, 4]
    assert outcome.then_among().live.transfers == 4


def test_a_row_that_counts_fewer_takes_nothing_back() -> None:
    """A backward row stays on record as it came; what happened has happened."""
    moved = started().done(replace(SAME, transfers=3, reopened=1), SYSTEM)
    moved.when(replace(SAME, transfers=1, reopened=0), by=SYSTEM).then_kinds(SourceReported)


def test_each_reopening_starts_a_round() -> None:
    """The source's count is kept, one fact each, before the row that tells of it."""
    over = started().done(RESOLVED, SYSTEM).done(CLOSED, SYSTEM)
    outcome = over.when(replace(SAME, state="Active", reopened=2), by=SYSTEM)
    lives = outcome.then_kinds(TicketReopened, TicketReopened, SourceReported)
    assert [one.round for one in outcome.events if isinstance(one, TicketReopened)] == [2, 3]
    assert (lives.live.reopened, lives.live.round, lives.live.stage) == (2, 3, Stage.INTAKE)
    assert lives.live.resolved is None


def test_a_matter_is_resolved_and_closed_once_there() -> None:
    """Repeated rows in the same state do not end a matter again."""
    ended = started().when(RESOLVED, by=SYSTEM)
    resolved = ended.then_among(
        TicketResolved(outcome="Resolved"),
        SourceOutcomeReported(fields=(SourceField("closed_code", "5"),), at=NOW),
    )
    assert resolved.live.resolved == "Resolved"
    assert resolved.live.deadlines == {}
    again = resolved.when(RESOLVED, by=SYSTEM).then_kinds(SourceReported)
    over = again.when(CLOSED, by=SYSTEM)
    closed = over.then_among(
        TicketClosed(outcome="Closed"),
        SourceOutcomeReported(fields=(SourceField("closed_at", "2016-03-06"),), at=NOW),
    )
    assert closed.live.stage is Stage.CLOSED
    closed.when(CLOSED, by=SYSTEM).then_kinds(SourceReported)


def test_a_matter_that_lives_again_uncounted_is_open_again() -> None:
    """The source moved it back without counting a reopening: its state says so."""
    resolved = started().done(RESOLVED, SYSTEM)
    lives = resolved.done(replace(SAME, state="Active"), SYSTEM)
    assert lives.live.resolved is None
    assert lives.done(RESOLVED, SYSTEM).live.resolved == "Resolved"


def test_a_broken_promise_of_the_source_is_told_once() -> None:
    """The column repeats it on each row; it was broken once."""
    row = replace(SAME, breached="made_sla")
    broken = started().when(row, by=SYSTEM).then_among(SourceBreachReported(promise="made_sla"))
    broken.when(row, by=SYSTEM).then_kinds(SourceReported)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[SYSTEM, ADMIN]))
def test_only_an_import_brings_history(actor: object) -> None:
    """A party could otherwise write its own past."""
    Scenario(imported=True).when(ROW, by=actor).then_refused(errors.NotYourRole)


def test_history_is_not_added_to_a_live_ticket() -> None:
    """A row would move what a promise of ours runs on."""
    opened().when(ROW, by=SYSTEM).then_refused(errors.WrongState)


@pytest.mark.parametrize(
    ("command", "actor"),
    [
        (AcceptTicket(ticket=TICKET), AGENT),
        (AddNote(ticket=TICKET, text="x"), SUPERVISOR),
        (SendMessage(ticket=TICKET, text="x"), replace(BUYER, ref="2403")),
    ],
)
def test_nobody_acts_on_history(command: object, actor: object) -> None:
    """It is for looking."""
    started().when(command, by=actor).then_refused(errors.WrongState)
