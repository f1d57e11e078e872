"""Facts other systems post about orders, and the order as after-sales knows it."""

from fastapi.responses import Response

from api.conditions import version_tag
from api.deps import ActorDep, ReferencePath, ServicesDep
from api.models import commands as bodies
from api.openapi import answer, problem_responses
from api.reads.orders import OrderAnswer, order_answer
from api.routes.answers import json_answer
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import OrderPlaced

router = command_router("orders", prefix="/v1/orders")

add_command(router, "", commands.PlaceOrder, bodies.OrderBody, creates=(OrderPlaced,))
add_command(router, "/{order}/live-session/end", commands.EndLiveSession, bodies.LiveSessionEndBody)
add_command(router, "/{order}/browsing", commands.ReportBrowsing, bodies.BrowsingBody)
add_command(router, "/{order}/shipments", commands.ShipOrder, bodies.OrderShipmentBody)
add_command(router, "/{order}/signatures", commands.SignOrder, bodies.SignatureBody)
add_command(router, "/{order}/payments", commands.SettlePayment, bodies.PaymentBody)


@router.get(
    "/{order}",
    operation_id="read_order",
    summary="Read an order as after-sales knows it",
    responses={
        **answer(OrderAnswer, "The order as it stands on record."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_order(order: ReferencePath, services: ServicesDep, actor: ActorDep) -> Response:
    """Return an order to its buyer, its merchant, staff and the order system."""
    found = await services.run(order_answer, services, actor, order)
    return json_answer(found, headers={"ETag": version_tag(found.version)})
