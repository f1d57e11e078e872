"""The bundle: one ticket's evidence as a file that a stranger can check without us."""

from replay.bundle.checking import check
from replay.bundle.parts import Bundle
from replay.bundle.trust import Trusted
from replay.bundle.writing import write

__all__ = ["Bundle", "Trusted", "check", "write"]
