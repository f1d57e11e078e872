"""The command line: one module a group of commands; what they do is done elsewhere."""

import sys

import typer

from api.cli import (
    bundling,
    demonstrating,
    erasing,
    importing,
    inspecting,
    keys,
    reading,
    running,
    storing,
    tiles,
    verifying,
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
    inspecting,
    storing,
    keys,
    erasing,
    tiles,
    witness,
    verifying,
    bundling,
):
    group.register(app)


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
