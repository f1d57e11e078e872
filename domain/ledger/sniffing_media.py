"""The outer shape of each allowed picture, sound, film and document, from first byte to last.

Only containers are walked: where the parts begin and end and that nothing follows. What is inside
is never decoded.
"""

import re
from collections.abc import Iterator
from mmap import mmap
from typing import Final

Content = mmap
"""A content as bytes that are read where they are needed."""
PIXELS_MAX: Final = 120_000_000
"""A picture that claims more unpacks to more than a reader should have to hold."""


class Suspicious(ValueError):  # noqa: N818 - a finding, not an error
    """A content is not what it is called, or is something else beside."""

    def __init__(self, finding: str) -> None:
        """Keep what was found, as a word for machines."""
        super().__init__(finding)
        self.finding = finding


def png(content: Content) -> None:
    """Require PNG chunks from the header to the end mark, which is the end."""
    _require(content[:16] == b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
    _require_pixels(_big(content, 16, 4), _big(content, 20, 4))
    at, kind, found = 8, b"", set()
    while at + 12 <= len(content) and kind != b"IEND":
        kind = content[at + 4 : at + 8]
        found.add(kind)
        at += 12 + _big(content, at, 4)
    _require(kind == b"IEND" and b"IDAT" in found)
    _require_end(content, at)


_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def jpeg(content: Content) -> None:
    """Require a JPEG; behind it only what cameras put there: previews, a clip, a trailer."""
    at = _jpeg_end(content, 0)
    while at < len(content):
        rest = content[at : at + 12]
        if rest[:3] == b"\xff\xd8\xff":
            at = _jpeg_end(content, at)
        elif rest[4:8] == b"ftyp":
            _boxes(content, at)
            return
        elif content[-4:] == b"SEFT" or not any(content[at:]):
            return
        else:
            raise Suspicious("trailing_data")


def _jpeg_end(content: Content, at: int) -> int:
    """Return where the JPEG that begins at a place ends."""
    _require(content[at : at + 3] == b"\xff\xd8\xff")
    at, framed = at + 2, False
    while at + 4 <= len(content):
        _require(content[at] == 0xFF)
        code = content[at + 1]
        if code == 0xFF:  # a fill byte
            at += 1
            continue
        length = _big(content, at + 2, 2)
        _require(length >= 2)
        if code in _START_OF_FRAME:
            _require_pixels(_big(content, at + 7, 2), _big(content, at + 5, 2))
            framed = True
        at += 2 + length
        if code == 0xDA:
            _require(framed)
            marker = _MARKER.search(content, at)
            if marker is None:
                raise Suspicious("truncated")
            at = marker.start()
            if content[at + 1] == 0xD9:
                return at + 2
    raise Suspicious("truncated")


def webp(content: Content) -> None:
    """Require a RIFF of WebP that fills the content."""
    _riff(content, b"WEBP")
    kind = content[12:16]
    if kind == b"VP8X":
        _require_pixels(_little(content, 24, 3) + 1, _little(content, 27, 3) + 1)
    elif kind == b"VP8L":
        bits = _little(content, 21, 4)
        _require_pixels((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    else:
        _require(kind == b"VP8 ")
        _require_pixels(_little(content, 26, 2) & 0x3FFF, _little(content, 28, 2) & 0x3FFF)


def wav(content: Content) -> None:
    """Require a RIFF of WAVE with a format and sound that fills the content."""
    _require(_riff(content, b"WAVE") >= {b"fmt ", b"data"})


def _riff(content: Content, form: bytes) -> set[bytes]:
    """Return the kinds of chunks of a RIFF that fills the content."""
    _require(content[:4] == b"RIFF" and content[8:12] == form)
    end = 8 + _little(content, 4, 4)
    if end > len(content):
        raise Suspicious("truncated")
    at, found = 12, set()
    while at + 8 <= end:
        found.add(content[at : at + 4])
        length = _little(content, at + 4, 4)
        at += 8 + length + length % 2
    _require(at in {end, end + 1})
    _require_end(content, min(end + end % 2, len(content)))
    return found


_BOXES: Final = frozenset(
    [b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"meta", b"mfra", b"sidx", b"free", b"skip"]
) | {b"wide", b"uuid", b"udta", b"pdin", b"emsg", b"prft", b"idat", b"pnot"}
_AUDIO: Final = frozenset([b"M4A ", b"M4B "])
_PICTURE: Final = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"])
_QUICKTIME: Final = b"qt  "


def mp4_video(content: Content) -> None:
    """Require boxes of a film, none of the brands that are something else."""
    brand = _film(content)
    _require(brand not in _PICTURE | {_QUICKTIME} and re.fullmatch(rb"[\x20-\x7e]{4}", brand))


def mp4_audio(content: Content) -> None:
    """Require boxes of a sound recording; recorders use the general brands too."""
    _require(_film(content) in _AUDIO | {b"isom", b"iso2", b"mp41", b"mp42", b"3gp4", b"3gp5"})


def quicktime(content: Content) -> None:
    """Require boxes of a QuickTime film."""
    _require(_film(content) == _QUICKTIME)


def heic(content: Content) -> None:
    """Require boxes of a picture."""
    _require(content[8:12] in _PICTURE | {b"msf1"} and b"meta" in _boxes(content, 0))


def _film(content: Content) -> bytes:
    """Return the brand of boxes that hold a film or a recording."""
    kinds = _boxes(content, 0)
    _require(bool(kinds & {b"moov", b"moof"}))
    return content[8:12]


def _boxes(content: Content, at: int) -> set[bytes]:
    """Return the kinds of boxes from a place to the end of the content, which they fill."""
    _require(content[at + 4 : at + 8] == b"ftyp")
    found = set()
    while at < len(content):
        size, kind, header = _big(content, at, 4), content[at + 4 : at + 8], 8
        if kind not in _BOXES:
            raise Suspicious("trailing_data")
        if size == 1:
            size, header = _big(content, at + 8, 8), 16
        elif size == 0:
            size = len(content) - at
        _require(size >= header)
        found.add(kind)
        at += size
    _require_end(content, at)
    return found


def webm(content: Content) -> None:
    """Require an EBML header of WebM and one segment that fills the content."""
    _require(content[:4] == b"\x1a\x45\xdf\xa3")
    length, at = _vint(content, 4)
    _require(length is not None and length <= 1_024)
    end = at + (length or 0)
    _require(re.search(rb"\x42\x82\x84webm", content[at:end]) is not None)
    while content[end : end + 1] == b"\xec":  # padding between the two
        size, after = _vint(content, end + 1)
        _require(size is not None)
        end = after + (size or 0)
    _require(content[end : end + 4] == b"\x18\x53\x80\x67")
    size, after = _vint(content, end + 4)
    if size is not None:  # a recorder that writes as it goes does not know
        _require_end(content, after + size)


def _vint(content: Content, at: int) -> tuple[int | None, int]:
    """Return an EBML number, None for "unknown", and where it ends."""
    _require(at < len(content))
    first = content[at]
    length = 9 - first.bit_length()
    _require(1 <= length <= 8)
    value = _big(content, at, length) & ((1 << 7 * length) - 1)
    return None if value == (1 << 7 * length) - 1 else value, at + length


_PDF_END: Final = re.compile(rb"%%EOF[\r\n\x00\x20]*\Z")


def pdf(content: Content) -> None:
    """Require a PDF's header at the first byte and its end mark at the last."""
    _require(re.match(rb"%PDF-[12]\.[0-9]", content[:8]) is not None)
    if not _PDF_END.search(content[-1_024:]):
        raise Suspicious("trailing_data" if b"%%EOF" in content[-65_536:] else "truncated")


_RATES: Final = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
"""Of layer III in kbit/s: of MPEG 1, of MPEG 2 and 2.5."""
_SAMPLES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000)}
_MP3_ENDS: Final = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"3DI", b"ID3")


