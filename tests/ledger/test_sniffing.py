"""What evidence may be: one thing of an allowed type, from the first byte to the last."""

import tempfile
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.sniffing import MEDIA_TYPES, Suspicious, Unsupported, check_name, examine
from domain.ledger.sniffing import supported as the_type
from tests.ledger import contents
from tests.ledger.contents import WHOLE, archive, box, film, jpeg, mp3, pdf, png, wav, webm, webp

HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def looked_at(content: bytes, media_type: str) -> str | None:
    """Return what is found wrong with a content, or None."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            examine(file, media_type)
        except Suspicious as found:
            return found.finding
    return None


def test_there_is_a_whole_content_of_every_type() -> None:
    """Else a type could be refused for ever and no test would tell."""
    assert tuple(sorted(WHOLE)) == MEDIA_TYPES


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_what_is_what_it_is_called_passes(media_type: str) -> None:
    """Evidence of every allowed type can be brought."""
    assert looked_at(WHOLE[media_type], media_type) is None


@pytest.mark.parametrize("called", MEDIA_TYPES)
@pytest.mark.parametrize("is_really", MEDIA_TYPES)
def test_what_is_something_else_does_not(called: str, is_really: str) -> None:
    """A reader is told the type, so it must be true; texts are texts, and sounds may be boxed."""
    if called == is_really:
        return
    texts = {"text/plain", "text/csv", "application/json"}
    if is_really in texts and called in texts - {"application/json"}:
        return
    if {called, is_really} == {"video/mp4", "audio/mp4"}:
        return  # recorders use the general brand for both
    assert looked_at(WHOLE[is_really], called) is not None


@pytest.mark.parametrize("content", [HTML, SVG, b"\xef\xbb\xbf \n" + SVG, b"<?xml version='1.0'?>"])
@pytest.mark.parametrize("called", MEDIA_TYPES)
def test_a_page_is_nothing_that_is_kept(content: bytes, called: str) -> None:
    """A browser would run it with the rights of whoever looks."""
    assert looked_at(content, called) is not None


def test_a_page_that_begins_behind_some_text_is_a_page() -> None:
    """Browsers look further than the first character."""
    assert looked_at(b"hello\n<script >alert(1)</script>", "text/plain") == "markup"
    assert looked_at(jpeg(comment=HTML), "image/jpeg") == "markup"
    assert looked_at(b"the script < says > nothing", "text/plain") is None


def deflated_zeros() -> bytes:
    """A small archive that unpacks to much."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(10_000_000))
    return packed.getvalue()


@pytest.mark.parametrize("called", MEDIA_TYPES)
def test_an_archive_is_nothing_that_is_kept(called: str) -> None:
    """Nobody unpacks evidence to find out what it is."""
    bomb = deflated_zeros()
    assert len(bomb) < 20_000
    assert looked_at(bomb, called) is not None
    assert looked_at(b"\x1f\x8b\x08\x00" + bytes(40), called) is not None


@pytest.mark.parametrize(
    "called",
    [one for one in MEDIA_TYPES if not one.startswith("text/") and one != "application/json"],
)
@pytest.mark.parametrize(
    "hidden", [archive(), pdf(), HTML, b"MZ" + bytes(60), b"Rar!\x1a\x07\x01\x00"]
)
def test_nothing_follows_the_end(called: str, hidden: bytes) -> None:
    """Two readers would see two things in one piece of evidence."""
    whole = WHOLE[called]
    if called == "video/webm":
        whole = webm()
    if called == "application/pdf" and hidden == pdf():
        return  # a PDF that was saved again has two ends
    assert looked_at(whole + hidden, called) is not None


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (png(1, 1, (b"zzZz", archive())), "image/png"),
        (film(b"isom", archive()), "video/mp4"),
        (film(b"isom") + box(b"free", archive()), "video/mp4"),
        (wav(archive()), "audio/wav"),
        (mp3() + b"TAG" + archive(), "audio/mpeg"),
        (webm(size_known=False) + archive(), "video/webm"),
        (jpeg() + film(b"mp42", archive()), "image/jpeg"),
    ],
)
def test_an_archive_inside_is_found_where_its_readers_find_it(content: bytes, called: str) -> None:
    """A ZIP reader begins at the end of a file, whatever its beginning is."""
    if content.rstrip(b"\x00")[-22:-18] == b"PK\x05\x06":
        with zipfile.ZipFile(BytesIO(content)) as file:
            assert file.namelist() == ["a.txt"]
    assert looked_at(content, called) == "hidden_archive"


