"""What every refusal is: a stable code, a sentence and facts; which there are is not here."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The domain says no; nothing has been written."""

    code = "refused"

    def __init__(self, sentence: str | None = None, **facts: object) -> None:
        """Keep one short sentence of fact and named facts for machines; never an input value."""
        super().__init__(sentence or (type(self).__doc__ or "").partition("\n")[0])
        self.facts = facts
