"""The command about the machine's judgement: diagnose, of one text or measured against labels."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.terminal import CommandError, Exit, Json, answer

if TYPE_CHECKING:
    from domain.ticket.diagnosis import Diagnoser, Judgement

TEXT: Final = "text"
"""The column of a file of labels that holds what was judged."""
TRIPLE: Final = ("party", "scenario", "urgency")
FIELD_MAX: Final = 1_000_000
SUBJECTS: Final = ("lexicon", "tag")
"""Tables of a book that a judgement needs."""


def register(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command()(diagnose)


def diagnose(
    text: Annotated[str | None, typer.Argument(help="A text to be judged.")] = None,
    *,
    gold: Annotated[
        Path | None,
        typer.Option(
            help="A CSV file with a column text and labels: party, scenario, urgency, sentiment."
        ),
    ] = None,
    book: Annotated[
        Path | None, typer.Option(help="The folder of a book; the newest one by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge a text by the words of a book, or tell how often that agrees with people's labels."""
    if (text is None) == (gold is None):
        raise CommandError(
            "There is nothing to judge, or twice something.",
            why="it is a text or --gold FILE",
            remedy="give one of the two",
            code=Exit.USAGE,
        )
    judge = _diagnoser(book)
    if text is not None:
        import msgspec  # noqa: PLC0415 - heavy

        answer(msgspec.to_builtins(judge(text, None)), as_json=as_json)
        return
    assert gold is not None, "one of the two was given"
    table = measured(_rows(gold), judge)
    if as_json:
        typer.echo(json.dumps(table, ensure_ascii=False))
        return
    typer.echo(
        f"{'question':<10} {'texts':>6} {'agreed':>7} {'share':>8} {'F1':>8} {'majority':>9}"
    )
    for question, found in table.items():
        typer.echo(
            f"{question:<10} {found['texts']:>6} {found['agreed']:>7}"
            f" {_percent(found['share_bp']):>8} {_percent(found['macro_f1_bp']):>8}"
            f" {_percent(found['majority_bp']):>9}"
        )


def measured(rows: Sequence[Mapping[str, str]], judge: "Diagnoser") -> dict[str, dict[str, int]]:
    """Return the agreement with people's labels, by question, beside what a constant reaches."""
    from domain.ticket.agreement import agreement  # noqa: PLC0415 - heavy
    from domain.values import BASIS_POINTS  # noqa: PLC0415 - heavy

    judgements = [judge(row[TEXT], None) for row in rows]
    table = {}
    for question, label, given in _questions(rows[0]):
        pairs = [(label(row), given(judged)) for row, judged in zip(rows, judgements, strict=True)]
        found = agreement(pairs)
        majority = Counter(right for right, _ in pairs).most_common(1)[0][1]
        table[question] = {
            "texts": found.judged,
            "agreed": found.agreed,
            "share_bp": found.share_bp,
            "macro_f1_bp": found.macro_f1_bp,
            "majority_bp": majority * BASIS_POINTS // len(pairs),
        }
    return table


def _questions(
    row: Mapping[str, str],
) -> Iterable[tuple[str, Callable[[Mapping[str, str]], str], Callable[["Judgement"], str]]]:
    """Return what the labels answer: each one, and the three together where all are there."""
    given: dict[str, Callable[[Judgement], str]] = {
        "party": lambda one: one.responsible,
        "scenario": lambda one: one.scenario,
        "urgency": lambda one: one.urgency,
        "sentiment": lambda one: one.sentiment,
    }
    for name, of in given.items():
        if name in row:
            yield name, lambda one, name=name: one[name], of  # type: ignore[misc] # bound now
    if all(name in row for name in TRIPLE):
        yield (
            "triple",
            lambda one: "/".join(one[name] for name in TRIPLE),
            lambda one: f"{one.responsible}/{one.scenario}/{one.urgency}",
        )


def _rows(path: Path) -> Sequence[Mapping[str, str]]:
    csv.field_size_limit(FIELD_MAX)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(
            "The labels can not be read.",
            why=str(error),
            remedy="give a CSV file in UTF-8",
            code=Exit.USAGE,
        ) from error
    if not rows or TEXT not in rows[0] or not {*TRIPLE, "sentiment"} & set(rows[0]):
        raise CommandError(
            "There is nothing to compare.",
            why="the file has no rows, no column text or no label",
            remedy="give the columns text and party, scenario, urgency or sentiment",
            code=Exit.INVALID,
        )
    if any(None in row or None in row.values() for row in rows):
        raise CommandError(
            "The labels can not be read.",
            why="a row has more or fewer fields than the first line",
            remedy="mend the file",
            code=Exit.INVALID,
        )
    return rows


def _diagnoser(folder: Path | None) -> "Diagnoser":
    import tomllib  # noqa: PLC0415 - heavy

    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    from domain.policies.book import BookError  # noqa: PLC0415 - heavy
    from domain.policies.lexicon import Lexicon  # noqa: PLC0415 - heavy
    from domain.policies.tags import Tag  # noqa: PLC0415 - heavy
    from domain.ticket.diagnosis import diagnoser  # noqa: PLC0415 - heavy

    table: dict[str, Any] = {}
    place = _newest() if folder is None else folder
    try:
        for path in sorted(place.glob("*.toml")):
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            table |= {name: content[name] for name in SUBJECTS if name in content}
        return diagnoser(
            [Tag.model_validate(one) for one in table["tag"]],
            Lexicon.model_validate(table["lexicon"]),
        )
    except KeyError as error:
        raise BookError(f"the folder {place} has no table {error}") from error
    except (OSError, ValueError, ValidationError) as error:
        raise BookError(f"{place}: {error}") from error


def _newest() -> Path:
    """Return the folder of the newest book that comes with the program."""
    from domain.policies import book  # noqa: PLC0415 - heavy

    tables = Path(book.__file__).parent / "tables"
    return max(one for one in tables.iterdir() if (one / "lexicon.toml").is_file())


def _percent(share_bp: int) -> str:
    return f"{share_bp / 100:.1f} %"
