"""What the platform does of its own accord: a fact or a due time in, commands out; all pure."""

from domain.processes.parties import react

__all__ = ["react"]
