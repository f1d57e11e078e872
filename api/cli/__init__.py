"""The command line: one module a group of commands; what they do is done elsewhere."""

import sys
from typing import Annotated

import typer

from api.cli import (
    archiving,
    books,
    bundling,
    demonstrating,
    diagnosing,
    erasing,
    explaining,
    exporting,
    fairness,
    figures,
    importing,
    inspecting,
    keys,
    notices,
    reading,
    rebuilding,
    replaying,
    running,
    storing,
    tiles,
    training,
    verifying,
    what_if,
    witness,
)
from api.cli.terminal import explained, say

app = typer.Typer(
    name="ticketledger",
    help="The after-sales ledger: every change to a ticket is an event in an evidence chain.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for group in (
    running,
    demonstrating,
    importing,
    reading,
    replaying,
    rebuilding,
    explaining,
    inspecting,
    diagnosing,
    storing,
    books,
    keys,
    erasing,
    notices,
    tiles,
    witness,
    verifying,
    bundling,
    exporting,
    archiving,
    figures,
    what_if,
    fairness,
    training,
):
    group.register(app)


def _say_version(asked: bool) -> None:  # noqa: FBT001 - an option's own form
    """Say which version is installed, and end."""
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only when asked

        typer.echo(f"ticketledger {version('ticketledger')}")
        raise typer.Exit


@app.callback()
def told_first(
    _version: Annotated[  # noqa: FBT002 - an option's own form
        bool,
        typer.Option(
            "--version",
            help="Say which version this is, and end.",
            is_eager=True,
            callback=_say_version,
        ),
    ] = False,
) -> None:
    """The after-sales ledger: every change to a ticket is an event in an evidence chain."""


def main() -> None:
    """Run the command of the arguments; an expected error is told without a traceback."""
    try:
        app(prog_name="ticketledger")
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        say(f"{told.what}\n  why:  {told.why}\n  next: {told.remedy}")
        sys.exit(told.code)
