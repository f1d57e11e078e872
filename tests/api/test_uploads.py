"""Contents: uploaded as a body, a form or to a staged address; read in ranges; never forged ones.

What a content must be to be taken is held in tests/ledger/test_sniffing.py; here it is told.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest
from httpx2 import Response

from domain.events import ContentDamaged, EvidenceViewed
from tests.api.served import Served
from tests.ledger.contents import WHOLE, film, jpeg, png

PNG = png()
BOUNDARY = "----the-boundary"


@pytest.fixture
def ticket(served: Served) -> str:
    """A ticket whose two sides may bring evidence."""
    return served.refused_claim()


def told(answer: Response, status: int = 200) -> dict[str, Any]:
    """Return what an answer of a status says."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send(
    served: Served,
    ticket: str,
    content: bytes,
    media_type: str = "image/png",
    who: str = "buyer",
    **headers: str,
) -> Response:
    """Upload a raw body."""
    sent = {**served.headers(who), "Content-Type": media_type, **headers}
    return served.client.post(f"/v1/tickets/{ticket}/contents", headers=sent, content=content)


def form(*parts: tuple[str, str, bytes], end: str = "--") -> bytes:
    """Return a form of parts: (content disposition, media type, content)."""
    lines = b""
    for disposition, media_type, content in parts:
        head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n"
        lines += f"{head}Content-Type: {media_type}\r\n\r\n".encode() + content + b"\r\n"
    return lines + f"--{BOUNDARY}{end}\r\n".encode()


def named(name: str) -> str:
    """Return the content disposition of a file in a form."""
    return f'form-data; name="file"; filename="{name}"'


def send_form(served: Served, ticket: str, body: bytes, boundary: str = BOUNDARY) -> Response:
    """Upload a form."""
    return send(served, ticket, body, f"multipart/form-data; boundary={boundary}")


def stage(served: Served, ticket: str, upload: dict[str, Any], who: str = "buyer") -> str:
    """Stage an uploaded content as evidence; return its item."""
    body = {"kind": "photo", "attachment": upload, "obtained": "taken_by_party"}
    answer = told(served.post(who, f"/v1/tickets/{ticket}/evidence", body), 201)
    assert answer["events"]
    return str(served.get("auditor", f"/v1/tickets/{ticket}").json()["evidence"][-1]["item"])


def sealed(served: Served, ticket: str, content: bytes, media_type: str = "image/png") -> str:
    """Have the buyer bring a content and seal it; return where it is read."""
    upload = told(send(served, ticket, content, media_type), 201)
    stage(served, ticket, upload)
    told(served.post("buyer", f"/v1/tickets/{ticket}/evidence/seal"))
    return f"/v1/tickets/{ticket}/contents/{upload['sha256']}"


def vault_files(served: Served) -> set[Path]:
    """Return every file of the vault, drafts included."""
    place = served.services.settings.data_dir / "vault"
    return {one for one in place.rglob("*") if one.is_file()}


# --- taken ------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", WHOLE)
def test_every_allowed_type_comes_in_and_out_as_it_was(
    served: Served, ticket: str, media_type: str
) -> None:
    """Originals keep every byte."""
    content = WHOLE[media_type]
    upload = told(send(served, ticket, content, media_type), 201)
    assert upload["sha256"] == hashlib.sha256(content).hexdigest()
    assert (upload["size"], upload["media_type"]) == (len(content), media_type)
    stage(served, ticket, upload)
    back = served.get("buyer", f"/v1/tickets/{ticket}/contents/{upload['sha256']}")
    assert back.content == content
    assert back.headers["Content-Type"].partition(";")[0] == media_type
    assert back.headers["X-Content-Type-Options"] == "nosniff"
    assert back.headers["ETag"] == f'"{upload["sha256"]}"'


def test_a_form_of_one_file_is_the_same_upload(served: Served, ticket: str) -> None:
    """A page sends forms; the name in it is personal and is kept nowhere."""
    body = form((named("林晓 bathroom.png"), "image/png", PNG))
    upload = told(send_form(served, ticket, body), 201)
    assert upload == told(send(served, ticket, PNG), 201)
    assert "name" not in upload
    assert not [one for one in vault_files(served) if "bathroom" in one.name]


