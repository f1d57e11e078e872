"""The one error of the embedded server: what failed, why, and what to do next."""


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL cannot do what was asked."""

    def __init__(self, what: str, *, why: str, remedy: str) -> None:
        super().__init__(f"{what}\n  why:    {why}\n  remedy: {remedy}")
        self.what = what
        self.why = why
        self.remedy = remedy
