"""Inspection and production records that third parties put with an order (TR-03)."""

from collections.abc import Mapping
from typing import Any

from api import receipts
from api.deps import Asked
from api.models import commands as bodies
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import CertificatePosted
from domain.streams import order_stream

router = command_router("orders", prefix="/v1/orders")


async def _with_attachment(
    asked: Asked, in_path: Mapping[str, str], said: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of a certificate whose content its caller uploaded for this order."""
    own = receipts.own_attachment(
        asked.services.keys.cursor_key,
        subject=order_stream(in_path["order"]),
        actor=asked.actor,
        attachment=said["attachment"],
    )
    return {**said, **in_path, **own}


add_command(
    router,
    "/{order}/certificates",
    commands.PostCertificate,
    bodies.CertificateBody,
    creates=(CertificatePosted,),
    fields=_with_attachment,
)
