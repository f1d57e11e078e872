"""Every number the API tells, found by its schema; and the list that each count must lead to."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from api.app import openapi_document

DOCUMENT: Final = openapi_document()
_SCHEMAS: Final = DOCUMENT["components"]["schemas"]
_JSON: Final = "application/json"
NO_COUNTS: Final[dict[str, str]] = {
    # Name → what the number is, wherever it is told, where it is no number of tickets.
    **dict.fromkeys(
        ("version", "position", "lane", "step", "day", "round", "erasure", "instance", "rung"),
        "which one",
    ),
    **dict.fromkeys(("next_after", "old", "new", "seed", "status", "rank"), "which one"),
    **dict.fromkeys(
        ("open_us", "rested_us", "span_us", "usable_us", "used_us", "wall_us", "seconds"), "a time"
    ),
    **dict.fromkeys(("late_ms_p50", "late_ms_p99", "late_ms_max"), "a time"),
    **dict.fromkeys(("after_min", "elapsed_s", "target_s", "days_since_signing"), "a time"),
    **dict.fromkeys(
        ("agreed_bp", "confidence_bp", "given_bp", "good_bp", "load_bp", "real_bp", "share_bp"),
        "a share",
    ),
    **dict.fromkeys(("warned_bp[]",), "a share"),
    **dict.fromkeys(
        ("amount_minor", "owed_minor{}", "owed_minor_before{}", "owed_minor_after{}"), "money"
    ),
    **dict.fromkeys(("attitude", "speed", "result", "result{}"), "a mark, or what was decided"),
    **dict.fromkeys(("points", "score", "priority", "priority[]"), "a weight"),
}
OF_OTHERS: Final[dict[tuple[str, str], str]] = {
    # Operation and name → what is counted there, where the name could as well count tickets.
    ("preview_erasure", "contents"): "of a person",
    ("preview_erasure", "texts"): "of a person",
    ("read_erasure", "contents"): "of a person",
    ("read_erasure", "texts"): "of a person",
    ("read_legal_hold", "erased{}[]"): "of a person",
    ("read_ticket", "size"): "bytes",
    ("read_case_file", "size"): "bytes",
    ("read_custody", "size"): "bytes",
    ("read_order", "size"): "bytes",
    ("read_order", "quantity"): "pieces of a line",
    ("read_journey", "waits"): "of one ticket",
    ("read_order_journey", "waits"): "of one order",
    ("read_queue", "reports{}"): "of one ticket",
    ("read_training_attempt", "of"): "points",
    ("read_training_attempt", "steps_total"): "of one scenario",
    ("read_statistics", "events"): "records; the feed is their list",
    ("read_lateness", "fired"): "instants, of a process and not of the business",
    ("read_readiness", "lag{}"): "records, of a process and not of the business",
    ("read_readiness", "poisoned"): "records, of a process and not of the business",
}


class Leaf(NamedTuple):
    """A number in an answer."""

    way: tuple[str | int, ...]
    """How it is reached."""
    place: str
    """The same, without what is in a map or list: a.b{}.c[]."""
    value: int


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, path and schema of every read that answers JSON."""
    for path, methods in DOCUMENT["paths"].items():
        operation = methods.get("get", {})
        for status, told in operation.get("responses", {}).items():
            content = told.get("content", {})
            if status.startswith("2") and _JSON in content:
                yield operation["operationId"], path, content[_JSON]["schema"]


def has_past(operation: str) -> bool:
    """Return whether an operation is asked as of a moment of everything."""
    names = [
        one["name"]
        for methods in DOCUMENT["paths"].values()
        if methods.get("get", {}).get("operationId") == operation
        for one in methods["get"].get("parameters", ())
    ]
    return "at_position" in names and "at_version" not in names


def places_of(operation: str) -> set[str]:
    """Return the places of all numbers of an operation; of maps and lists with {} and []."""
    return set(_places(_schema_of(operation), "", frozenset()))


def counts_of(operation: str) -> set[str]:
    """Return the places of the numbers of an operation that count tickets."""
    return {place for place in places_of(operation) if _is_count(operation, place)}


def name_of(place: str) -> str:
    """Return what a number is called."""
    return place.rpartition(".")[2]


def leaves(operation: str, told: Any) -> Iterator[Leaf]:
    """Yield every count in an answer of an operation."""
    for leaf in _leaves(_schema_of(operation), told, (), ""):
        if _is_count(operation, leaf.place):
            yield leaf


def link_of(told: Any, way: tuple[str | int, ...]) -> str | None:
    """Return the address that stands in some `links` above a number, in the number's own place."""
    for depth in range(len(way) - 1, -1, -1):
        above = _at(told, way[:depth])
        if isinstance(above, dict) and "links" in above:
            found = _at(above["links"], way[depth:])
            if isinstance(found, str):
                return found
    return None


def _at(told: Any, way: tuple[str | int, ...]) -> Any:
    for one in way:
        if isinstance(told, dict) or (isinstance(told, list) and isinstance(one, int)):
            try:
                told = told[one]
            except (KeyError, IndexError):
                return None
        else:
            return None
    return told


def _schema_of(operation: str) -> dict[str, Any]:
    return next(schema for name, _, schema in operations() if name == operation)


def _is_count(operation: str, place: str) -> bool:
    name = name_of(place)
    return name not in NO_COUNTS and (operation, name) not in OF_OTHERS


def _whole(schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name = ""
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = _SCHEMAS[name]
    return name, schema


def _places(schema: dict[str, Any], place: str, seen: frozenset[str]) -> Iterator[str]:
    called, whole = _whole(schema)
    if called in seen:
        return
    within = seen | {called} if called else seen
    for choice in ("anyOf", "oneOf", "allOf"):
        for one in whole.get(choice, ()):
            yield from _places(one, place, within)
    if whole.get("type") in {"integer", "number"}:
        yield place
    for key, of in whole.get("properties", {}).items():
        yield from _places(of, _under(place, key), within)
    for of in (*whole.get("prefixItems", ()), *_listed(whole.get("items"))):
        yield from _places(of, f"{place}[]", within)
    if isinstance(whole.get("additionalProperties"), dict):
        yield from _places(whole["additionalProperties"], f"{place}{{}}", within)


def _leaves(
    schema: dict[str, Any], told: Any, way: tuple[str | int, ...], place: str
) -> Iterator[Leaf]:
    _, whole = _whole(schema)
    choices = [one for choice in ("anyOf", "oneOf", "allOf") for one in whole.get(choice, ())]
    for one in choices:
        yield from _leaves(one, told, way, place)
    if isinstance(told, int) and not isinstance(told, bool):
        if whole.get("type") in {"integer", "number"}:
            yield Leaf(way, place, told)
    elif isinstance(told, dict):
        properties = whole.get("properties", {})
        more = whole.get("additionalProperties")
        for key, value in told.items():
            if key in properties:
                yield from _leaves(properties[key], value, (*way, key), _under(place, key))
            elif isinstance(more, dict):
                yield from _leaves(more, value, (*way, key), f"{place}{{}}")
    elif isinstance(told, list):
        for number, value in enumerate(told):
            for of in _listed(whole.get("items")):
                yield from _leaves(of, value, (*way, number), f"{place}[]")


def _under(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _listed(items: Any) -> tuple[dict[str, Any], ...]:
    return (items,) if isinstance(items, dict) else ()
