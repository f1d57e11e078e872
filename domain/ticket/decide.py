"""The switch over the commands about a ticket: which judge decides; no rule lives here."""

from typing import assert_never

from domain import errors
from domain.commands import (
    AcceptOffer,
    AcceptTicket,
    AddNote,
    AmendClaim,
    AnswerAutomatically,
    AnswerForDepartment,
    ApproveClaim,
    AskDepartments,
    AskSurvey,
    AssignArbitrator,
    AuthoriseReturn,
    BeginWait,
    BookRepair,
    CancelRemedy,
    ChooseAgent,
    CloseTicket,
    CompleteRepair,
    ContestEvidence,
    CorrectDiagnosis,
    CounterOffer,
    DecideAppeal,
    DeclineOffer,
    DeliverReplacement,
    DeliverReshipment,
    DiscloseEvidence,
    EndWait,
    ErasePersonalData,
    FailCompensation,
    FailRefund,
    FileAppeal,
    FollowOrder,
    GatherEvidence,
    GiveAnswer,
    GiveNps,
    GivePlan,
    GiveSatisfaction,
    GrantRemedy,
    ImportRow,
    InitiateCompensation,
    InitiateRefund,
    InspectReturn,
    IssueCoupon,
    IssueRuling,
    LapseAssignment,
    MakeOffer,
    MoveToBook,
    OpenTicket,
    PassClock,
    PassDeadline,
    PayCompensation,
    PlaceLegalHold,
    QueueTicket,
    ReceiveRepair,
    ReceiveReturn,
    RecuseArbitrator,
    RefuseClaim,
    ReleaseAssignment,
    ReleaseLegalHold,
    ReopenTicket,
    ReplaceEvidence,
    ReportFact,
    RequestEvidence,
    RequestIntervention,
    ReviewReturn,
    SealEvidence,
    SendMessage,
    SettleRefund,
    ShipReplacement,
    ShipReshipment,
    ShipReturn,
    SignResolution,
    StageEvidence,
    TakeAssignment,
    WithdrawEvidence,
    WithdrawOffer,
    WriteResolution,
)
from domain.events import Event
from domain.ticket import (
    arbitration,
    clocks,
    closing,
    deadlines,
    departments,
    evidence,
    facts,
    history,
    intake,
    moving,
    negotiation,
    opening,
    privacy,
    remedies,
    resolutions,
    routing,
    service,
    showing,
    surveys,
)
from domain.ticket.state import Context, Ticket

IntakeCommand = (
    AcceptTicket
    | TakeAssignment
    | ReleaseAssignment
    | AmendClaim
    | CorrectDiagnosis
    | GiveAnswer
    | SendMessage
    | AddNote
    | ReviewReturn
    | ApproveClaim
    | RefuseClaim
)
NegotiationCommand = (
    MakeOffer | CounterOffer | AcceptOffer | DeclineOffer | WithdrawOffer | RequestIntervention
)
EvidenceCommand = (
    RequestEvidence
    | StageEvidence
    | ReplaceEvidence
    | WithdrawEvidence
    | SealEvidence
    | DiscloseEvidence
    | ContestEvidence
    | GatherEvidence
)
ArbitrationCommand = AssignArbitrator | RecuseArbitrator | IssueRuling | FileAppeal | DecideAppeal
RemedyStepCommand = (
    GrantRemedy
    | InitiateRefund
    | SettleRefund
    | FailRefund
    | AuthoriseReturn
    | ShipReturn
    | ReceiveReturn
    | InspectReturn
    | ShipReplacement
    | DeliverReplacement
    | BookRepair
    | ReceiveRepair
    | CompleteRepair
    | ShipReshipment
    | DeliverReshipment
    | IssueCoupon
    | InitiateCompensation
    | PayCompensation
    | FailCompensation
    | CancelRemedy
)
ClosingCommand = CloseTicket | ReopenTicket | GiveSatisfaction | PassDeadline | AskSurvey | GiveNps
PrivacyCommand = PlaceLegalHold | ReleaseLegalHold | ErasePersonalData
PromiseCommand = (
    AnswerAutomatically
    | BeginWait
    | EndWait
    | GivePlan
    | ReportFact
    | WriteResolution
    | SignResolution
    | AskDepartments
    | AnswerForDepartment
    | QueueTicket
    | ChooseAgent
    | LapseAssignment
    | PassClock
    | FollowOrder
    | MoveToBook
)
KnownTicketCommand = (
    IntakeCommand
    | NegotiationCommand
    | EvidenceCommand
    | ArbitrationCommand
    | RemedyStepCommand
    | ClosingCommand
    | PrivacyCommand
    | PromiseCommand
)
AnyTicketCommand = OpenTicket | ImportRow | KnownTicketCommand
"""Every command that is judged on a ticket."""


