"""C2SP tlog-policy: which logs and how many of which witnesses make a checkpoint trustworthy."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from domain.proof.checkpoint import Opened, open_checkpoint
from domain.proof.errors import MalformedKey, MalformedPolicy, NoTrustedSignature, QuorumMissed
from domain.proof.keys import KeyType, VerifierKey, parse_vkey
from domain.proof.note import Note

POLICY_SIZE_MAX: Final = 262_144
ENTRIES_MAX: Final = 256
"""How many logs, witnesses and groups there may be together (C2SP asks for 32 of each)."""
NO_QUORUM: Final = "none"
"""The quorum of a policy that asks for no witness."""


class Log(msgspec.Struct, frozen=True):
    """A log that is trusted to sign its own checkpoints."""

    key: VerifierKey
    url: str | None = None


class Witness(msgspec.Struct, frozen=True):
    """Someone who cosigns, under the name that the policy calls them by."""

    name: str
    key: VerifierKey
    url: str | None = None


class Group(msgspec.Struct, frozen=True):
    """Witnesses and groups of which so many must have cosigned for the group to have."""

    name: str
    threshold: int
    members: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True):
    """Whom to trust: a checkpoint must be signed by one of the logs and cosigned by the quorum."""

    logs: tuple[Log, ...]
    parts: tuple[Witness | Group, ...] = ()
    """Witnesses and groups in an order in which every member stands before its group."""
    quorum: str = NO_QUORUM

    def __post_init__(self) -> None:
        """Refuse double names and keys, keys of the wrong type, and names of nobody."""
        if len(self.logs) + len(self.parts) > ENTRIES_MAX:
            raise MalformedPolicy(f"a policy has at most {ENTRIES_MAX} logs, witnesses and groups")
        words = [part.name for part in self.parts]
        addresses = [*(log.url for log in self.logs), *(part.url for part in self.witnesses)]
        words += [url for url in addresses if url is not None]
        if not all(map(_WORD.fullmatch, words)):
            raise MalformedPolicy("a name or an address has no spaces and no control characters")
        _check_keys([log.key for log in self.logs], KeyType.NOTE)
        _check_keys([witness.key for witness in self.witnesses], KeyType.COSIGNATURE)
        _check_parts(self.parts, self.quorum)

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """Everyone who may cosign."""
        return tuple(part for part in self.parts if isinstance(part, Witness))

    def __str__(self) -> str:
        """Return the policy as the text of its file."""
        lines = [_line("log", log.key.vkey, log.url) for log in self.logs]
        for part in self.parts:
            if isinstance(part, Witness):
                lines.append(_line("witness", part.name, part.key.vkey, part.url))
            else:
                lines.append(_line("group", part.name, str(part.threshold), *part.members))
        return "\n".join([*lines, f"quorum {self.quorum}\n"])

    def open(self, note: Note | bytes | str) -> Opened:
        """Return the checkpoint of a note that this policy trusts.

        Raises MalformedNote, MalformedCheckpoint, BadSignature, NoTrustedSignature or QuorumMissed.
        """
        if not self.logs:
            raise NoTrustedSignature("the policy names no log")
        witnesses = [witness.key for witness in self.witnesses]
        opened = open_checkpoint(note, [log.key for log in self.logs], witnesses)
        if not self.has_quorum(opened.witnesses):
            seen = ", ".join(key.name for key in opened.witnesses) or "nobody"
            raise QuorumMissed(f"the quorum is {self.quorum}, and cosigned has {seen}")
        return opened

    def has_quorum(self, cosigned: Mapping[VerifierKey, int]) -> bool:
        """Return whether these witnesses are enough."""
        witnessed = {NO_QUORUM: True}
        for part in self.parts:
            if isinstance(part, Witness):
                witnessed[part.name] = part.key in cosigned
            else:
                count = sum(witnessed[member] for member in part.members)
                witnessed[part.name] = count >= part.threshold
        return witnessed[self.quorum]


def parse_policy(content: bytes | str) -> Policy:
    """Return the policy that a file holds; MalformedPolicy names the first bad line."""
    # Octets beyond ASCII mean nothing here and are kept as they are, in names too.
    octets = content if isinstance(content, bytes) else content.encode(errors="surrogateescape")
    if len(octets) > POLICY_SIZE_MAX:
        raise MalformedPolicy(f"a policy has at most {POLICY_SIZE_MAX} bytes")
    if _FORBIDDEN.search(octets):
        raise MalformedPolicy("a policy has no control characters but tabs and newlines")
    if not octets.endswith(b"\n"):
        raise MalformedPolicy("every line of a policy ends in a newline")
    reading = _Reading()
    for number, line in enumerate(octets.decode(errors="surrogateescape").split("\n"), 1):
        words = [word for word in _SPACE.split(line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reading.line(*words)
        except (MalformedPolicy, MalformedKey) as error:
            raise MalformedPolicy(f"line {number}: {error}") from error
    return reading.policy()


class _Reading:
    """A policy half read."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._logs: list[Log] = []
        self._parts: list[Witness | Group] = []
        self._quorum: str | None = None

    def line(self, keyword: str, *words: str) -> None:
        """Take in one line."""
        match keyword, words:
            case "log", (vkey, *url) if len(url) <= 1:
                self._logs.append(Log(parse_vkey(vkey), *url))
            case "witness", (name, vkey, *url) if len(url) <= 1:
                self._parts.append(Witness(name, parse_vkey(vkey), *url))
            case "group", (name, threshold, *members) if members:
                count = _threshold(threshold, len(members))
                self._parts.append(Group(name, count, tuple(members)))
            case "quorum", (name,):
                if self._quorum is not None:
                    raise MalformedPolicy("a policy has one quorum")
                if name != NO_QUORUM and all(part.name != name for part in self._parts):
                    raise MalformedPolicy("the quorum is defined on a line before it")
                self._quorum = name
            case _:
                raise MalformedPolicy("this is no line of a log, witness, group or quorum")

    def policy(self) -> Policy:
        """Return what was read."""
        if self._quorum is None:
            raise MalformedPolicy("a policy says its quorum, be it none")
        return Policy(tuple(self._logs), tuple(self._parts), self._quorum)


