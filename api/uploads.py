"""Contents as they come in: counted and hashed while they stream, looked at, and then kept.

A content is a raw body, or the one file of a form. It is on no record before evidence names it.
A personal one is encrypted here: its clear bytes lie in no file that has a name.
"""

from typing import Any, Final, NamedTuple

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from api.problems import Problem, malformed
from api.wiring import Services
from domain.commands import PersonalFile
from domain.ledger import sniffing
from domain.ledger.vault_drafts import CHUNK_BYTES, Draft, Written, written
from domain.ledger.vault_errors import TooLarge
from domain.ledger.vault_sealing import keep_sealed
from domain.ticket.files import Descriptor
from domain.values import Attachment, Sha256

FORM: Final = "multipart/form-data"
FORM_BYTES_EXTRA: Final = 16 * 1024
"""What a form may have around its one file."""


class Received(NamedTuple):
    """A content that is kept: where it lies, and what it was as it came."""

    attachment: Attachment
    size: int
    sha256: Sha256
    personal: PersonalFile | None = None


class Upload:
    """One content on its way in: what it is called, and its bytes so far."""

    def __init__(self, draft: Written) -> None:
        """Write to a draft."""
        self._draft = draft
        self._waiting = bytearray()
        self.media_type = ""
        self.name: str | None = None

    def take(self, chunk: bytes) -> None:
        """Take some bytes of the content; they are in memory until they are written."""
        self._waiting += chunk

    @property
    def is_full(self) -> bool:
        """Whether it is time to write."""
        return len(self._waiting) >= CHUNK_BYTES

    def write(self) -> None:
        """Write what was taken. Blocks."""
        self._draft.write(bytes(self._waiting))
        self._waiting.clear()


async def receive(
    request: Request,
    services: Services,
    *,
    size_max: int,
    media_type: str | None = None,
    personal: bool = False,
    name: str | None = None,
) -> Received:
    """Return a request's content, kept; raise the problem of one that may not be.

    With a media type it was said before what comes, and the body is nothing else.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("media_type_unsupported", supported=list(sniffing.MEDIA_TYPES))
    said = request.headers.get("content-type", "")
    is_form = media_type is None and said.partition(";")[0].strip().lower() == FORM
    declared = request.headers.get("content-length", "")
    most = size_max + (FORM_BYTES_EXTRA if is_form else 0)
    if declared.isdigit() and (len(declared) > 12 or int(declared) > most):
        raise Problem("too_large", limit_bytes=size_max)
    if not is_form and media_type is not None and said:
        _require_same(supported_type(said), media_type)
    raw_type = None if is_form else media_type or supported_type(said)
    place = written if personal else services.ledger.vault.draft
    draft: Written = await services.run(place, size_max)
    try:
        upload = Upload(draft)
        upload.name = name
        form = _Form(said, upload) if is_form else None
        upload.media_type = raw_type or ""
        await _stream(request, services, upload, form)
        if form is not None:
            form.finish()
        return await services.run(_keep, services, draft, upload)
    except TooLarge as error:
        raise Problem("too_large", limit_bytes=error.limit) from None
    finally:
        await services.run(draft.close)


async def _stream(
    request: Request, services: Services, upload: Upload, form: "_Form | None"
) -> None:
    """Write a body to its draft as it comes."""
    take = upload.take if form is None else form.take
    try:
        async for chunk in request.stream():
            take(chunk)
            if upload.is_full:
                await services.run(upload.write)
    except ClientDisconnect:
        raise Problem("bad_request") from None
    await services.run(upload.write)


def _keep(services: Services, draft: Written, upload: Upload) -> Received:
    """Look at a content that has come in, and keep it. Blocks."""
    if draft.size == 0:
        raise malformed("/body", "missing", "The content is empty.")
    file = draft.file
    try:
        if upload.name is not None:
            sniffing.check_name(upload.name, upload.media_type)
        sniffing.examine(file, upload.media_type)
    except sniffing.Suspicious as found:
        raise Problem("content_refused", finding=found.finding) from None
    finding = services.scanner.scan(file)
    if finding is not None:
        raise Problem("content_refused", finding=finding)
    vault = services.ledger.vault
    if isinstance(draft, Draft):
        vault.receive(draft)
        return Received(draft.attachment(upload.media_type), draft.size, draft.sha256)
    attachment, key = keep_sealed(vault, file)
    told = Descriptor(draft.sha256, draft.size, upload.media_type, upload.name)
    return Received(
        attachment, draft.size, draft.sha256, PersonalFile(descriptor=told.text, key=key.hex())
    )


class _Form:
    """A form of exactly one file, read as it streams in."""

    def __init__(self, said: str, upload: Upload) -> None:
        _, options = parse_options_header(said)
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:
            raise malformed("/headers/content-type", "boundary", "The form names no boundary.")
        self._upload = upload
        self._parts = 0
        self._ended = False
        self._extra = 0
        self._header: list[bytearray] = [bytearray(), bytearray()]
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._more(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._more(1, data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": lambda data, start, end: upload.take(data[start:end]),
                "on_end": self._end,
            },
        )

    def take(self, chunk: bytes) -> None:
        """Take a part of the body."""
        if self._ended:
            self._extra += len(chunk)
            if self._extra > FORM_BYTES_EXTRA:
                raise _bad_form()
            return
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise _bad_form() from None

    def finish(self) -> None:
        """Require that the form was whole and had its one file."""
        if not self._ended or self._parts != 1:
            raise _bad_form()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise _bad_form()

    def _more(self, which: int, piece: bytes) -> None:
        self._header[which] += piece

    def _header_end(self) -> None:
        name, value = (bytes(one) for one in self._header)
        self._headers[name.lower()] = value
        self._header = [bytearray(), bytearray()]

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        if name is None or b"content-transfer-encoding" in self._headers:
            raise _bad_form()
        said = self._headers.get(b"content-type", b"").decode("latin-1")
        self._upload.media_type = supported_type(said)
        try:
            self._upload.name = name.decode()
        except UnicodeDecodeError:
            raise Problem("content_refused", finding="file_name") from None

    def _end(self) -> None:
        self._ended = True


def supported_type(said: str) -> str:
    """Return the one spelling of a media type; raise the problem of one evidence may not have."""
    try:
        return sniffing.supported(said)
    except sniffing.Unsupported:
        raise Problem("media_type_unsupported", supported=list(sniffing.MEDIA_TYPES)) from None


def _require_same(said: str, media_type: str) -> None:
    if said != media_type:
        raise Problem("media_type_unsupported", supported=[media_type])


def _bad_form() -> Problem:
    return malformed("/body", "form", "A form has exactly one file, with its name and type.")


CONTENT_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            **{one: {"schema": {}} for one in sniffing.MEDIA_TYPES},
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                    "additionalProperties": False,
                }
            },
        },
    }
}
"""How a body that is a content is described."""
