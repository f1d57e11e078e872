"""Remedies: granted by the platform, and every step of each sub-flow."""

from api.models import commands as bodies
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import RemedyOrdered

router = command_router("remedies")

_ONE = "/remedies/{remedy}"

add_command(router, "/remedies", commands.GrantRemedy, bodies.RemedyBody, creates=(RemedyOrdered,))
add_command(router, f"{_ONE}/refund", commands.InitiateRefund)
add_command(router, f"{_ONE}/settlement", commands.SettleRefund, bodies.PaymentReferenceBody)
add_command(router, f"{_ONE}/failure", commands.FailRefund, bodies.FailureBody)
add_command(
    router,
    f"{_ONE}/return-authorisation",
    commands.AuthoriseReturn,
    bodies.ReturnAuthorisationBody,
)
add_command(router, f"{_ONE}/return-shipment", commands.ShipReturn, bodies.ShipmentBody)
add_command(router, f"{_ONE}/return-receipt", commands.ReceiveReturn)
add_command(router, f"{_ONE}/return-inspection", commands.InspectReturn, bodies.InspectionBody)
add_command(router, f"{_ONE}/replacement-shipment", commands.ShipReplacement, bodies.ShipmentBody)
add_command(router, f"{_ONE}/replacement-delivery", commands.DeliverReplacement)
add_command(router, f"{_ONE}/repair-booking", commands.BookRepair, bodies.RepairBookingBody)
add_command(router, f"{_ONE}/repair-receipt", commands.ReceiveRepair)
add_command(router, f"{_ONE}/repair-completion", commands.CompleteRepair, bodies.FindingBody)
add_command(router, f"{_ONE}/reshipment", commands.ShipReshipment, bodies.ShipmentBody)
add_command(router, f"{_ONE}/reshipment-delivery", commands.DeliverReshipment)
add_command(router, f"{_ONE}/coupon", commands.IssueCoupon, bodies.CouponBody)
add_command(router, f"{_ONE}/compensation", commands.PayCompensation, bodies.PaymentReferenceBody)
add_command(router, f"{_ONE}/compensation-failure", commands.FailCompensation, bodies.FailureBody)
add_command(router, f"{_ONE}/compensation-initiation", commands.InitiateCompensation)
add_command(router, f"{_ONE}/cancellation", commands.CancelRemedy, bodies.CancellationBody)
