"""What routes ask for by annotation: the parts, the caller, and the conditions of the request."""

from typing import Annotated, Final

from fastapi import Depends, Header, Path, Query, Request
from fastapi.openapi.models import HTTPBearer as BearerScheme
from fastapi.security.base import SecurityBase

from api import conditions
from api.auth import Caller
from api.models.base import MOMENT, REFERENCE, TICKET_ID
from api.wiring import Services
from domain.values import Actor

TOKEN_SCHEME: Final = "token"  # noqa: S105 - the scheme's name, not a token


class Bearer(SecurityBase):
    """The caller whom the gate found; here so that the OpenAPI document says a token is needed."""

    def __init__(self) -> None:
        """Describe the scheme."""
        self.model = BearerScheme(
            bearerFormat="JWT", description="`ticketledger token --role … --subject …` makes one."
        )
        self.scheme_name = TOKEN_SCHEME

    async def __call__(self, request: Request) -> Caller:
        """Return the caller whom the gate let in."""
        caller: Caller = request.scope["caller"]
        return caller


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


_bearer = Bearer()


async def _actor(caller: Annotated[Caller, Depends(_bearer)]) -> Actor:
    return caller.actor


async def _key(
    header: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            json_schema_extra={"pattern": '^([!#-~]|"[!#-\\[\\]-~]+")[ !#-~]*$', "maxLength": 255},
            description="Makes a retry safe: the same key and body get the first answer again.",
            examples=['"6f1c2b1e-opening"'],
        ),
    ] = None,
) -> str | None:
    return conditions.idempotency_key(header)


async def _expected_version(
    header: Annotated[
        str | None,
        Header(
            alias="If-Match",
            json_schema_extra={"pattern": '^"[1-9][0-9]{0,14}"$'},
            description="The version the caller saw, as its ETag: act on exactly that.",
            examples=['"7"'],
        ),
    ] = None,
) -> int | None:
    return conditions.expected_version(header)


ServicesDep = Annotated[Services, Depends(_services)]
CallerDep = Annotated[Caller, Depends(_bearer)]
ActorDep = Annotated[Actor, Depends(_actor)]
KeyDep = Annotated[str | None, Depends(_key)]
ExpectedVersionDep = Annotated[int | None, Depends(_expected_version)]
MinPosition = Annotated[
    str | None,
    Query(
        description="Wait until the view has read this moment (a position a command answered).",
        max_length=400,
        json_schema_extra={"pattern": MOMENT},
        examples=["0-1"],
    ),
]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]
TicketPath = Annotated[str, Path(pattern=f"^{TICKET_ID.pattern}$", examples=["T0-261122-7ZK4M2Q"])]
ReferencePath = Annotated[str, Path(pattern=f"^{REFERENCE.pattern}$", examples=["O1"])]
