"""Who plays, what they do by subject, and under which books; no test is here."""

from functools import cache
from typing import Final

from hypothesis import strategies as st

from domain import commands
from domain.policies.book import Book
from domain.ticket.guards import GUARDS
from domain.values import (
    SYSTEM,
    Actor,
    ActorKind,
)
from tests.domain.play import (
    AGENT,
    BUYER,
    CARRIER,
    INSPECTOR,
    JUDGE,
    MERCHANT,
    PAYMENT,
    SECOND_JUDGE,
    SUPERVISOR,
    book_with,
)
from tests.scenario import whole_book

ACTORS: Final = (
    BUYER,
    MERCHANT,
    AGENT,
    Actor(ActorKind.AGENT, "agent-2"),
    SUPERVISOR,
    JUDGE,
    SECOND_JUDGE,
    Actor(ActorKind.ARBITRATOR, AGENT.ref),
    Actor(ActorKind.BUYER, "stranger"),
    Actor(ActorKind.MERCHANT, "stranger"),
    Actor(ActorKind.AUDITOR, "auditor-1"),
    Actor(ActorKind.BOT, "bot"),
    Actor(ActorKind.ORDERS, "orders"),
    PAYMENT,
    CARRIER,
    INSPECTOR,
    SYSTEM,
)
OF_THE_PLATFORM: Final = frozenset(
    {
        commands.PassDeadline,
        commands.PassClock,
        commands.FollowOrder,
        commands.LapseAssignment,
        commands.ReturnAssignment,
        commands.AskSurvey,
        commands.ChooseAgent,
        commands.ErasePersonalData,
    }
)
"""Done over many tickets, and offered to nobody on one; some have rules of their own below."""
COMMANDS: Final = sorted(
    (one for one in GUARDS if one not in OF_THE_PLATFORM), key=lambda one: one.__name__
)
TARGETS: Final = st.sampled_from(["1", "2", "3", "4", "9"])
DEPENDS_ON_THE_CAP: Final = frozenset({commands.AcceptOffer, commands.ApproveClaim})
"""What is agreed may have become impossible: another ticket of the line took the room."""

TALK: Final = frozenset(
    {
        commands.AddNote,
        commands.SendMessage,
        commands.ReviewReturn,
        commands.GatherEvidence,
        commands.RequestEvidence,
        commands.ContestEvidence,
        commands.CorrectDiagnosis,
        commands.AnswerAutomatically,
        commands.AskDepartments,
        commands.AnswerForDepartment,
        commands.BeginWait,
        commands.EndWait,
        commands.GivePlan,
        commands.GiveNps,
        commands.MoveToBook,
        commands.QueueTicket,
        commands.ReportFact,
        commands.TakeAssignment,
        commands.ReleaseAssignment,
        commands.PlaceLegalHold,
        commands.ReleaseLegalHold,
    }
)
"""What may be done at nearly any time and moves nothing on."""
PROMISING: Final = frozenset(
    {
        commands.AnswerAutomatically,
        commands.AskDepartments,
        commands.AnswerForDepartment,
        commands.BeginWait,
        commands.EndWait,
        commands.GivePlan,
        commands.MoveToBook,
        commands.QueueTicket,
        commands.ReopenTicket,
        commands.ReportFact,
        commands.SendMessage,
        commands.WriteResolution,
        commands.SignResolution,
    }
)
"""What starts, rests and ends promises."""
JUDGING: Final = frozenset(
    {
        commands.RequestIntervention,
        commands.AssignArbitrator,
        commands.RecuseArbitrator,
        commands.IssueRuling,
        commands.FileAppeal,
        commands.DecideAppeal,
    }
)

SAYINGS: Final = (
    "Hello.",
    "还是没人管，太气人了，骗子！",
    "I am furious, this is a scam.",
    "谢谢，解决了。",
    "It still does not work.",
)
CHOICES = st.integers(min_value=0, max_value=10**6)


FIGURES: Final = {"evidence_items": 6, "offers": 4, "remedies": 60}


@cache
def promising() -> tuple[Book, Book]:
    """Two books that promise much: the second one another time, calendar, rest and warning."""
    other = whole_book(
        ('version = "2026-11-22"\nin_force', 'version = "2026-12-01"\nin_force'),
        ('stops = ["taken_over"]\nwithin = "PT30M"', 'stops = ["taken_over"]\nwithin = "PT20M"'),
        ('id = "human_answer"', 'id = "other_answer"'),
        (
            'stops = ["framework", "settled", "ruled"]\nwithin = "PT24H"',
            'stops = ["framework", "settled", "ruled"]\npauses = false\nwithin = "PT24H"',
        ),
        (
            'stops = ["ruled"]\nwithin = "PT48H"\npauses = false',
            'stops = ["ruled"]\nwithin = "PT48H"',
        ),
        (
            '"ruled"]\nwithin = "PT4H"\nwarn_bp = [5000, 8000]',
            '"ruled"]\nwithin = "PT4H"\ncalendar = "cn_office"\nwarn_bp = [2500, 8000]',
        ),
    )
    return book_with(whole_book(), **FIGURES), book_with(other, **FIGURES)
