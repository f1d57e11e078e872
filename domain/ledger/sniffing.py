"""What a content is by its own bytes, held against what it is called; nothing in it is interpreted.

Evidence is stored as it came. So a content is either plainly one thing of the allowed types, from
its first byte to its last, or it is not taken: no second meaning, no archive or page inside.
"""

import codecs
import mmap
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import IO, Final

import msgspec

from domain.ledger import sniffing_media as media
from domain.ledger.sniffing_media import Content, Suspicious

__all__ = ["MEDIA_TYPES", "SHOWN_IN_PLACE", "Suspicious", "Unsupported", "check_name", "examine"]


class Unsupported(ValueError):  # noqa: N818 - a finding, not an error
    """The media type is not one that evidence may have."""


_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "image/jpg": "image/jpeg",
        "image/heif": "image/heic",
        "audio/mp3": "audio/mpeg",
        "audio/wave": "audio/wav",
        "audio/x-wav": "audio/wav",
        "audio/m4a": "audio/mp4",
        "audio/x-m4a": "audio/mp4",
    }
)
_HEAD_BYTES: Final = 1_024
"""So far readers look for the header of a document or the tags of a page."""
_ZIP_TAIL_BYTES: Final = 65_557
"""So near to the end an archive has its directory, its longest comment counted in."""
_CHUNK_BYTES: Final = 1024 * 1024
_MARKUP: Final = re.compile(
    rb"<(?:!doctype|html|head|body|script|iframe|svg|style|object|embed)[\s/>]", re.IGNORECASE
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _text(content: Content) -> None:
    """Require UTF-8 without control characters that does not begin like markup."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _CHUNK_BYTES):
            decoder.decode(content[start : start + _CHUNK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Suspicious("mistyped") from None
    if _CONTROL.search(content):
        raise Suspicious("control_characters")
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<[a-zA-Z!?/]", content):
        raise Suspicious("markup")


def _json(content: Content) -> None:
    """Require one JSON text; only its form is looked at."""
    _text(content)
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except RecursionError:
        raise Suspicious("too_deep") from None
    except msgspec.DecodeError:
        raise Suspicious("mistyped") from None


_SHAPES: Final[Mapping[str, tuple[Callable[[Content], None], frozenset[str]]]] = MappingProxyType(
    {
        "application/json": (_json, frozenset({"json"})),
        "application/pdf": (media.pdf, frozenset({"pdf"})),
        "audio/mp4": (media.mp4_audio, frozenset({"m4a", "mp4"})),
        "audio/mpeg": (media.mp3, frozenset({"mp3"})),
        "audio/wav": (media.wav, frozenset({"wav"})),
        "image/heic": (media.heic, frozenset({"heic", "heif"})),
        "image/jpeg": (media.jpeg, frozenset({"jpg", "jpeg"})),
        "image/png": (media.png, frozenset({"png"})),
        "image/webp": (media.webp, frozenset({"webp"})),
        "text/csv": (_text, frozenset({"csv"})),
        "text/plain": (_text, frozenset({"txt", "log", "text", "md"})),
        "video/mp4": (media.mp4_video, frozenset({"mp4", "m4v"})),
        "video/quicktime": (media.quicktime, frozenset({"mov", "qt"})),
        "video/webm": (media.webm, frozenset({"webm"})),
    }
)
MEDIA_TYPES: Final = tuple(sorted(_SHAPES))
"""What evidence may be."""
SHOWN_IN_PLACE: Final = frozenset(
    one for one in MEDIA_TYPES if one.partition("/")[0] in {"image", "audio", "video"}
)
"""What a browser may show by itself; everything else is saved to a file."""
_EXTENSIONS: Final = frozenset().union(*(names for _, names in _SHAPES.values())) | {
    *("app", "apk", "bat", "cmd", "com", "dll", "dmg", "exe", "htm", "html", "iso", "jar", "js"),
    *("jse", "lnk", "mht", "msi", "php", "pif", "ps1", "py", "scr", "sh", "shtml", "svg", "swf"),
    *("url", "vbe", "vbs", "wsf", "xhtml", "xml", "xsl", "asp", "aspx", "jsp", "cgi", "pl"),
    *("7z", "bz2", "docm", "gz", "rar", "tar", "tgz", "xlsm", "xz", "zip", "zst"),
}
"""Endings that tell a reader or a machine what a file is."""


def supported(media_type: str) -> str:
    """Return the one spelling of a media type; raise Unsupported for one evidence may not have."""
    known = media_type.partition(";")[0].strip().lower()
    known = _ALIASES.get(known, known)
    if known not in _SHAPES:
        raise Unsupported
    return known


def examine(file: IO[bytes], media_type: str) -> None:
    """Let a content pass that is what it is called and nothing beside; else raise Suspicious."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        shape, _ = _SHAPES[media_type]
        shape(content)
        head = content[:_HEAD_BYTES]
        if _MARKUP.search(head):
            raise Suspicious("markup")
        if media_type != "application/pdf" and b"%PDF-" in head:
            raise Suspicious("hidden_document")
        if _has_archive(content):
            raise Suspicious("hidden_archive")


def check_name(name: str, media_type: str) -> None:
    """Let a file name pass that is a plain name of the media type; else raise Suspicious.

    A name is personal and is not kept; but one that lies, or that tries to be a path, says what
    the sender is up to.
    """
    if not name.strip() or len(name.encode(errors="replace")) > 255:
        raise Suspicious("file_name")
    if not name.isprintable() or name.startswith(".") or set(name) & set('/\\:*?"<>|'):
        raise Suspicious("file_name")
    _, extensions = _SHAPES[media_type]
    first, *endings = (part.strip().lower() for part in name.split("."))
    if not first or not endings:
        raise Suspicious("file_name")
    *inner, last = endings
    if last not in extensions:
        raise Suspicious("extension")
    if any(one in _EXTENSIONS and one not in extensions for one in inner):
        raise Suspicious("double_extension")


def _has_archive(content: Content) -> bool:
    """Return whether a ZIP reader would find an archive in the content, wherever it begins."""
    size = len(content)
    end = size
    first = max(0, size - _ZIP_TAIL_BYTES)
    while (at := content.rfind(b"PK\x05\x06", first, end)) >= 0:
        length = int.from_bytes(content[at + 12 : at + 16], "little")
        start = at - length
        directory = 0 <= start < at and content[start : start + 4] == b"PK\x01\x02"
        zip64 = content[at - 20 : at - 16] == b"PK\x06\x07" if at >= 20 else False
        if directory or zip64:
            return True
        end = at + 3
    return False