_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_WORD: Final = re.compile(r"[^\x00-\x20\x7f]+")
_SPACE: Final = re.compile(r"[ \t]+")


def _threshold(word: str, members: int) -> int:
    """Return how many members a group needs: all, any, or a number."""
    if word in {"all", "any"}:
        return members if word == "all" else 1
    if not (word.isascii() and word.isdigit() and len(word) <= 4):
        raise MalformedPolicy("a group needs all, any, or a number of its members")
    return int(word)


def _line(*words: str | None) -> str:
    """Return the words as a line of the file."""
    return " ".join(word for word in words if word is not None)


def _check_keys(keys: list[VerifierKey], wanted: KeyType) -> None:
    """Refuse keys of another type, and one key twice under whatever names."""
    if any(key.type is not wanted for key in keys):
        raise MalformedPolicy("a log has a note key, a witness a cosignature key")
    if len({key.public for key in keys}) != len(keys):
        raise MalformedPolicy("the same key stands there twice")


def _check_parts(parts: tuple[Witness | Group, ...], quorum: str) -> None:
    """Refuse names used twice, members that are nobody or in two groups, impossible thresholds."""
    defined: set[str] = set()
    grouped: set[str] = set()
    for part in parts:
        if part.name == NO_QUORUM or part.name in defined:
            raise MalformedPolicy(f"the name {part.name!r} is taken")
        if isinstance(part, Group):
            members = set(part.members)
            if not members <= defined:
                raise MalformedPolicy(f"a member of {part.name!r} is not defined before it")
            if len(members) < len(part.members) or members & grouped:
                raise MalformedPolicy(f"a member of {part.name!r} is counted twice")
            if not 1 <= part.threshold <= len(members):
                raise MalformedPolicy(f"{part.name!r} needs between one and all of its members")
            grouped |= members
        defined.add(part.name)
    if quorum != NO_QUORUM and quorum not in defined:
        raise MalformedPolicy("the quorum is nobody who is defined")
