"""Every way in which something offered as proof fails to be one; judging what follows is not here.

ProofError
├── Malformed: MalformedKey, MalformedNote, MalformedCheckpoint, MalformedTile, MalformedProof,
│              MalformedPolicy, MalformedReceipt, MalformedStamp
├── InvalidProof
├── NotInTree
└── Untrusted: BadSignature, NoTrustedSignature, QuorumMissed, InvalidStamp
"""


class ProofError(ValueError):
    """What was given does not prove what it claims; the sentence says why."""


class Malformed(ProofError):  # noqa: N818 - named for what is wrong with the bytes
    """The bytes are not of the form they claim, so nothing was judged."""


class MalformedKey(Malformed):
    """This is no key of a type we know, or a degenerate one that any signature would fit."""


class MalformedNote(Malformed):
    """This is no C2SP signed note."""


class MalformedCheckpoint(Malformed):
    """This is no checkpoint: origin, size and root of a tree, and nothing else."""


class MalformedTile(Malformed):
    """This is no tile, entry bundle or path of one, or it is not as wide as it must be."""


class MalformedProof(Malformed):
    """This is no proof: not its form, not its length, or hashes that are not 32 bytes."""


class MalformedPolicy(Malformed):
    """This is no C2SP trust policy."""


class MalformedReceipt(Malformed):
    """This is no receipt: stream, version, leaf hash and instant, and nothing else."""


class MalformedStamp(Malformed):
    """This is no RFC 3161 answer that grants a stamp."""


class InvalidProof(ProofError):  # noqa: N818 - named for what is wrong with the proof
    """The proof is well formed and leads to another root than the one it was offered for."""


class NotInTree(ProofError):  # noqa: N818 - named for what is wrong with the question
    """The tree of this size has no such leaf, node or earlier size."""


class Untrusted(ProofError):  # noqa: N818 - named for what is wrong with the note
    """The note is well formed and nobody we trust vouches for it."""


class BadSignature(Untrusted):
    """A line names a key we trust and was not made by it."""


class NoTrustedSignature(Untrusted):
    """No line was made by a key we trust."""


class QuorumMissed(Untrusted):
    """The log signed it, and not enough of the witnesses did."""


class InvalidStamp(Untrusted):
    """The stamp is over something else, or no authority we trust made it."""