def test_a_content_much_larger_than_memory_should_hold_streams_in(
    served: Served, ticket: str
) -> None:
    """A film of tens of MiB, as a form and as a body, is one file of the vault."""
    content = film(b"isom", bytes(12 * 1024 * 1024))
    upload = told(send(served, ticket, content, "video/mp4"), 201)
    again = told(send_form(served, ticket, form((named("a.mp4"), "video/mp4", content))), 201)
    assert upload == again
    assert upload["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_staged_address_takes_the_announced_bytes_without_a_token(
    served: Served, ticket: str
) -> None:
    """A camera or an app uploads by itself; who asked for the address then cites the content."""
    said = {"media_type": "image/png", "size": len(PNG), "name": "photo.png"}
    place = told(served.post("buyer", f"/v1/tickets/{ticket}/uploads", said), 201)
    assert (place["method"], place["media_type"]) == ("PUT", "image/png")
    assert place["expires_at"] > served.clock.now()
    upload = told(served.client.put(place["href"], content=PNG), 201)
    assert told(served.client.put(place["href"], content=PNG), 201) == upload
    assert upload == told(send(served, ticket, PNG), 201)
    other = served.post(
        "merchant",
        f"/v1/tickets/{ticket}/evidence",
        {"kind": "photo", "attachment": upload, "obtained": "found"},
    )
    assert told(other, 422)["errors"][0]["code"] == "receipt"
    stage(served, ticket, upload)


def test_a_staged_address_is_good_for_its_bytes_and_its_minutes_only(
    served: Served, ticket: str
) -> None:
    """Whoever finds it can put nothing else there, and nothing later."""
    said = {
        "media_type": "image/png",
        "size": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
    }
    href = told(served.post("buyer", f"/v1/tickets/{ticket}/uploads", said), 201)["href"]
    other = PNG[:41] + bytes([PNG[41] ^ 1]) + PNG[42:]
    assert told(served.client.put(href, content=other), 422)["code"] == "malformed"
    assert told(served.client.put(href, content=PNG + b"x"), 413)["code"] == "too_large"
    assert told(served.client.put(href, content=PNG[:-1]), 422)
    typed = served.client.put(href, content=PNG, headers={"Content-Type": "image/jpeg"})
    assert told(typed, 415)["supported"] == ["image/png"]
    forged = href[:-1] + ("A" if href[-1] != "A" else "B")
    assert told(served.client.put(forged, content=PNG), 404)["code"] == "no_such_resource"
    served.clock.pass_by(timedelta(minutes=15))
    assert told(served.client.put(href, content=PNG), 410)["code"] == "upload_expired"


def test_only_who_knows_the_ticket_uploads_for_it(served: Served, ticket: str) -> None:
    """A stranger fills no vault of ours."""
    said = {"media_type": "image/png", "size": len(PNG)}
    for answer in (
        send(served, ticket, PNG, who="buyer:stranger"),
        served.post("merchant:stranger", f"/v1/tickets/{ticket}/uploads", said),
    ):
        assert told(answer, 404)["code"] == "unknown_ticket"


# --- not taken --------------------------------------------------------------------------------


