"""Engines: where a pure function is worked out over the partitions of something large.

An engine knows nothing of ledgers. Every engine gives the same results; they differ in whose
processors do the work.
"""

from replay.engines.choosing import ENGINES, open_engine
from replay.engines.engine import Engine, EngineFailed, EngineMissing, merged, ordered

__all__ = ["ENGINES", "Engine", "EngineFailed", "EngineMissing", "merged", "open_engine", "ordered"]
