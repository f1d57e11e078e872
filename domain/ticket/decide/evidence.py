"""The switch over the commands about evidence: which judge decides; no rule lives here."""

from typing import assert_never

from domain.commands import (
    ContestEvidence,
    DiscloseEvidence,
    GatherEvidence,
    ReplaceEvidence,
    RequestEvidence,
    SealEvidence,
    StageEvidence,
    WithdrawEvidence,
)
from domain.events import Event
from domain.ticket import evidence, showing
from domain.ticket.context import Context
from domain.ticket.state import Ticket

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


def decide_evidence(
    command: EvidenceCommand, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
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
