"""After an erasure no word of a diagnosis is read anywhere, and the judgement still stands."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from tests.api.served import Served
from tests.conftest import Database
from tests.ledger.searching import columns, files, spellings, table_files

WORD = "diarrhea"
"""A word of the book that tells of an illness."""
FOUR_YEARS = timedelta(days=4 * 366)
WHATS = ("due", "priority", "assignment", "diagnosis")


def places(served: Served, database: Database) -> Iterator[str]:
    """Return everything an installation keeps in which the word, or a beginning of it, stands."""
    needles = spellings(WORD)
    kept = (*columns(database), *table_files(database), *files(served.services.settings.data_dir))
    return (where for where, content in kept if any(one in content for one in needles))


def explained(served: Served, who: str, ticket: str) -> dict[str, Any]:
    """Return the machine's judgement as it is explained to somebody."""
    answer = served.get(who, f"/v1/tickets/{ticket}/explain", what="diagnosis")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    (machine,) = told["decisions"]
    return {**machine, "all": told["recomputed"]}


def reads(served: Served, ticket: str) -> dict[str, Response]:
    """Return all that is told of a ticket to who judges it."""
    path = f"/v1/tickets/{ticket}"
    found = {
        f"explain {what}": served.get("auditor", f"{path}/explain", what=what) for what in WHATS
    }
    for one in (path, f"{path}/messages", f"{path}/events", "/v1/feed"):
        found[one.rpartition("/")[2]] = served.get("auditor", one)
    found["case-file"] = served.get("auditor", f"{path}/case-file", min_position=served.head())
    assert {answer.status_code for answer in found.values()} == {200}
    return found


def test_no_word_of_a_diagnosis_outlives_the_erasure_of_its_buyer(
    served: Served, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The book's words tell what the buyer wrote of: they are sealed, and go with the text."""
    in_the_book = set(places(served, database))
    assert not [
        one for one in in_the_book if one.startswith(("ledger.event", "view.", "personal."))
    ]
    buyer = served.fresh("b")
    opening = {
        "channel": "app",
        "order": served.place_order(buyer, "merchant-1"),
        "statement": f"The milk gave my child {WORD}.",
    }
    opened = served.post(f"buyer:{buyer}", "/v1/tickets", opening)
    assert opened.status_code == 201, opened.text
    ticket = opened.json()["stream"].removeprefix("ticket:")
    with caplog.at_level("DEBUG"):
        before = reads(served, ticket)
        shown = explained(served, "supervisor", ticket)
        kept = explained(served, "admin", ticket)
        assert served.post(f"buyer:{buyer}", f"/v1/tickets/{ticket}/closing").status_code == 200
        served.clock.pass_by(FOUR_YEARS)
        body = {"subject": f"buyer:{buyer}", "ground": "consent_withdrawn"}
        erased = served.post("admin", "/v1/erasures", body).json()
        after = reads(served, ticket)
        gone = explained(served, "supervisor", ticket)
    word = f"The words “{WORD}” of the book were found."
    assert word in [one["words"] for one in shown["steps"]]
    told = {where for where, answer in before.items() if WORD in answer.text}
    assert told == {"explain diagnosis", "case-file", "messages"}, "only where texts are opened"
    assert kept["steps"][0]["words"] == "The words of the book it rests on are kept from view."
    # Statement and words.
    assert [one["texts"] for one in erased["tickets"]] == [2]
    assert [where for where, answer in after.items() if WORD in answer.text] == []
    assert WORD not in caplog.text
    assert set(places(served, database)) == in_the_book
    # What it was judged to be is still told, and what became of the words.
    assert gone["steps"][0]["words"] == "The words of the book it rests on are erased."
    assert gone["steps"][0]["event"]["topic"] == "personal_data.erased.v1"
    assert gone["not_recomputed"] == "the text that was judged is erased"
    assert (gone["recomputed"], gone["all"]) == (None, True)
    assert gone["result"] == shown["result"]
    assert [one["words"] for one in gone["steps"][1:]] == [
        one["words"] for one in kept["steps"][1:]
    ]
    case = after["case-file"].json()
    (judged,) = case["case"]["diagnoses"]
    texts = {(one["version"], one["field"]): one for one in case["texts"]}
    words = texts[judged["words"]["version"], "words"]
    assert (words["text"], words["erased"]["by"]) == (None, "admin:admin-1")


def test_the_words_of_a_reopening_go_as_the_words_of_an_opening_do(served: Served) -> None:
    """What was judged of them is worked out again while they can be read, and never after."""
    buyer = served.fresh("b")
    opening = {"channel": "app", "order": served.place_order(buyer, "merchant-1")}
    opened = served.post(f"buyer:{buyer}", "/v1/tickets", opening)
    ticket = opened.json()["stream"].removeprefix("ticket:")
    path = f"/v1/tickets/{ticket}"
    assert served.post(f"buyer:{buyer}", f"{path}/closing").status_code == 200
    reason = {"reason": f"The milk gave my child {WORD}."}
    reopened = served.post(f"buyer:{buyer}", f"{path}/reopening", reason)
    assert reopened.status_code == 200, reopened.text
    assert "diagnosis.made.v1" in [one["topic"] for one in reopened.json()["events"]]
    shown = explained(served, "supervisor", ticket)
    assert (shown["recomputed"], shown["not_recomputed"]) == (True, None)
    assert f"The words “{WORD}” of the book were found." in [one["words"] for one in shown["steps"]]
    assert served.post(f"buyer:{buyer}", f"{path}/closing").status_code == 200
    served.clock.pass_by(FOUR_YEARS)
    body = {"subject": f"buyer:{buyer}", "ground": "consent_withdrawn"}
    erased = served.post("admin", "/v1/erasures", body).json()
    # Reason and words.
    assert [one["texts"] for one in erased["tickets"]] == [2]
    gone = explained(served, "supervisor", ticket)
    assert (gone["recomputed"], gone["not_recomputed"]) == (
        None,
        "the text that was judged is erased",
    )
    assert gone["result"] == shown["result"]
    assert [where for where, one in reads(served, ticket).items() if WORD in one.text] == []
