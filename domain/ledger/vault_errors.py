"""What can go wrong with a content and its vault; how it is told is decided elsewhere."""


class VaultError(Exception):
    """A content is not what its digest says, or can not be kept."""


class TooLarge(VaultError):  # noqa: N818 - what is the matter, in a word
    """A content has more bytes than it may have."""

    def __init__(self, limit: int) -> None:
        """Keep how many bytes it may have."""
        super().__init__(f"a content has at most {limit} bytes here")
        self.limit = limit


class Damaged(VaultError):  # noqa: N818 - what is the matter, in a word
    """A content has changed since it was kept; nothing of it is handed out."""

    def __init__(self, sha256: str, found: str) -> None:
        """Keep the digest it was kept under and the one it has now."""
        super().__init__("the content has changed since it was kept; nothing is handed out")
        self.sha256 = sha256
        self.found = found


class VaultUnavailable(VaultError):  # noqa: N818 - what is the matter, in a word
    """The store behind the vault does not answer; what was to be kept may be kept or not."""