def bomb() -> bytes:
    """A small archive that unpacks to much."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(1_000_000))
    return packed.getvalue()


REFUSED: dict[str, tuple[bytes, str, int, str]] = {
    "a page": (b"<html></html>", "text/html", 415, "media_type_unsupported"),
    "a drawing that runs": (b"<svg/>", "image/svg+xml", 415, "media_type_unsupported"),
    "a page called a text": (b"<html></html>", "text/plain", 422, "markup"),
    "a drawing called a picture": (b"<svg onload='x()'/>", "image/png", 422, "mistyped"),
    "an archive": (bomb(), "application/zip", 415, "media_type_unsupported"),
    "a bomb called a picture": (bomb(), "image/png", 422, "mistyped"),
    "a bomb behind a picture": (PNG + bomb(), "image/png", 422, "trailing_data"),
    "a picture that unpacks to too much": (
        png(60_000, 60_000),
        "image/png",
        422,
        "too_many_pixels",
    ),
    "a picture of another type": (jpeg(), "image/png", 422, "mistyped"),
    "no type": (PNG, "", 415, "media_type_unsupported"),
    "nothing": (b"", "image/png", 422, "malformed"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("way", ["raw", "form", "staged"])
def test_what_is_not_taken_is_told_and_leaves_nothing(
    served: Served, ticket: str, case: str, way: str
) -> None:
    """The finding is a word for machines; nothing of the content is kept, not even a draft."""
    content, media_type, status, code = REFUSED[case]
    before = vault_files(served)
    if way == "raw":
        answer = send(served, ticket, content, media_type)
    elif way == "form":
        answer = send_form(served, ticket, form(('form-data; filename="x"', media_type, content)))
        if status == 422 and code != "malformed":
            code = "file_name"  # a name without an ending is told first
    else:
        said = {"media_type": media_type or "x", "size": max(1, len(content))}
        place = served.post("buyer", f"/v1/tickets/{ticket}/uploads", said)
        answer = place
        if place.status_code == 201:
            answer = served.client.put(place.json()["href"], content=content)
    problem = told(answer, status)
    assert code in {problem["code"], problem.get("finding")}
    assert vault_files(served) == before


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("../../photo.png", "file_name"),
        ("photo\\..\\x.png", "file_name"),
        ("photo.png.exe", "extension"),
        ("photo.exe.png", "double_extension"),
        ("photo.jpg", "extension"),
    ],
)
def test_a_name_that_lies_is_refused(served: Served, ticket: str, name: str, finding: str) -> None:
    """In a form and in the announcement of a staged upload alike."""
    in_form = send_form(served, ticket, form((named(name), "image/png", PNG)))
    said = {"media_type": "image/png", "size": len(PNG), "name": name}
    announced = served.post("buyer", f"/v1/tickets/{ticket}/uploads", said)
    for answer in (in_form, announced):
        problem = told(answer, 422)
        assert (problem["code"], problem["finding"]) == ("content_refused", finding)
        assert name not in answer.text


FORMS: dict[str, tuple[bytes, str]] = {
    "two files": (form(*[(named("a.png"), "image/png", PNG)] * 2), BOUNDARY),
    "a field beside": (form(('form-data; name="note"', "text/plain", b"x")), BOUNDARY),
    "no end": (form((named("a.png"), "image/png", PNG), end=""), BOUNDARY),
    "cut off": (form((named("a.png"), "image/png", PNG))[:-40], BOUNDARY),
    "no part": (f"--{BOUNDARY}--\r\n".encode(), BOUNDARY),
    "no form": (PNG, BOUNDARY),
    "another boundary": (form((named("a.png"), "image/png", PNG)), "other"),
    "a boundary without end": (form((named("a.png"), "image/png", PNG)), "x" * 71),
    "endless headers": (f"--{BOUNDARY}\r\nX: {'x' * 9000}\r\n\r\n".encode(), BOUNDARY),
    "nothing": (b"", BOUNDARY),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_form_that_is_broken_is_refused(served: Served, ticket: str, case: str) -> None:
    """A form has exactly one file; everything else is malformed and leaves nothing."""
    before = vault_files(served)
    body, boundary = FORMS[case]
    assert told(send_form(served, ticket, body, boundary), 422)["code"] == "malformed"
    assert vault_files(served) == before


def test_a_content_has_a_limit_however_it_comes(served: Served, ticket: str) -> None:
    """By its announced length at once, and while it streams in where none was announced."""
    most = served.services.ledger.book.limit.content_bytes
    before = vault_files(served)
    declared = send(served, ticket, PNG, **{"Content-Length": str(most + 1)})
    assert told(declared, 413)["limit_bytes"] == most

    def endless() -> Iterator[bytes]:
        for _ in range(most // (1 << 20) + 2):
            yield bytes(1 << 20)

    sent = {**served.headers("buyer"), "Content-Type": "video/mp4"}
    path = f"/v1/tickets/{ticket}/contents"
    streamed = served.client.post(path, headers=sent, content=endless())
    assert told(streamed, 413)["code"] == "too_large"
    said = {"media_type": "video/mp4", "size": most + 1}
    assert told(served.post("buyer", f"/v1/tickets/{ticket}/uploads", said), 422)
    assert vault_files(served) == before


def test_what_is_packed_on_the_way_is_not_taken(served: Served, ticket: str) -> None:
    """Nothing is unpacked here, so the hash would be of other bytes than the sender's."""
    answer = send(served, ticket, PNG, **{"Content-Encoding": "gzip"})
    assert told(answer, 415)["code"] == "media_type_unsupported"


