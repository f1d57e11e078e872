"""Verification: the record read again as evidence, by its bytes and by published formats alone."""

from replay.verify.one import ticket

__all__ = ["ticket"]
