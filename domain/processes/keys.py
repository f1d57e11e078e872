"""How a process names its commands, so that each acts once however often its cause is read."""

import hashlib


def key_of(process: str, cause: str, ordinal: int) -> str:
    """Return the idempotency key of the command a process draws from a cause."""
    return hashlib.sha256(f"{process}\x1f{cause}\x1f{ordinal}".encode()).hexdigest()
