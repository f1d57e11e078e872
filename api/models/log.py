"""What the log answers as JSON; checkpoints, tiles and proof files have published forms."""

from typing import Annotated

import msgspec
from msgspec import Meta


class ConsistencyProof(msgspec.Struct, frozen=True):
    """What shows that a lane's log of size `new` begins with exactly the one of size `old`."""

    origin: Annotated[str, Meta(examples=["ledger.example/lane-0"])]
    old: Annotated[int, Meta(ge=1)]
    new: Annotated[int, Meta(ge=1)]
    hashes: tuple[str, ...]
    """RFC 6962 §2.1.2, in base64."""
