"""What a due time means: the ordinary command that says so, whoever noticed it first."""

from domain.commands import PassDeadline
from domain.processes.keys import key_of
from domain.values import Instant


def on_due(ticket: str, deadline: str, due_at: Instant) -> tuple[PassDeadline, str]:
    """Return the command for a deadline that is due, and the key under which it acts once."""
    command = PassDeadline(ticket=ticket, deadline=deadline, due_at=due_at)
    return command, key_of("deadlines", f"{ticket}\x1f{deadline}\x1f{due_at}", 0)