def decide(command: AnyTicketCommand, ticket: Ticket | None, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow from a command, or raise the reason they do not."""
    match command:
        case OpenTicket():
            return opening.open_ticket(command, ticket, context)
        case ImportRow():
            return history.import_row(command, ticket, context)
        case _:
            return _on_known(command, existing(ticket), context)


def existing(ticket: Ticket | None) -> Ticket:
    """Return the ticket, or say that there is none of this id."""
    if ticket is None:
        raise errors.UnknownTicket
    return ticket


def _on_known(command: KnownTicketCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket there is, by subject."""
    match command:
        case (
            AcceptTicket()
            | TakeAssignment()
            | ReleaseAssignment()
            | AmendClaim()
            | CorrectDiagnosis()
            | GiveAnswer()
            | SendMessage()
            | AddNote()
            | ReviewReturn()
            | ApproveClaim()
            | RefuseClaim()
        ):
            return _intake(command, ticket, context)
        case (
            MakeOffer()
            | CounterOffer()
            | AcceptOffer()
            | DeclineOffer()
            | WithdrawOffer()
            | RequestIntervention()
        ):
            return _negotiation(command, ticket, context)
        case (
            RequestEvidence()
            | StageEvidence()
            | ReplaceEvidence()
            | WithdrawEvidence()
            | SealEvidence()
            | DiscloseEvidence()
            | ContestEvidence()
            | GatherEvidence()
        ):
            return _evidence(command, ticket, context)
        case (
            AssignArbitrator() | RecuseArbitrator() | IssueRuling() | FileAppeal() | DecideAppeal()
        ):
            return _arbitration(command, ticket, context)
        case (
            CloseTicket()
            | ReopenTicket()
            | GiveSatisfaction()
            | PassDeadline()
            | AskSurvey()
            | GiveNps()
        ):
            return _closing(command, ticket, context)
        case PlaceLegalHold() | ReleaseLegalHold() | ErasePersonalData():
            return _privacy(command, ticket, context)
        case (
            AnswerAutomatically()
            | BeginWait()
            | EndWait()
            | GivePlan()
            | ReportFact()
            | WriteResolution()
            | SignResolution()
            | AskDepartments()
            | AnswerForDepartment()
            | QueueTicket()
            | ChooseAgent()
            | LapseAssignment()
            | PassClock()
            | FollowOrder()
            | MoveToBook()
        ):
            return _promises(command, ticket, context)
        case _:
            return _remedies(command, ticket, context)


def _intake(command: IntakeCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    match command:
        case AcceptTicket():
            return intake.accept_ticket(command, ticket, context)
        case TakeAssignment():
            return intake.take_assignment(command, ticket, context)
        case ReleaseAssignment():
            return intake.release_assignment(command, ticket, context)
        case AmendClaim():
            return intake.amend_claim(command, ticket, context)
        case CorrectDiagnosis():
            return intake.correct_diagnosis(command, ticket, context)
        case GiveAnswer():
            return service.give_answer(command, ticket, context)
        case SendMessage():
            return service.send_message(command, ticket, context)
        case AddNote():
            return service.add_note(command, ticket, context)
        case ReviewReturn():
            return service.review_return(command, ticket, context)
        case ApproveClaim():
            return service.approve_claim(command, ticket, context)
        case RefuseClaim():
            return service.refuse_claim(command, ticket, context)
        case _:
            assert_never(command)


def _negotiation(
    command: NegotiationCommand, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    match command:
        case MakeOffer():
            return negotiation.make_offer(command, ticket, context)
        case CounterOffer():
            return negotiation.counter_offer(command, ticket, context)
        case AcceptOffer():
            return negotiation.accept_offer(command, ticket, context)
        case DeclineOffer():
            return negotiation.decline_offer(command, ticket, context)
        case WithdrawOffer():
            return negotiation.withdraw_offer(command, ticket, context)
        case RequestIntervention():
            return negotiation.request_intervention(command, ticket, context)
        case _:
            assert_never(command)


def _evidence(command: EvidenceCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    match command:
        case RequestEvidence():
            return evidence.request_evidence(command, ticket, context)
        case StageEvidence():
            return evidence.stage_evidence(command, ticket, context)
        case ReplaceEvidence():
            return evidence.replace_evidence(command, ticket, context)
        case WithdrawEvidence():
            return evidence.withdraw_evidence(command, ticket, context)
        case SealEvidence():
            return evidence.seal_evidence(command, ticket, context)
        case DiscloseEvidence():
            return showing.disclose_evidence(command, ticket, context)
        case ContestEvidence():
            return showing.contest_evidence(command, ticket, context)
        case GatherEvidence():
            return evidence.gather_evidence(command, ticket, context)
        case _:
            assert_never(command)


def _arbitration(
    command: ArbitrationCommand, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    match command:
        case AssignArbitrator():
            return arbitration.assign_arbitrator(command, ticket, context)
        case RecuseArbitrator():
            return arbitration.recuse_arbitrator(command, ticket, context)
        case IssueRuling():
            return arbitration.issue_ruling(command, ticket, context)
        case FileAppeal():
            return arbitration.file_appeal(command, ticket, context)
        case DecideAppeal():
            return arbitration.decide_appeal(command, ticket, context)
        case _:
            assert_never(command)


def _remedies(command: RemedyStepCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    match command:
        case GrantRemedy():
            return remedies.grant_remedy(command, ticket, context)
        case InitiateRefund():
            return remedies.initiate_refund(command, ticket, context)
        case SettleRefund():
            return remedies.settle_refund(command, ticket, context)
        case FailRefund():
            return remedies.fail_refund(command, ticket, context)
        case AuthoriseReturn():
            return remedies.authorise_return(command, ticket, context)
        case ShipReturn():
            return remedies.ship_return(command, ticket, context)
        case ReceiveReturn():
            return remedies.receive_return(command, ticket, context)
        case InspectReturn():
            return remedies.inspect_return(command, ticket, context)
        case ShipReplacement():
            return remedies.ship_replacement(command, ticket, context)
        case DeliverReplacement():
            return remedies.deliver_replacement(command, ticket, context)
        case BookRepair():
            return remedies.book_repair(command, ticket, context)
        case ReceiveRepair():
            return remedies.receive_repair(command, ticket, context)
        case CompleteRepair():
            return remedies.complete_repair(command, ticket, context)
        case ShipReshipment():
            return remedies.ship_reshipment(command, ticket, context)
        case DeliverReshipment():
            return remedies.deliver_reshipment(command, ticket, context)
        case IssueCoupon():
            return remedies.issue_coupon(command, ticket, context)
        case InitiateCompensation():
            return remedies.initiate_compensation(command, ticket, context)
        case PayCompensation():
            return remedies.pay_compensation(command, ticket, context)
        case FailCompensation():
            return remedies.fail_compensation(command, ticket, context)
        case CancelRemedy():
            return remedies.cancel_remedy(command, ticket, context)
        case _:
            assert_never(command)


def _closing(command: ClosingCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    match command:
        case CloseTicket():
            return closing.close_ticket(command, ticket, context)
        case ReopenTicket():
            return closing.reopen_ticket(command, ticket, context)
        case GiveSatisfaction():
            return closing.give_satisfaction(command, ticket, context)
        case PassDeadline():
            return deadlines.pass_deadline(command, ticket, context)
        case AskSurvey():
            return surveys.ask_survey(command, ticket, context)
        case GiveNps():
            return surveys.give_nps(command, ticket, context)
        case _:
            assert_never(command)


def _privacy(command: PrivacyCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    match command:
        case PlaceLegalHold():
            return privacy.place_legal_hold(command, ticket, context)
        case ReleaseLegalHold():
            return privacy.release_legal_hold(command, ticket, context)
        case ErasePersonalData():
            return privacy.erase_personal_data(command, ticket, context)
        case _:
            assert_never(command)


def _promises(command: PromiseCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    match command:
        case AnswerAutomatically():
            return facts.answer_automatically(command, ticket, context)
        case BeginWait():
            return facts.begin_wait(command, ticket, context)
        case EndWait():
            return facts.end_wait(command, ticket, context)
        case GivePlan():
            return facts.give_plan(command, ticket, context)
        case ReportFact():
            return facts.report_fact(command, ticket, context)
        case WriteResolution():
            return resolutions.write_resolution(command, ticket, context)
        case SignResolution():
            return resolutions.sign_resolution(command, ticket, context)
        case AskDepartments():
            return departments.ask_departments(command, ticket, context)
        case AnswerForDepartment():
            return departments.answer_for_department(command, ticket, context)
        case QueueTicket():
            return routing.queue_ticket(command, ticket, context)
        case ChooseAgent():
            return routing.choose_agent(command, ticket, context)
        case LapseAssignment():
            return routing.lapse_assignment(command, ticket, context)
        case PassClock():
            return clocks.pass_clock(command, ticket, context)
        case FollowOrder():
            return clocks.follow_order(command, ticket, context)
        case MoveToBook():
            return moving.move_to_book(command, ticket, context)
        case _:
            assert_never(command)
