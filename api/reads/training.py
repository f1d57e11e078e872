"""Training as it is shown: scenarios, and an attempt as far as the trainee has come."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.outcomes import Moment
from api.reads.orders import order_records
from api.reads.personal import ticket_records
from api.wiring import Services
from domain import errors
from domain.events import TrainingCompared
from domain.record import Record
from domain.streams import ticket_lane, ticket_stream
from domain.ticket.state import Stamp
from domain.ticket.training import Attempt, evolve_training
from domain.values import (
    About,
    Actor,
    ActorKind,
    AnsweredBy,
    Decided,
    Difficulty,
    Ending,
    Kind,
    Party,
    Reason,
    Verdict,
)
from projections import training
from replay.training import (
    Against,
    Asked,
    Drawn,
    NoScenario,
    Sentence,
    Step,
    answer_told,
    draw,
    sources,
)

_PAGE: Final = 1_000
_SEE_ALL: Final = frozenset({ActorKind.SUPERVISOR, ActorKind.AUDITOR})


class ScenarioItem(msgspec.Struct, frozen=True):
    """A past matter that can be decided again."""

    scenario: str
    reason: Reason
    ending: Ending
    """`source` where the real decision is another system's outcome and no ruling of ours."""
    difficulty: Difficulty
    imported: bool


class ScenarioList(msgspec.Struct, frozen=True):
    """A page of scenarios, in the order of their names."""

    items: tuple[ScenarioItem, ...]
    next_cursor: str | None
    position: Moment


class AttemptState(StrEnum):
    """How far an attempt has come."""

    STEPS = "steps"
    DECISION = "decision"
    """Every step was shown: the trainee's ruling is asked."""
    OVER = "over"


class Question(msgspec.Struct, frozen=True):
    """What a side was asked and answered."""

    step: int
    party: Party
    about: About
    answered_by: AnsweredBy
    refers_to: tuple[str, ...]
    says: tuple[Sentence, ...]
    """In sentences of ours; none where evidence items are the answer."""


class AttemptItem(msgspec.Struct, frozen=True):
    """An attempt at a scenario, as far as the trainee has come."""

    attempt: str
    trainee: str
    scenario: str
    seed: int
    version: int
    state: AttemptState
    ending: Ending
    decided: Decided | None
    """What kind of decision the real one was, when the trainee has ruled."""
    reason: Reason
    kind: Kind
    difficulty: Difficulty
    imported: bool
    steps_total: int
    steps: tuple[Step, ...]
    """Those that were shown."""
    questions: tuple[Question, ...]
    against: Against
    """What the ruling is held against; before it is given no more than `ending` tells."""
    asked: Asked | None
    """From the decision on."""
    verdict: Verdict | None
    compared: TrainingCompared | None
    """The real decision and what differs, when the trainee has ruled."""
    afterwards: tuple[Step, ...]


class Begun(msgspec.Struct, frozen=True):
    """An attempt with the scenario it is at."""

    attempt: Attempt
    version: int
    drawn: Drawn


def scenario_page(
    connection: Connection, filters: training.Filters, after: training.Key | None, limit: int
) -> training.ScenarioPage:
    """Return a page of scenarios, without those where there is nothing to decide. Blocks."""
    filters = msgspec.structs.replace(filters, without=sources().teach_nothing)
    with connection.cursor() as db:
        return training.page(db, filters, after, limit)


def scenario_item(row: training.ScenarioRow) -> ScenarioItem:
    """Return a listed scenario without its ticket."""
    assert row.ending is not None, "only what was decided is listed"
    return ScenarioItem(row.scenario, row.reason, row.ending, row.difficulty, row.imported)


def known_scenario(services: Services, scenario: str) -> tuple[Drawn, int]:
    """Return a scenario that is listed, and where it was decided; raise UnknownScenario. Blocks."""
    row = _row(services, scenario)
    if not row.over or row.decided is None or row.system in sources().teach_nothing:
        raise errors.UnknownScenario
    return _drawn(services, row, row.version), row.version


def begun(services: Services, actor: Actor, attempt: str) -> Begun:
    """Return an attempt an actor may see, with its scenario; raise UnknownAttempt. Blocks."""
    state, version = None, 0
    for record in _records(services, attempt):
        stamp = Stamp(record.subject, record.version, record.at, record.actor, record.imported)
        state, version = evolve_training(state, record.event, stamp), record.version
    if state is None or not (state.trainee == actor or actor.kind in _SEE_ALL):
        raise errors.UnknownAttempt
    row = _row(services, state.scenario)
    return Begun(state, version, _drawn(services, row, state.decision))


def attempt_item(services: Services, actor: Actor, attempt: str) -> AttemptItem:
    """Return an attempt as far as the trainee has come. Blocks."""
    found = begun(services, actor, attempt)
    known, scenario = found.attempt, found.drawn.scenario
    over = known.compared is not None
    at_decision = known.shown >= known.steps
    state = AttemptState.DECISION if at_decision else AttemptState.STEPS
    return AttemptItem(
        attempt=attempt,
        trainee=known.trainee.ref,
        scenario=known.scenario,
        seed=known.seed,
        version=found.version,
        state=AttemptState.OVER if over else state,
        ending=scenario.ending,
        decided=scenario.decided if over else None,
        reason=scenario.reason,
        kind=scenario.kind,
        difficulty=scenario.difficulty,
        imported=scenario.imported,
        steps_total=known.steps,
        steps=scenario.steps[: known.shown],
        questions=tuple(
            Question(
                one.step,
                one.party,
                one.about,
                one.answered_by,
                one.refers_to,
                answer_told(scenario, one.answered_by, one.refers_to),
            )
            for one in known.questions
        ),
        against=scenario.against if over else scenario.beforehand,
        asked=scenario.asked if at_decision else None,
        verdict=known.verdict,
        compared=known.compared,
        afterwards=scenario.afterwards if over else (),
    )


def _row(services: Services, scenario: str) -> training.ScenarioRow:
    def find(connection: Connection) -> training.ScenarioRow | None:
        with connection.cursor() as db:
            return training.find(db, scenario)

    row = services.read_now(find)
    if row is None:
        raise errors.UnknownScenario
    return row


def _drawn(services: Services, row: training.ScenarioRow, decision: int) -> Drawn:
    """Return the scenario of a ticket; nothing personal is opened for it."""
    records = ticket_records(services, row.ticket)
    order = services.ledger.ticket(row.ticket).order
    sealed = services.ledger.record.disclosures(ticket_lane(row.ticket), ticket_stream(row.ticket))
    try:
        return draw(
            row.scenario,
            records,
            () if order is None else order_records(services, order),
            decision=decision,
            books=services.ledger.book_named,
            sealed={
                (one.version, one.pointer.removeprefix("/data/")): len(one.sealed) for one in sealed
            },
        )
    except NoScenario:
        raise errors.UnknownScenario from None


def _records(services: Services, attempt: str) -> Iterable[Record]:
    stream, read = f"training:{attempt}", 0
    while page := services.ledger.stream(stream, read, _PAGE):
        yield from page
        read += len(page)
