"""What routes ask for by annotation: the parts, the caller, and the conditions of the request."""

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request

from api import conditions, preferences
from api.auth import Caller
from api.models.base import MOMENT_CHARACTERS_MAX, REFERENCE, TICKET_ID
from api.moments import ASKED
from api.wiring import Services
from domain.values import Actor


# The gate has let the caller in before any of these is asked.
async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _caller(request: Request) -> Caller:
    caller: Caller = request.scope["caller"]
    return caller


async def _actor(request: Request) -> Actor:
    return (await _caller(request)).actor


class Asked:
    """Who asks for a command and under which conditions: gathered once, for every command."""

    __slots__ = ("actor", "expected_version", "key", "preferences", "services")

    def __init__(
        self,
        services: Services,
        actor: Actor,
        key: str | None,
        expected_version: int | None,
        wanted: preferences.Preferences = preferences.NONE,
    ) -> None:
        """Keep them."""
        self.services = services
        self.actor = actor
        self.key = key
        self.expected_version = expected_version
        self.preferences = wanted


# One dependency and not one for each part: the framework's price is by their number.
async def _asked(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            json_schema_extra={"pattern": conditions.KEY_PATTERN, "maxLength": 255},
            description="Makes a retry safe: the same key and body get the first answer again.",
            examples=['"6f1c2b1e-opening"'],
        ),
    ] = None,
    version: Annotated[
        str | None,
        Header(
            alias="If-Match",
            json_schema_extra={"pattern": '^"[1-9][0-9]{0,8}"$'},
            description="The version the caller saw, as its ETag: act on exactly that.",
            examples=['"7"'],
        ),
    ] = None,
    prefer: Annotated[
        str | None,
        Header(
            alias="Prefer",
            description="`receipt` for a signed receipt; `wait=published` to hold the answer back "
            "until a checkpoint covers what was recorded (202 when that takes too long).",
            examples=["receipt"],
        ),
    ] = None,
) -> Asked:
    return Asked(
        request.app.state.services,
        request.scope["caller"].actor,
        conditions.idempotency_key(key),
        conditions.expected_version(version),
        preferences.read(request.headers.getlist("Prefer")) if prefer else preferences.NONE,
    )


ServicesDep = Annotated[Services, Depends(_services)]
CallerDep = Annotated[Caller, Depends(_caller)]
ActorDep = Annotated[Actor, Depends(_actor)]
AskedDep = Annotated[Asked, Depends(_asked)]
MinPosition = Annotated[
    str | None,
    Query(
        description="Wait until the view has read this moment (a position a command answered).",
        max_length=MOMENT_CHARACTERS_MAX,
        json_schema_extra={"pattern": ASKED},
        examples=["0-1"],
    ),
]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]
TicketPath = Annotated[str, Path(pattern=f"^{TICKET_ID.pattern}$", examples=["T0-261122-7ZK4M2Q"])]
ReferencePath = Annotated[str, Path(pattern=f"^{REFERENCE.pattern}$", examples=["O1"])]
