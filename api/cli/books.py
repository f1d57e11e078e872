"""Commands about the books of rules: `list`, `show`, `check`, `adopt`, `diff`, `move`, `pilot`."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from api.cli.piloting import pilot
from api.cli.replaying import require_level
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    answer,
    say,
    settings_of,
)

if TYPE_CHECKING:
    from api.wiring import Services
    from domain.policies.book import Book, BookError
    from domain.values import Actor, Instant
    from replay.what_changes import Changes

BookFile = Annotated[Path, typer.Argument(help="A book: a TOML file, or a folder of such files.")]
By = Annotated[str, typer.Option(help="The administrator who orders it, by reference.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this group, below `books`."""
    group = typer.Typer(
        help="The books of rules: what is promised, since when.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("list")(list_books)
    for command in (show, check, adopt, diff, move, pilot):
        group.command()(command)
    app.add_typer(group, name="books")


def list_books(
    *, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """List the adopted books in the order in which they begin; * marks the one in force."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    import msgspec  # noqa: PLC0415 - heavy

    from api.reads.books import adopted_books  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    with services(settings) as parts:
        found = adopted_books(parts)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found)))
        return
    for one in found.items:
        mark = "*" if one.in_force else " "
        typer.echo(f"{mark} {one.version:<16} {one.in_force_from}  {one.digest}")


def show(
    version: Annotated[str, typer.Argument(help="A book's version, or the digest of its bytes.")],
    *,
    subject: Annotated[
        str | None, typer.Option(help="Only the tables of a subject, like clocks or routing.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show an adopted book: its very bytes, or the tables of one subject."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.reads.books import plain  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.policies.subjects import SUBJECTS, of_subject  # noqa: PLC0415 - heavy

    if subject is not None and subject not in SUBJECTS:
        raise CommandError(
            "A book has no such subject.",
            why=f"its subjects are {', '.join(SUBJECTS)}",
            remedy="name one of them",
            code=Exit.USAGE,
        )
    with services(settings) as parts:
        content = _adopted(parts, version)
    tables = tomllib.loads(content.decode())
    if subject is not None:
        tables = of_subject(tables, subject)
    if as_json or subject is not None:
        indent = None if as_json else 2
        typer.echo(json.dumps(plain(tables), ensure_ascii=False, indent=indent))
    else:
        typer.echo(content.decode(), nl=False)


def check(path: BookFile, *, as_json: Json = False) -> None:
    """Prove that a book is whole: no gap, no overlap, no unknown reference; nothing is adopted."""
    from domain.policies import book as books  # noqa: PLC0415 - heavy
    from domain.values import instant  # noqa: PLC0415 - heavy

    try:
        book = books.require_adoptable(books.parse(_read(path)))
    except books.BookError as error:
        _refused(error, as_json=as_json)
    told = {
        "version": book.version,
        "digest": book.digest,
        "in_force_from": instant(book.in_force_from),
    }
    answer({**told, "problems": []} if as_json else told, as_json=as_json)


def adopt(
    path: BookFile,
    *,
    in_force_from: Annotated[
        str | None,
        typer.Option(help="An instant to come, like 2026-12-01T00:00:00+08:00; else its own."),
    ] = None,
    by: By = "operator",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Adopt a book: its digest goes on record, and from its instant on it is what is promised."""
    content = _read(path)
    begins = None if in_force_from is None else _instant(in_force_from)
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.policies.book import BookError, parse  # noqa: PLC0415 - heavy

    try:
        book = parse(content)
        with services(settings, makes=True) as parts:
            outcome = parts.ledger.adopt(content, in_force_from=begins, actor=_admin(by))
            known = next(one for one in parts.ledger.adoptions() if one.digest == book.digest)
    except BookError as error:
        _refused(error, as_json=as_json)
    told = {
        "version": known.version,
        "digest": known.digest,
        "in_force_from": known.in_force_from,
        "position": outcome.position,
        "adopted": bool(outcome.events),
    }
    answer(told, as_json=as_json)
    if not outcome.events:
        say("Nothing was recorded: this book was adopted before.")


def diff(
    a: Annotated[str, typer.Argument(help="A version, a digest, a file or a folder.")],
    b: Annotated[str, typer.Argument(help="Another one.")],
    *,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Tell every table, row and column at which two books differ."""
    import msgspec  # noqa: PLC0415 - heavy

    from api.reads.books import plain  # noqa: PLC0415 - heavy
    from domain.policies.subjects import differences  # noqa: PLC0415 - heavy

    contents = [_read(Path(one)) if Path(one).exists() else None for one in (a, b)]
    if None in contents:
        settings = settings_of(data_dir=data_dir, database_url=database_url)
        from api.wiring import services  # noqa: PLC0415 - heavy

        with services(settings) as parts:
            contents = [
                _adopted(parts, name) if content is None else content
                for name, content in zip((a, b), contents, strict=True)
            ]
    before, after = (_tables(content or b"") for content in contents)
    found = [plain(msgspec.to_builtins(one)) for one in differences(before, after)]
    if as_json:
        typer.echo(json.dumps({"differences": found}, ensure_ascii=False))
        return
    for one in found:
        place = " ".join(one[name] for name in ("table", "row", "column") if one[name])
        typer.echo(f"{place}: {_brief(one.get('before'))} -> {_brief(one.get('after'))}")


def move(
    *,
    to: Annotated[
        str,
        typer.Option(
            help="The version of the adopted book to move to; of a dry run also a book to come, or "
            "one nobody adopted: a TOML file, or a folder of such files."
        ),
    ],
    why: Annotated[str, typer.Option(help="The reason, which goes on every ticket's record.")],
    ticket: Annotated[list[str] | None, typer.Option(help="A ticket; may be repeated.")] = None,
    all_open: Annotated[
        bool, typer.Option("--all-open", help="Every ticket that is neither resolved nor closed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change; nothing is recorded.")
    ] = False,
    by: By = "operator",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Promise on open tickets what another book promises, and tell every change."""
    if all_open == bool(ticket):
        raise CommandError(
            "It is not said what to move.",
            why="it is --all-open, or one --ticket or more",
            remedy="give one of the two",
            code=Exit.USAGE,
        )
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api import moving  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy
    from replay.what_changes import totals  # noqa: PLC0415 - heavy

    sums = totals(())
    try:
        with services(settings) as parts:
            if dry_run:
                work = moving.surveyed
                asked = moving.trial(parts, _tried(parts, to), why, _admin(by))
            else:
                work, asked = moving.moved, moving.Move(to, why, _admin(by))
                moving.require_in_force(parts, to)
            for batch in _batches(parts, ticket):
                found = work(parts, batch, asked)
                sums = totals(found, sums)
                for one in found:
                    _tell(one, as_json=as_json)
    except KeyboardInterrupt:
        say("Interrupted. Run the same command again to go on: what was moved stays moved.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "totals": sums}))
    else:
        answer({"dry run, nothing was recorded" if dry_run else "moved": sums}, as_json=False)


def _tried(parts: "Services", name: str) -> "Book":
    """Return the book that a dry run is about: an adopted one, or one that is only written."""
    from api.cli.trials import in_book_words, written_book  # noqa: PLC0415 - heavy
    from domain import errors  # noqa: PLC0415 - heavy
    from domain.policies.book import parse, require_adoptable  # noqa: PLC0415 - heavy

    adopted = parts.ledger.book_named(name)
    if adopted is not None:
        return adopted
    book = parse(written_book(name))
    known = parts.ledger.book_named(book.version)
    if known is not None and known.digest != book.digest:
        raise errors.BookKnownOtherwise
    if known is None:
        with in_book_words():
            require_adoptable(book)
        say(f"{book.version} is not adopted: told is what it would change once it is in force.")
    return known or book


def _batches(parts: "Services", tickets: list[str] | None) -> Iterator[list[str]]:
    """Give the tickets that are meant; all open ones as far as the record has come."""
    from api import moving  # noqa: PLC0415 - heavy

    if tickets:
        return moving.batches(list(dict.fromkeys(tickets)))
    require_level(parts)
    return moving.open_tickets(parts)


def _tell(one: "Changes", *, as_json: bool) -> None:
    """Print what becomes of a ticket: one line of JSON, or a line for each change."""
    import msgspec  # noqa: PLC0415 - heavy

    if as_json:
        typer.echo(msgspec.json.encode(one).decode())
        return
    if one.refused is not None or one.before == one.after:
        typer.echo(f"{one.ticket}  {one.refused or 'is there already'}")
        return
    ahead = "" if one.in_force_from is None else f"  not in force before {one.in_force_from}"
    typer.echo(f"{one.ticket}  {one.before} -> {one.after}{ahead}")
    for name, pair in (("priority", one.priority), ("queue", one.queue)):
        if pair is not None:
            typer.echo(f"  {name:<28} {pair[0]} -> {pair[1]}")
    for clock in one.clocks:
        due = f"{clock.due_before or '-'} -> {'rests' if clock.rests else clock.due_after or '-'}"
        late = "  breached at once" if clock.breached_at_once else ""
        cost = ""
        if clock.cost_before != clock.cost_after:
            cost = f"  costs {_amount(clock.cost_before)} -> {_amount(clock.cost_after)}"
        typer.echo(f"  {clock.clock:<28} {clock.change:<9} {due}{late}{cost}")
    for owed in one.owed:
        typer.echo(f"  {owed.clock:<28} owes      {_amount(owed.amount)} by {owed.policy}")


def _amount(amount: Any) -> str:
    return "nothing" if amount is None else f"{amount.amount_minor} {amount.currency}"


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return "-" if value is None else text if len(text) <= 100 else f"{text[:97]}..."


def _read(path: Path) -> bytes:
    from api.wiring import book_bytes  # noqa: PLC0415 - heavy

    try:
        return book_bytes(path)
    except OSError as error:
        raise CommandError(
            "The book can not be read.",
            why=error.strerror or str(error),
            remedy="name a TOML file, or a folder of such files",
            code=Exit.INVALID if path.exists() else Exit.NOT_FOUND,
        ) from error


def _tables(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise CommandError(
            "This is no book.", why=str(error), remedy="correct it", code=Exit.INVALID
        ) from error


def _adopted(parts: "Services", version: str) -> bytes:
    for one in parts.ledger.adoptions():
        if version in {one.version, one.digest}:
            content = parts.ledger.book_content(one.digest)
            assert content is not None, "an adopted book's bytes are kept before its adoption"
            return content
    raise CommandError(
        "No such book is adopted.",
        why="neither a version nor a digest nor a file is called so",
        remedy="`ticketledger books list` tells which there are",
        code=Exit.NOT_FOUND,
    )


def _refused(error: "BookError", *, as_json: bool) -> NoReturn:
    """Tell what is wrong with a book, and end."""
    if as_json:
        typer.echo(json.dumps({"problems": list(error.problems)}, ensure_ascii=False))
    for one in error.problems:
        say(one)
    say("The book is refused; nothing was adopted.")
    raise typer.Exit(Exit.INVALID)


def _instant(text: str) -> "Instant":
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy

    from api.models.base import At  # noqa: PLC0415 - heavy
    from domain.values import Instant  # noqa: PLC0415 - heavy

    try:
        return Instant(TypeAdapter(At).validate_python(text))
    except ValueError as error:
        raise CommandError(
            "--in-force-from is no instant.",
            why="it is a time with an offset",
            remedy="write it like 2026-12-01T00:00:00+08:00",
            code=Exit.USAGE,
        ) from error


def _admin(reference: str) -> "Actor":
    from domain.values import Actor, ActorKind  # noqa: PLC0415 - heavy

    return Actor(ActorKind.ADMIN, reference)
