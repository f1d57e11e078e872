"""Small whole contents of every type evidence may have, built byte by byte."""

import struct
import zlib


def png(width: int = 1, height: int = 1, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of one shade, with extra chunks before the end."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x7f")
    chunks = [(b"IHDR", header), (b"IDAT", pixels), *extra, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def jpeg(width: int = 8, height: int = 8, comment: bytes = b"") -> bytes:
    """The segments of a JPEG, with a scan nobody has to decode."""
    frame = struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)
    segments = [(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"), (0xC0, frame)]
    if comment:
        segments.insert(1, (0xFE, comment))
    scan = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + b"".join(_segment(*one) for one in segments) + scan + b"\xff\xd9"


def _segment(code: int, content: bytes) -> bytes:
    return b"\xff" + bytes([code]) + struct.pack(">H", len(content) + 2) + content


def riff(form: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A RIFF of chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(content)) + content + b"\x00" * (len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + form + body


def webp(width: int = 16, height: int = 16) -> bytes:
    """A WebP of the extended form."""
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff(b"WEBP", (b"VP8X", canvas), (b"VP8 ", bytes(10)))


def wav(sound: bytes = b"\x01\x02\x03") -> bytes:
    """A recording of one channel."""
    form = struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8)
    return riff(b"WAVE", (b"fmt ", form), (b"data", sound))


def box(kind: bytes, content: bytes = b"") -> bytes:
    """One box of an ISO base media file."""
    return struct.pack(">I", len(content) + 8) + kind + content


def film(brand: bytes, content: bytes = bytes(64)) -> bytes:
    """The boxes of a film of a brand."""
    return (
        box(b"ftyp", brand + bytes(4) + b"isom")
        + box(b"moov", box(b"mvhd", bytes(8)))
        + box(b"mdat", content)
    )


def heic() -> bytes:
    """The boxes of a picture."""
    return box(b"ftyp", b"heic" + bytes(4) + b"mif1") + box(b"meta", bytes(8)) + box(b"mdat", b"x")


def webm(*, size_known: bool = True) -> bytes:
    """An EBML header and a segment."""
    kind = b"\x42\x82\x84webm"
    segment = bytes(40)
    size = bytes([0x80 | len(segment)]) if size_known else b"\x01" + b"\xff" * 7
    header = b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(kind)]) + kind
    return header + b"\x18\x53\x80\x67" + size + segment


def pdf(body: bytes = b"1 0 obj\n<<>>\nendobj\n") -> bytes:
    """The least that is called a PDF."""
    return b"%PDF-1.7\n" + body + b"trailer\n<<>>\nstartxref\n9\n%%EOF\n"


def mp3(frames: int = 3) -> bytes:
    """Frames of MPEG 1 layer III at 128 kbit/s behind a tag."""
    frame = b"\xff\xfb\x90\x00" + bytes(417 - 4)
    return b"ID3\x04\x00\x00\x00\x00\x00\x05hello" + frame * frames


def archive(name: bytes = b"a.txt", content: bytes = b"hello") -> bytes:
    """A ZIP of one stored file."""
    check = struct.pack("<III", zlib.crc32(content), len(content), len(content))
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 0, 0, 0) + check
    local += struct.pack("<HH", len(name), 0) + name + content
    entry = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 0, 0, 0) + check
    entry += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end


WHOLE = {
    "application/json": b'{"activated": true, "readings": [1, 2.5, null]}',
    "application/pdf": pdf(),
    "audio/mp4": film(b"M4A "),
    "audio/mpeg": mp3(),
    "audio/wav": wav(),
    "image/heic": heic(),
    "image/jpeg": jpeg(),
    "image/png": png(),
    "image/webp": webp(),
    "text/csv": "时间,温度\n2026-11-22,4.5\n".encode(),
    "text/plain": "屏幕闪烁，5 < 7。".encode(),
    "video/mp4": film(b"isom"),
    "video/quicktime": film(b"qt  "),
    "video/webm": webm(),
}
"""Media type → a content that is nothing else."""
