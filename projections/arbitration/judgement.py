"""What the facts of judging and enforcing mean for the case file."""

from domain.events import (
    AppealFiled,
    ArbitratorAssigned,
    ArbitratorRecused,
    CompensationFailed,
    CompensationInitiated,
    CompensationPaid,
    CouponIssued,
    RefundFailed,
    RefundInitiated,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    RepairBooked,
    RepairCompleted,
    RepairReceived,
    ReplacementDelivered,
    ReplacementShipped,
    ReshipmentDelivered,
    ReshipmentShipped,
    ReturnAuthorised,
    ReturnInspected,
    ReturnReceived,
    ReturnShipped,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
)
from domain.record import Record
from projections.arbitration.places import Place
from projections.arbitration.rows import (
    Arbitrator,
    CaseAppeal,
    CaseRemedy,
    CaseRow,
    CaseRuling,
    Step,
)
from projections.arbitration.view import VIEW, mark
from projections.stages import stage_after


@VIEW.on(ArbitratorAssigned)
def arbitrator_assigned(row: CaseRow, record: Record, event: ArbitratorAssigned) -> None:
    """Somebody is to judge."""
    row.arbitrators.append(
        Arbitrator(mark=mark(record), arbitrator=event.arbitrator, instance=event.instance)
    )


@VIEW.on(ArbitratorRecused)
def arbitrator_recused(row: CaseRow, record: Record, event: ArbitratorRecused) -> None:
    """The one who was to judge stepped aside."""
    for one in reversed(row.arbitrators):
        if one.arbitrator == event.arbitrator:
            one.recused = mark(record)
            one.recused_for = event.reason
            return


@VIEW.on(RulingIssued)
def ruling_issued(row: CaseRow, record: Record, event: RulingIssued) -> None:
    """The matter is decided."""
    row.rulings.append(_ruling(record, event, "issued"))
    _hold_responsible(row, event)
    row.stage = stage_after(row.stage, event)


@VIEW.on(AppealFiled)
def appeal_filed(row: CaseRow, record: Record, event: AppealFiled) -> None:
    """A party asks for a review."""
    row.appeals.append(
        CaseAppeal(
            mark=mark(record),
            appeal=event.appeal,
            ruling=event.ruling,
            by=event.by,
            grounds=Place(record.version, "grounds"),
        )
    )


@VIEW.on(RulingUpheld)
def ruling_upheld(row: CaseRow, record: Record, event: RulingUpheld) -> None:
    """The appeal changed nothing."""
    row.rulings.append(
        CaseRuling(
            mark=mark(record),
            ruling=event.ruling,
            outcome="upheld",
            arbitrator=record.actor.ref,
            reasons=Place(record.version, "reasons"),
            clauses=event.clauses,
            relied_on=event.relied_on,
            policy=event.policy,
            appeal=event.appeal,
        )
    )
    _decide_appeal(row, event.appeal, "upheld")


@VIEW.on(RulingVaried)
def ruling_varied(row: CaseRow, record: Record, event: RulingVaried) -> None:
    """The appeal changed shares or awards."""
    row.rulings.append(_ruling(record, event, "varied"))
    _hold_responsible(row, event)
    _decide_appeal(row, event.appeal, "varied")


@VIEW.on(RulingOverturned)
def ruling_overturned(row: CaseRow, record: Record, event: RulingOverturned) -> None:
    """The appeal reversed the ruling."""
    row.rulings.append(_ruling(record, event, "overturned"))
    _hold_responsible(row, event)
    _decide_appeal(row, event.appeal, "overturned")


@VIEW.on(RemedyOrdered)
def remedy_ordered(row: CaseRow, record: Record, event: RemedyOrdered) -> None:
    """Something is owed."""
    row.remedies[event.remedy] = CaseRemedy(
        remedy=event.remedy,
        terms=event.terms,
        source=event.source,
        policy=event.policy,
        steps=[Step(mark(record), event.TOPIC)],
        approved_by=event.approved_by,
    )


@VIEW.on(
    RefundInitiated,
    RefundSettled,
    RefundFailed,
    ReturnAuthorised,
    ReturnShipped,
    ReturnReceived,
    ReturnInspected,
    ReplacementShipped,
    ReplacementDelivered,
    RepairBooked,
    RepairReceived,
    RepairCompleted,
    ReshipmentShipped,
    ReshipmentDelivered,
    CouponIssued,
    CompensationInitiated,
    CompensationFailed,
    CompensationPaid,
    RemedyCompleted,
    RemedyCancelled,
)
def remedy_step(row: CaseRow, record: Record, event: RefundInitiated) -> None:
    """Enforcement came a step further; all of these facts name their remedy alike."""
    row.remedies[event.remedy].steps.append(Step(mark(record), event.TOPIC))


def _ruling(
    record: Record, event: RulingIssued | RulingVaried | RulingOverturned, outcome: str
) -> CaseRuling:
    return CaseRuling(
        mark=mark(record),
        ruling=event.ruling,
        outcome=outcome,
        arbitrator=record.actor.ref,
        reasons=Place(record.version, "reasons"),
        clauses=event.clauses,
        relied_on=event.relied_on,
        policy=event.policy,
        in_favour_of=event.in_favour_of,
        shares=event.shares,
        awards=event.awards,
        appeal=None if isinstance(event, RulingIssued) else event.appeal,
    )


def _hold_responsible(row: CaseRow, event: RulingIssued | RulingVaried | RulingOverturned) -> None:
    """Who bears the greatest share; of equal shares the first named."""
    if event.shares:
        row.responsible = max(event.shares, key=lambda share: share.share_bp).party


def _decide_appeal(row: CaseRow, appeal: str, outcome: str) -> None:
    for one in row.appeals:
        if one.appeal == appeal:
            one.outcome = outcome
