"""What other systems report of customers."""

from api.models import customers as bodies
from api.routes.commands import add_command, command_router
from domain import commands

router = command_router("customers", prefix="/v1/customers")

add_command(router, "/{customer}/standing", commands.ReportCustomer, bodies.StandingBody)