class Finding:
    """A scanner that knows one bad content."""

    def scan(self, file: IO[bytes]) -> str | None:
        """Return a word for it."""
        file.seek(0)
        return "eicar" if b"EICAR" in file.read() else None


def test_a_scanner_is_asked_before_anything_is_kept(
    served: Served, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port of a virus scanner; by default nothing is looked for."""
    monkeypatch.setattr(served.services, "scanner", Finding())
    before = vault_files(served)
    answer = told(send(served, ticket, b"EICAR", "text/plain"), 422)
    assert (answer["code"], answer["finding"]) == ("content_refused", "eicar")
    assert vault_files(served) == before
    told(send(served, ticket, b"harmless", "text/plain"), 201)


# --- read -------------------------------------------------------------------------------------


def test_a_range_is_a_part_of_the_content(served: Served, ticket: str) -> None:
    """A film starts to play, and plays on from where the viewer puts the finger."""
    content = film(b"isom", bytes(range(256)) * 40)
    path = sealed(served, ticket, content, "video/mp4")
    size = len(content)
    for said, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=100-", 100, size),
        ("bytes=-100", size - 100, size),
        (f"bytes=-{size * 2}", 0, size),
        (f"bytes=0-{size * 2}", 0, size),
    ):
        answer = served.client.get(path, headers={**served.headers("merchant"), "Range": said})
        assert answer.status_code == 206, said
        assert answer.content == content[start:stop]
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
        assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize(
    "said", ["bytes=5-4", "bytes=9999999-", "bytes=-0", "bytes=-", "bytes=a-b", "bytes=", "5-6"]
)
def test_a_broken_range_is_told(served: Served, ticket: str, said: str) -> None:
    """416 with the size, so that the next one can be right."""
    path = sealed(served, ticket, PNG)
    answer = served.client.get(path, headers={**served.headers("buyer"), "Range": said})
    assert told(answer, 416)["code"] == "range_unsatisfiable"
    assert answer.headers["Content-Range"] == f"bytes */{len(PNG)}"


@pytest.mark.parametrize(
    ("said", "condition"), [("bytes=0-1,3-4", None), ("pages=1-2", None), ("bytes=0-1", '"other"')]
)
def test_what_is_no_range_of_ours_is_the_whole(
    served: Served, ticket: str, said: str, condition: str | None
) -> None:
    """RFC 9110 leaves it to the server, and requires it where the content is another one."""
    path = sealed(served, ticket, PNG)
    headers = {**served.headers("buyer"), "Range": said}
    if condition is not None:
        headers["If-Range"] = condition
    answer = served.client.get(path, headers=headers)
    assert (answer.status_code, answer.content) == (200, PNG)


def test_a_forged_content_never_leaves_and_is_an_alarm(served: Served, ticket: str) -> None:
    """Not one byte of it, not even in a range; and the record says so, once."""
    content = b"before " + ticket.encode()
    path = sealed(served, ticket, content, "text/plain")
    (file,) = [one for one in vault_files(served) if one.name == path.rpartition("/")[2]]
    file.chmod(0o600)
    file.write_bytes(content.replace(b"before", b"behind"))
    for headers in ({}, {"Range": "bytes=0-0"}):
        answer = served.client.get(path, headers={**served.headers("merchant"), **headers})
        assert told(answer, 500)["code"] == "content_damaged"
        assert "behind" not in answer.text
    alarms = [
        record.event
        for record in served.services.ledger.stream(f"access:{ticket}")
        if isinstance(record.event, ContentDamaged)
    ]
    assert [one.sha256 for one in alarms] == [file.name]
    assert alarms[0].found == hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_bytes(content)
    assert served.get("merchant", path).content == content


def test_every_look_is_on_record_whoever_looks(served: Served, ticket: str) -> None:
    """TR-01: parties and staff alike, once a person, item and quarter of an hour."""
    path = sealed(served, ticket, PNG)
    for who in ("buyer:buyer-1", "merchant:merchant-1", "agent:x", "arbitrator:x", "agent:x"):
        assert served.get(who, path).status_code == 200
    looks = [
        (record.actor.kind.value, record.actor.ref, record.event.what)
        for record in served.services.ledger.stream(f"access:{ticket}")
        if isinstance(record.event, EvidenceViewed)
    ]
    expected = [("buyer", "buyer-1"), ("merchant", "merchant-1"), ("agent", "x")]
    assert looks == [(*who, "evidence:E2") for who in [*expected, ("arbitrator", "x")]]
    served.clock.pass_by(timedelta(minutes=15))
    served.get("agent:x", path)
    assert len(served.services.ledger.stream(f"access:{ticket}")) == len(looks) + 1


# --- custody ----------------------------------------------------------------------------------


def test_the_chain_of_custody_tells_who_brought_sealed_and_saw_an_item(
    served: Served, ticket: str
) -> None:
    """AR-03: who, when, how obtained, its digest, and where each step stands on record."""
    path = sealed(served, ticket, PNG)
    served.get("merchant:merchant-1", path)
    served.get("agent:clerk", path)
    why = {"why": "This is not my product."}
    told(served.post("merchant", f"/v1/tickets/{ticket}/evidence/E2/contest", why))
    chain = told(served.get("auditor", f"/v1/tickets/{ticket}/evidence/E2/custody"))
    assert [step["step"] for step in chain["steps"]] == [
        "staged",
        "sealed",
        "looked",
        "looked",
        "contested",
    ]
    assert [step["actor"] for step in chain["steps"]] == [
        "buyer-1",
        "buyer-1",
        "merchant-1",
        "clerk",
        "merchant-1",
    ]
    assert chain["attachment"]["sha256"] == path.rpartition("/")[2]
    assert (chain["obtained"], chain["party"], chain["state"]) == (
        "taken_by_party",
        "buyer",
        "on_record",
    )
    places = [int(step["position"].partition("-")[2]) for step in chain["steps"]]
    assert places == sorted(places)
    ledger = served.services.ledger
    for step, place in zip(chain["steps"], places, strict=True):
        (record,) = ledger.records(0, place - 1, 1)
        assert (record.leaf_hash, record.stream) == (step["leaf_hash"], step["stream"])


def test_a_side_is_not_told_who_of_the_others_looked(served: Served, ticket: str) -> None:
    """That somebody of the platform looked is theirs to know, the person's reference is not."""
    path = sealed(served, ticket, PNG)
    served.get("agent:clerk", path)
    for who in ("buyer", "merchant"):
        chain = told(served.get(who, f"/v1/tickets/{ticket}/evidence/E2/custody"))
        known = {(step["actor_kind"], step["actor"]) for step in chain["steps"]}
        assert known == {("buyer", "buyer-1" if who == "buyer" else None), ("agent", None)}


def test_the_custody_of_what_a_side_was_not_shown_is_unknown_to_it(
    served: Served, ticket: str
) -> None:
    """Else the answer would tell that there is something."""
    stage(served, ticket, told(send(served, ticket, PNG), 201))
    path = f"/v1/tickets/{ticket}/evidence/E2/custody"
    assert told(served.get("buyer", path))["state"] == "staged"
    assert told(served.get("merchant", path), 404)["code"] == "unknown_evidence"
    assert told(served.get("buyer:stranger", path), 404)["code"] == "unknown_ticket"
    assert told(served.get("auditor", path.replace("E2", "E9")), 404)["code"] == "unknown_evidence"


def test_a_late_item_says_so_in_its_chain(served: Served, ticket: str) -> None:
    """An arbitrator weighs it for what it is."""
    for path, body in (("offers", {"terms": [{"kind": "exchange"}]}),):
        told(served.post("merchant", f"/v1/tickets/{ticket}/{path}", body), 201)
    told(served.post("buyer", f"/v1/tickets/{ticket}/offers/O1/decline", {"reason": "No."}))
    told(served.post("buyer", f"/v1/tickets/{ticket}/intervention"))
    asked = {"party": "buyer", "kinds": ["photo"]}
    told(served.post("agent", f"/v1/tickets/{ticket}/evidence-requests", asked))
    served.clock.pass_by(timedelta(hours=25))
    item = stage(served, ticket, told(send(served, ticket, PNG), 201))
    chain = told(served.get("auditor", f"/v1/tickets/{ticket}/evidence/{item}/custody"))
    assert [(step["step"], step["late"]) for step in chain["steps"]] == [("supplemented", True)]
