"""How an answer leaves: msgspec writes it once, straight to bytes."""

from collections.abc import Mapping
from typing import Final

import msgspec
from fastapi.responses import Response

_ENCODER: Final = msgspec.json.Encoder()


def json_answer(
    content: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer as JSON."""
    return Response(
        _ENCODER.encode(content),
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/json",
    )
