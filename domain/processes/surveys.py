"""What the instant of the question after a matter means: the command that asks it."""

from domain.commands import AskSurvey
from domain.processes.keys import key_of
from domain.values import Instant


def on_survey(ticket: str, due_at: Instant) -> tuple[AskSurvey, str]:
    """Return the command for a question that is due, and the key under which it acts once."""
    command = AskSurvey(ticket=ticket, due_at=due_at)
    return command, key_of("surveys", f"{ticket}\x1f{due_at}", 0)