def mp3(content: Content) -> None:
    """Require frames of MPEG layer III, between the tags players know."""
    at = 0
    if content[:3] == b"ID3":
        sizes = content[6:10]
        _require(len(sizes) == 4 and max(sizes) < 0x80)
        at = 10 + (sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3])
    frames = 0
    for length in _frames(content, at):
        at += length
        frames += 1
    _require(frames >= 2)
    if at > len(content):
        raise Suspicious("truncated")
    rest = content[at : at + 16]
    if at < len(content) and not rest.startswith(_MP3_ENDS) and any(content[at:]):
        raise Suspicious("trailing_data")


def _frames(content: Content, at: int) -> Iterator[int]:
    """Yield the length of each frame that follows a place."""
    while at + 4 <= len(content):
        head = _big(content, at, 4)
        version, layer, rate, sampling = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10
        if head >> 21 != 0x7FF or version == 1 or layer != 1:
            return
        if rate in {0, 15} or sampling & 3 == 3:
            return
        kbits = _RATES[0 if version == 3 else 1][rate]
        hertz = _SAMPLES[3 if version == 3 else 2][sampling & 3] // (2 if version == 0 else 1)
        length = (144_000 if version == 3 else 72_000) * kbits // hertz + (head >> 9 & 1)
        yield length
        at += length


def _require(holds: object) -> None:
    """Let pass what has the shape."""
    if not holds:
        raise Suspicious("mistyped")


def _require_end(content: Content, at: int) -> None:
    """Let pass what ends where its container says."""
    if at > len(content):
        raise Suspicious("truncated")
    if at < len(content):
        raise Suspicious("trailing_data")


def _require_pixels(width: int, height: int) -> None:
    _require(width and height)
    if width * height > PIXELS_MAX:
        raise Suspicious("too_many_pixels")


def _big(content: Content, at: int, length: int) -> int:
    return int.from_bytes(content[at : at + length], "big")


def _little(content: Content, at: int, length: int) -> int:
    return int.from_bytes(content[at : at + length], "little")