def test_a_document_inside_the_first_kilobyte_is_found() -> None:
    """Readers of PDF look for its header there."""
    assert looked_at(jpeg(comment=b"%PDF-1.4 1 0 obj"), "image/jpeg") == "hidden_document"
    assert looked_at(b"see %PDF-1.4", "text/plain") == "hidden_document"


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (png(60_000, 60_000), "image/png"),
        (jpeg(60_000, 60_000), "image/jpeg"),
        (webp(16_000, 16_000), "image/webp"),
    ],
)
def test_a_picture_that_would_unpack_to_far_too_much_is_a_bomb(content: bytes, called: str) -> None:
    """A few bytes must not fill the memory of whoever looks."""
    assert looked_at(content, called) == "too_many_pixels"


def test_what_cameras_put_behind_a_photograph_is_part_of_it() -> None:
    """A preview, a short clip, a maker's trailer: originals keep every byte."""
    clip = film(b"mp42")
    for trailer in (jpeg(4, 4), clip, bytes(12), b"SEFH" + bytes(20) + b"SEFT", jpeg() + clip):
        assert looked_at(jpeg() + trailer, "image/jpeg") is None
    assert looked_at(jpeg() + b"x", "image/jpeg") == "trailing_data"


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_half_a_content_is_not_a_content(media_type: str) -> None:
    """A broken upload is told at once, not in front of the arbitrator."""
    if media_type.startswith("text/"):
        half = "屏".encode()[:-1]
    else:
        half = WHOLE[media_type][: len(WHOLE[media_type]) * 2 // 3]
    assert looked_at(half, media_type) is not None


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"a\x00b", "control_characters"),
        (b"\x1b[2Jgone", "control_characters"),
        (b"\xff\xfea\x00", "mistyped"),
        (b"GBK: \xc4\xe3", "mistyped"),
    ],
)
def test_a_text_is_utf_8_that_a_terminal_may_show(content: bytes, finding: str) -> None:
    """Whoever prints it sees what is there."""
    assert looked_at(content, "text/plain") == finding


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"{", "mistyped"),
        (b"[NaN]", "mistyped"),
        (b"{} {}", "mistyped"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    ],
)
def test_json_is_json(content: bytes, finding: str) -> None:
    """Whatever reads a sensor log later does not fall over it."""
    assert looked_at(content, "application/json") == finding


@given(content=st.binary(min_size=1, max_size=300), called=st.sampled_from(MEDIA_TYPES))
def test_no_bytes_break_the_looking(content: bytes, called: str) -> None:
    """Whatever comes, the answer is a finding and no crash."""
    looked_at(content, called)


@given(data=st.data(), called=st.sampled_from(MEDIA_TYPES))
def test_no_damage_breaks_the_looking(data: st.DataObject, called: str) -> None:
    """Nor does what is nearly right, which comes further."""
    content = bytearray(WHOLE[called])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    looked_at(bytes(content), called)


def test_a_type_has_one_spelling() -> None:
    """What a record says does not depend on the phone."""
    assert the_type("IMAGE/JPG; q=1") == "image/jpeg"
    assert the_type("audio/x-wav") == "audio/wav"
    for other in ("text/html", "image/svg+xml", "application/zip", "", "image", "x" * 1000):
        with pytest.raises(Unsupported):
            the_type(other)


@pytest.mark.parametrize(
    "name", ["photo.jpg", "IMG_2026.11.22.JPEG", "屏幕 闪烁.jpg", "o'neil-v1.2.jpg"]
)
def test_a_plain_name_passes(name: str) -> None:
    """Names are people's own."""
    check_name(name, "image/jpeg")


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("../../etc/passwd.jpg", "file_name"),
        ("..\\windows.jpg", "file_name"),
        ("/etc/photo.jpg", "file_name"),
        ("C:photo.jpg", "file_name"),
        (".jpg", "file_name"),
        ("photo", "file_name"),
        (" ", "file_name"),
        ("a\x00.jpg", "file_name"),
        ("a\n.jpg", "file_name"),
        ("gpj.\u202eexe.jpg", "file_name"),
        ("x" * 252 + ".jpg", "file_name"),
        ("photo.png", "extension"),
        ("photo.exe", "extension"),
        ("photo.jpg.exe", "extension"),
        ("photo.jpg.", "extension"),
        ("invoice.exe.jpg", "double_extension"),
        ("invoice.pdf.jpg", "double_extension"),
        ("shell.PHP.jpg", "double_extension"),
        ("page.html .jpg", "double_extension"),
    ],
)
def test_a_name_that_lies_or_is_a_path_does_not(name: str, finding: str) -> None:
    """It tells what the sender is up to, though no name is ever kept or used."""
    with pytest.raises(Suspicious) as refused:
        check_name(name, "image/jpeg")
    assert refused.value.finding == finding


def test_the_makers_agree_with_a_reader_of_their_own() -> None:
    """The archives of these tests are archives."""
    with zipfile.ZipFile(BytesIO(contents.archive())) as file:
        assert file.read("a.txt") == b"hello"
