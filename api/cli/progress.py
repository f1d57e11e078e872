"""How far a command has come, told on stderr while it works; what it comes to is told elsewhere."""

import sys
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Final, Self

import typer

WIDTH: Final = 30
EVERY_S: Final = 0.2
"""More often nobody can look."""
Counting = Callable[[int, int], None]
"""Is told how many of all things are done."""


class Bar:
    """A bar that is drawn where somebody can see it, and leaves its line when the work ends."""

    def __init__(self) -> None:
        """Begin with nothing drawn."""
        self._drawn_at: float | None = None

    def counting(self, things: str) -> Counting:
        """Return what tells how many of all things are done."""

        def tell(done: int, total: int) -> None:
            share = done / total if total else 1.0
            self.draw(share, lambda: f"{done:,} of {total:,} {things}")

        return tell

    def draw(self, share: float, words: Callable[[], str]) -> None:
        """Tell which share is done, when it is time; that all is done at any time."""
        if not sys.stderr.isatty():
            return
        now = monotonic()
        if self._drawn_at is None or share >= 1 or now - self._drawn_at >= EVERY_S:
            self._drawn_at = now
            done = round(share * WIDTH)
            bar = "#" * done + "." * (WIDTH - done)
            typer.echo(f"\r[{bar}] {share:4.0%}  {words()}\x1b[K", nl=False, err=True)

    def __enter__(self) -> Self:
        """Return the bar."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar's line, if it was drawn, however the work ends."""
        if self._drawn_at is not None:
            typer.echo("", err=True)
