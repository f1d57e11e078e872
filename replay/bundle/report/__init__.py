"""The report of a bundle: one HTML file that tells a ticket's story and checks it in a browser.

It is made from bytes somebody hands in. Reading them from the ledger, choosing what a recipient may
see, and packing the bundle live elsewhere.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from domain.proof import base64text
from domain.proof.chain import leaf_hash

Language: TypeAlias = Literal["zh-CN", "en"]

FORMAT: Final = 1
"""The version of what is embedded in the page."""


def page(
    *,
    ticket: str,
    records: Sequence[bytes],
    disclosures: Sequence[Mapping[str, Any]],
    proofs: Sequence[Mapping[str, Any]],
    checkpoint: Mapping[str, Any] | None,
    language: Language,
    withheld: Mapping[int, bytes] = MappingProxyType({}),
    attachments: Mapping[str, str] = MappingProxyType({}),
    names: Mapping[Language, Mapping[str, str]] = MappingProxyType({}),
) -> bytes:
    """Return the report of a ticket as one HTML file, which needs nothing but itself.

    `records` are exact canonical bytes in the order of their versions; of versions the recipient
    may not see, `withheld` gives the leaf hash alone, and the chain goes on over them. A disclosure
    is `{version, field, disclosure, value}`, a proof `{version, index, hashes}` with hashes in
    base64, and a checkpoint `{origin, size, root, vkey, note}`. `attachments` gives the extensions
    of the files in `attachments/` beside the page by their SHA-256, for links. `names` is what a
    book calls things; what it does not name is called as this page knows it. Nothing of it is
    believed: whoever opens the page sees what does not fit.
    """
    versions = range(1, len(records) + len(withheld) + 1)
    if not withheld.keys() <= set(versions):
        raise ValueError("every version up to the last is shown or withheld")
    shown = iter(records)
    states = [None if version in withheld else next(shown) for version in versions]
    embedded = {
        "format": FORMAT,
        "ticket": ticket,
        "language": language,
        "records": [None if one is None else base64text.encode(one) for one in states],
        "leaves": [
            (withheld[version] if one is None else leaf_hash(one)).hex()
            for version, one in zip(versions, states, strict=True)
        ],
        "disclosures": [
            {
                "version": one["version"],
                "field": one["field"],
                "disclosure": one["disclosure"],
                "value": one["value"],
            }
            for one in disclosures
        ],
        "proofs": [
            {
                "version": one["version"],
                # A position may be larger than what a number of JavaScript holds exactly.
                "index": str(one["index"]),
                "hashes": list(one["hashes"]),
            }
            for one in proofs
        ],
        "attachments": dict(attachments),
        "checkpoint": None
        if checkpoint is None
        else {
            "origin": checkpoint["origin"],
            "size": str(checkpoint["size"]),
            "root": checkpoint["root"],
            "vkey": checkpoint["vkey"],
            "note": checkpoint["note"],
        },
    }
    style, verify, view = (_part(name) for name in ("report.css", "verify.js", "view.js"))
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(verify)}' '{_digest(view)}'"
    )
    parts = {
        "policy": policy,
        "language": language,
        "ticket": html.escape(ticket),
        "style": style,
        "words": _embeddable(_words(names)),
        "data": _embeddable(embedded),
        "verify": verify,
        "view": view,
    }
    # One pass over the frame alone: a mark within a ticket's text is never looked at.
    return _MARK.sub(lambda mark: parts[mark[1]], _part("frame.html")).encode()


_MARK: Final = re.compile(r"\{\{([a-z]+)\}\}")
_UNSAFE: Final = re.compile("[<>&\u2028\u2029\x7f\ud800-\udfff]")


def _words(names: Mapping[Language, Mapping[str, str]]) -> dict[str, Any]:
    """Return the words of the page, with what the books call things in place of its own."""
    words: dict[str, Any] = json.loads(_part("words.json"))
    for language, named in names.items():
        words[language]["values"].update(named)
    return words


def _part(name: str) -> str:
    """Return a file that lies beside this module."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _embeddable(value: object) -> str:
    """Return JSON in which nothing ends a script, begins a comment or is taken for HTML."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _digest(content: str) -> str:
    """Return how a content security policy names an inline script or style."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
