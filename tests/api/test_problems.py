"""Problem documents: every reason is told, and no input value ever is."""

import json

from api import problems
from api.problems import OWN, PROBLEMS, Problem, document
from domain import errors


def _content(problem: Problem | errors.Refusal) -> dict[str, object]:
    found: dict[str, object] = json.loads(bytes(document("request-1", problem).body))
    return found


def test_every_refusal_of_the_domain_is_in_the_table() -> None:
    """A reason without a status would end as a 500."""
    known = {one for one in problems.refusals() if one.__module__.startswith("domain.")}
    assert known == set(PROBLEMS)


def test_no_two_reasons_share_a_code() -> None:
    """Machines tell reasons by their code, and the code names the page that explains it."""
    codes = [refusal.code for refusal in PROBLEMS] + list(OWN)
    assert len(set(codes)) == len(codes)
    assert set(problems.DETAILS) == set(OWN)


def test_a_problem_has_the_members_of_the_standard() -> None:
    """RFC 9457: type, title, status, detail and instance; the code is ours."""
    assert _content(errors.WrongStage(stage="intake")) == {
        "type": "/problems/wrong_stage",
        "title": "Not at this stage",
        "status": 409,
        "detail": "The ticket has moved past, or not yet reached, the stage this needs.",
        "instance": "urn:request:request-1",
        "code": "wrong_stage",
        "stage": "intake",
    }


def test_a_fact_never_hides_a_member_of_the_standard() -> None:
    """A refusal that calls a fact "status" must not change what the status is."""
    told = _content(errors.WrongStep(status="odd", code="odd", step="booked"))
    assert (told["status"], told["code"], told["step"]) == (409, "wrong_step", "booked")


def test_what_may_be_asked_again_says_when() -> None:
    """A client that retries at once would make it worse."""
    for problem in (Problem("unavailable"), Problem("not_caught_up"), errors.Contended()):
        assert document("request-1", problem).headers["Retry-After"] == "1"


def test_an_unknown_name_is_told_only_when_it_is_harmless() -> None:
    """The name of a field that nobody declared may itself be somebody's telephone number."""
    assert problems._pointer(("body", "claim", 3, "amount_minor")) == "/body/claim/3/amount_minor"
    assert problems._pointer(("body", "林晓 138 0000 0000")) == "/body/?"
    assert problems._pointer(("body", "x" * 65)) == "/body/?"
