"""The commands `training list` and `training play`: past matters, decided again."""

import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

import typer

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
    from api.demo.client import Client

PAGE: Final = 200
_AT: Final = "/v1/training"
_SIDES: Final = ("buyer", "merchant")
Trainee = Annotated[str, typer.Option("--trainee", help="The agent who trains, by reference.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this group, below `training`."""
    group = typer.Typer(
        help="Past matters without a person in them, to be decided again.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("list")(list_scenarios)
    group.command()(play)
    app.add_typer(group, name="training")


def list_scenarios(
    *,
    reason: Annotated[str | None, typer.Option(help="Only of this reason.")] = None,
    difficulty: Annotated[str | None, typer.Option(help="easy, medium or hard.")] = None,
    ending: Annotated[str | None, typer.Option(help="ruling, no_ruling or source.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = PAGE,
    trainee: Trainee = "trainee",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the scenarios that can be drawn from history."""
    _require_reference("--trainee", trainee)
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.demo.client import Client  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    asked = {"reason": reason, "difficulty": difficulty, "ending": ending}
    given = {name: value for name, value in asked.items() if value is not None}
    query = f"&{urlencode(given)}" if given else ""
    with services(settings) as parts, Client(parts) as client:
        parts.views.catch_up()
        found = list(_scenarios(client, trainee, query, limit))
    if as_json:
        answer({"scenarios": found}, as_json=True)
        return
    for one in found:
        typer.echo(
            f"{one['scenario']}  {one['difficulty']:<6}  {one['ending']:<9}  {one['reason']}"
        )
    say(f"{len(found)} scenarios")


def play(
    scenario: Annotated[str, typer.Argument(help="A scenario's name; see `training list`.")],
    *,
    trainee: Trainee = "trainee",
    attempt: Annotated[
        str | None, typer.Option(help="What the attempt is called; the same name goes on with it.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same counterpart.")] = 0,
    ruling: Annotated[
        Path | None,
        typer.Option(help="A JSON file with the ruling; without it the steps are told, no more."),
    ] = None,
    ask: Annotated[
        list[str] | None,
        typer.Option(help="Ask a side before ruling, like buyer:statement or merchant:evidence."),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Live through a past matter, ask the other side, rule, and see what was really decided."""
    _require_reference("--trainee", trainee)
    name = attempt if attempt is not None else f"play-{secrets.token_hex(6)}"
    _require_reference("--attempt", name)
    questions = [_question(one) for one in ask or ()]
    body = None if ruling is None else _read(ruling)
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.demo.client import Client  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    at = f"{_AT}/attempts/{name}"
    with services(settings) as parts, Client(parts) as client:
        parts.views.catch_up()
        start = {"attempt": name, "scenario": scenario, "seed": seed}
        _done(client, trainee, f"{_AT}/attempts", start)
        seen = _seen(client, trainee, at)
        for number in range(len(seen["steps"]) + 1, seen["steps_total"] + 1):
            _done(client, trainee, f"{at}/steps", {"step": number})
        for question in questions:
            _done(client, trainee, f"{at}/questions", question)
        if body is not None:
            _done(client, trainee, f"{at}/ruling", body)
        seen = _seen(client, trainee, at)
    if as_json:
        answer(seen, as_json=True)
        return
    for line in _lines(seen):
        typer.echo(line)


def _scenarios(client: "Client", trainee: str, query: str, limit: int) -> Iterator[dict[str, Any]]:
    cursor = ""
    while limit > 0:
        path = f"{_AT}/scenarios?limit={min(PAGE, limit)}{query}{cursor}"
        page = _seen(client, trainee, path)
        yield from page["items"]
        limit -= len(page["items"])
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


def _done(client: "Client", trainee: str, path: str, body: dict[str, Any]) -> None:
    told = client.post("agent", trainee, path, body)
    if not told.ok:
        raise _refused(told.status, told.body)


def _seen(client: "Client", trainee: str, path: str) -> dict[str, Any]:
    told = client.get("agent", trainee, path)
    if not told.ok:
        raise _refused(told.status, told.body)
    return told.body


def _refused(status: int, problem: Mapping[str, Any]) -> CommandError:
    codes = {404: Exit.NOT_FOUND, 409: Exit.CONFLICT, 422: Exit.INVALID}
    places = "; ".join(f"{one['where']}: {one['message']}" for one in problem.get("errors", ()))
    return CommandError(
        "Training does not go on.",
        why=f"{places or problem['detail']} ({problem['code']})",
        remedy="see `ticketledger training list`, docs/training.md, or take another --attempt",
        code=codes.get(status, Exit.FAILURE),
    )


def _require_reference(option: str, said: str) -> None:
    """Refuse what names nobody before a token or an address is made of it."""
    from api.models.base import REFERENCE  # noqa: PLC0415 - heavy

    if not REFERENCE.fullmatch(said):
        raise CommandError(
            f"The {option} is no reference.",
            why=f"{said!r} is not like {REFERENCE.pattern}",
            remedy="write letters, digits, dots, hyphens and underscores, 64 at most",
            code=Exit.INVALID,
        )


def _question(said: str) -> dict[str, str]:
    """Return what is asked of whom, before an attempt is begun for it."""
    from domain.values import About  # noqa: PLC0415 - heavy

    party, _, about = said.partition(":")
    if party not in _SIDES or about not in set(About):
        raise CommandError(
            "The question is none.",
            why=f"--ask {said!r} names no side with what it is asked for",
            remedy=f"write {' or '.join(_SIDES)}, a colon, then {' or '.join(About)}",
            code=Exit.INVALID,
        )
    return {"party": party, "about": about}


def _read(place: Path) -> dict[str, Any]:
    try:
        body = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(
            "The ruling was not read.",
            why=f"{place} is no JSON file that can be read",
            remedy='write one like {"in_favour_of": "buyer", "shares": [...], "awards": []}',
            code=Exit.INVALID,
        ) from error
    if not isinstance(body, dict):
        raise CommandError(
            "The ruling was not read.",
            why=f"{place} holds no JSON object",
            remedy="see docs/training.md",
            code=Exit.INVALID,
        )
    return body


def _lines(seen: Mapping[str, Any]) -> Iterator[str]:
    """Yield an attempt as a person reads it."""
    yield f"{seen['attempt']}: {seen['scenario']}, {seen['reason']}, {seen['difficulty']}"
    against = seen["against"]
    whose = "" if against["system"] is None else f" ({against['system']})"
    yield f"{against['zh']} {against['en']}{whose}"
    for one in (*seen["steps"], *seen["afterwards"]):
        yield f"{one['step'] or '-':>4}  {one['after_min']:>7} min  {one['by']:<13} {one['what']}"
        for told in one["told"]:
            yield f"{'':>30}{told['name']}: {told['value']}"
        for text in one["texts"]:
            yield f"{'':>30}“{text['zh']} {text['en']}” ({text['kind']}, {text['length']})"
    for one in seen["questions"]:
        yield f"asked {one['party']} for {one['about']}: from the {one['answered_by']}"
        for sentence in one["says"]:
            yield f"      {sentence['zh']} {sentence['en']}"
        if not one["says"]:
            yield f"      {', '.join(one['refers_to'])}"
    if seen["compared"] is not None:
        yield from _compared(seen["compared"])
    elif seen["asked"] is not None:
        yield from _asked(seen["asked"])


def _asked(asked: Mapping[str, Any]) -> Iterator[str]:
    parts = ", ".join(f"{one['part']} ({one['of']})" for one in asked["parts"])
    yield f"your ruling is asked: {parts}"
    for one in asked["evidence"]:
        yield f"  {one['item']}: {one['kind']} of the {one['party']}"
    for one in asked["clauses"]:
        yield f"  {one['clause']}: {one['zh']} {one['en']}"
    if asked["choices"]:
        yield f"  outcomes: {', '.join(asked['choices'])}"


def _compared(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"score: {told['score']} of 100 by {told['scoring']}"
    yield f"within the cap: {'yes' if told['within_cap'] else 'no'}"
    for one in told["shares"]:
        yield f"  {one['party']}: {one['given_bp']} bp, really {one['real_bp']} bp"
    for one in told["remedies"]:
        given, real = (_amount(one.get(side)) for side in ("given", "real"))
        yield f"  {one['kind']}: {one['found']} ({given}, really {real})"
    for name in ("clauses", "evidence"):
        for how in ("missed", "extra"):
            if told[f"{name}_{how}"]:
                yield f"  {name} {how}: {', '.join(told[f'{name}_{how}'])}"
    if told["real"].get("outcome") is not None:
        yield f"  outcome, as the source has it: {told['real']['outcome']}"


def _amount(money: Mapping[str, Any] | None) -> str:
    return "-" if money is None else f"{money['amount_minor']} {money['currency']}"
