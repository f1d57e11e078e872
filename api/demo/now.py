"""A `now` that stands still until it is moved, and never goes back."""

from domain.values import Instant


class HeldNow:
    """The demo's time source."""

    def __init__(self, at: Instant) -> None:
        """Stand at an instant."""
        self.at = at

    def __call__(self) -> Instant:
        """Return the instant it stands at."""
        return self.at

    def move(self, to: Instant) -> None:
        """Go on to an instant; an earlier one changes nothing."""
        self.at = max(self.at, to)
