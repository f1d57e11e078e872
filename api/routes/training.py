"""Training: past matters without a person in them, decided again step by step."""

from typing import Any, Final

import msgspec
from fastapi import Request
from fastapi.responses import Response

from api import addresses
from api.deps import ActorDep, Asked, AskedDep, MinPosition, ReferencePath, ServicesDep
from api.models.outcomes import Accepted
from api.models.training import QuestionBody, StartBody, StepBody, TrainingRulingBody
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.preferences import honour
from api.reads import training as reads
from api.reads.training import AttemptItem, ScenarioList
from api.reads.waiting import caught_up
from api.routes.answers import json_answer
from api.routes.commands import accepted, carry_out, command_router
from api.routes.listing import CursorText, Limit
from api.routes.paging import Keyset
from domain.commands import (
    AskCounterpart,
    GiveTrainingRuling,
    ShowTrainingStep,
    StartTraining,
    TrainingCommand,
)
from domain.ledger.requests import Outcome
from domain.values import Difficulty, Ending, Party, Reason, Verdict
from projections import training
from replay.training import answer_of

_RECORDED: Final[dict[int | str, dict[str, Any]]] = {
    **answer(Accepted, "What is on record; no events for a harmless repetition."),
    **answer(Accepted, "On record, and not covered by a checkpoint in time.", 202),
    **problem_responses(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 503),
}
_ATTEMPT: Final = "/attempts/{attempt}"

router = command_router("training", prefix="/v1/training")
addresses.add(StartTraining, "/v1/training/attempts", StartBody)
addresses.add(ShowTrainingStep, f"/v1/training{_ATTEMPT}/steps", StepBody)
addresses.add(AskCounterpart, f"/v1/training{_ATTEMPT}/questions", QuestionBody)
addresses.add(GiveTrainingRuling, f"/v1/training{_ATTEMPT}/ruling", TrainingRulingBody)


@router.get(
    "/scenarios",
    operation_id="list_training_scenarios",
    summary="List past matters that can be decided again",
    description="Matters that are over, without a person in them, in an order that tells nothing "
    "of their dates. Of another system's history the source's outcome is the real decision, and no "
    "ruling of ours (`ending` is `source`). What kind of decision it was is told after the ruling.",
    responses={**answer(ScenarioList, "A page."), **problem_responses(401, 403, 422, 503)},
)
async def list_training_scenarios(
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    reason: Reason | None = None,
    difficulty: Difficulty | None = None,
    ending: Ending | None = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of scenarios."""
    filters = training.Filters(reason=reason, difficulty=difficulty, ending=ending)
    keyset = Keyset("training", request, services, filters, training.Key, cursor=cursor)
    await caught_up(services, training.NAME, min_position)
    page = await services.read(
        lambda connection: reads.scenario_page(connection, filters, keyset.after, limit)
    )
    following = keyset.cursor(page.next)
    items = tuple(reads.scenario_item(one) for one in page.scenarios)
    content = ScenarioList(items, following, page.moment)
    return json_answer(content, headers=keyset.headers(page.moment, following))


@router.get(
    _ATTEMPT,
    operation_id="read_training_attempt",
    summary="Read an attempt as far as the trainee has come",
    description="Trainees see their own; supervisors and auditors see all. The real decision is "
    "told when the trainee has ruled.",
    responses={
        **answer(AttemptItem, "The attempt."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_training_attempt(
    attempt: ReferencePath, services: ServicesDep, actor: ActorDep
) -> Response:
    """Return an attempt."""
    found = await services.run(reads.attempt_item, services, actor, attempt)
    return json_answer(found, headers={"Cache-Control": "private, no-store"})


@router.post(
    "/attempts",
    operation_id="start_training",
    summary="Begin an attempt at a scenario",
    description="No ticket is touched: an attempt lies on a stream of its own. "
    "For: agent, arbitrator, supervisor.",
    status_code=201,
    response_model=None,
    responses={**answer(Accepted, "What is on record because of it.", 201), **_RECORDED},
)
async def start_training(body: StartBody, asked: AskedDep) -> Response:
    """Begin an attempt."""
    drawn, decision = await asked.services.run(reads.known_scenario, asked.services, body.scenario)
    steps = len(drawn.scenario.steps)
    command = StartTraining(**body.model_dump(), steps=steps, decision=decision)
    told, outcome = await _recorded(asked, command)
    if outcome.events:
        told.headers["Location"] = f"/v1/training/attempts/{body.attempt}"
        told.status_code = 201 if told.status_code == 200 else told.status_code
    return told


@router.post(
    f"{_ATTEMPT}/steps",
    operation_id="show_training_step",
    summary="See the next step of the past matter",
    description="Read the attempt for what it tells. For: agent, arbitrator, supervisor.",
    response_model=None,
    responses=_RECORDED,
)
async def show_training_step(attempt: ReferencePath, body: StepBody, asked: AskedDep) -> Response:
    """Show a step."""
    told, _ = await _recorded(asked, ShowTrainingStep(attempt=attempt, step=body.step))
    return told


@router.post(
    f"{_ATTEMPT}/questions",
    operation_id="ask_counterpart",
    summary="Ask a side for a statement or evidence before the ruling",
    description="Answered from what the side had said or shown by then, and else from a script. "
    "For: agent, arbitrator, supervisor.",
    response_model=None,
    responses=_RECORDED,
)
async def ask_counterpart(attempt: ReferencePath, body: QuestionBody, asked: AskedDep) -> Response:
    """Ask a side."""
    found = await _begun(asked, attempt)
    party = Party(body.party)
    answered = answer_of(found.drawn.scenario, found.attempt, party, body.about)
    command = AskCounterpart(attempt=attempt, party=party, about=body.about, answered=answered)
    told, _ = await _recorded(asked, command)
    return told


@router.post(
    f"{_ATTEMPT}/ruling",
    operation_id="give_training_ruling",
    summary="Decide the past matter, and see what was really decided",
    description="Compared in the same append; read the attempt for the difference. What is above "
    "the cap is not refused but told so. For: agent, arbitrator, supervisor.",
    response_model=None,
    responses=_RECORDED,
)
async def give_training_ruling(
    attempt: ReferencePath, body: TrainingRulingBody, asked: AskedDep
) -> Response:
    """Rule on the past matter."""
    found = await _begun(asked, attempt)
    verdict = msgspec.convert(body.model_dump(), Verdict)
    command = GiveTrainingRuling(attempt=attempt, verdict=verdict, key=found.drawn.key)
    told, _ = await _recorded(asked, command)
    return told


async def _begun(asked: Asked, attempt: str) -> reads.Begun:
    return await asked.services.run(reads.begun, asked.services, asked.actor, attempt)


async def _recorded(asked: Asked, command: TrainingCommand) -> tuple[Response, Outcome]:
    """Return the answer to a trainee's command, and what became of it."""
    outcome = await carry_out(asked, command)
    honoured = await honour(asked.services, asked.preferences, command, outcome)
    return accepted(outcome, honoured=honoured), outcome
