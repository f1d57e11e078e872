"""Arbitration: who judges, the ruling, and its one review."""

from api.models import commands as bodies
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import AppealFiled, RulingIssued

router = command_router("arbitration")

add_command(router, "/arbitrator", commands.AssignArbitrator, bodies.ArbitratorBody)
add_command(router, "/arbitrator/recusal", commands.RecuseArbitrator, bodies.RecusalBody)
add_command(router, "/rulings", commands.IssueRuling, bodies.RulingBody, creates=(RulingIssued,))
add_command(router, "/appeals", commands.FileAppeal, bodies.AppealBody, creates=(AppealFiled,))
add_command(router, "/appeals/decision", commands.DecideAppeal, bodies.AppealDecisionBody)
