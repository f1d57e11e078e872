"""Offers between buyer and merchant, and the call for the platform when they fail."""

from api.models import commands as bodies
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import OfferCountered, OfferMade

router = command_router("negotiation")

add_command(router, "/offers", commands.MakeOffer, bodies.OfferBody, creates=(OfferMade,))
add_command(
    router,
    "/offers/{offer}/counter",
    commands.CounterOffer,
    bodies.OfferBody,
    creates=(OfferCountered,),
)
add_command(router, "/offers/{offer}/acceptance", commands.AcceptOffer)
add_command(router, "/offers/{offer}/decline", commands.DeclineOffer, bodies.DeclineBody)
add_command(router, "/offers/{offer}/withdrawal", commands.WithdrawOffer)
add_command(router, "/intervention", commands.RequestIntervention)
