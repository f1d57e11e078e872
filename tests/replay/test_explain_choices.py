"""Why who works on a matter: each candidate's score comes out again, and a forged one does not."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import (
    AgentCertified,
    AgentChosen,
    AgentRated,
    AgentRegistered,
    AgentShiftStarted,
    AssignmentLapsed,
    Event,
    TicketAssigned,
)
from domain.processes.assignment import Available
from domain.record import Cause, Envelope, Record
from domain.values import (
    SYSTEM,
    Candidate,
    Customer,
    Instant,
    Kind,
    Score,
    Sha256,
    Tier,
    later,
)
from replay.explain import Decision, What, explain, recomputed
from tests.replay.explaining import AGENTS, SKILLS, again, agent, begun, book, chosen, forged
from tests.replay.told import Told
from tests.scenario import AGENT, NOW, SUPERVISOR, TICKET

LEASE = timedelta(minutes=10)
ABLE = 5_000_000
"""What who can keep all that is promised on a complaint has ahead of the others."""


def matter(**fields: Any) -> Told:
    """Return a complaint that waits for somebody."""
    return begun(**{"kind": Kind.COMPLAINT, **fields})


def last(story: Told) -> AgentChosen:
    """Return the last choice as it stands on record."""
    return [one.event for one in story.of_ticket if isinstance(one.event, AgentChosen)][-1]


def choice(story: Told, records: list[Record] | None = None) -> Decision:
    """Return how the last choice is explained, of the record as it is or as it was forged."""
    found = again(What.ASSIGNMENT, story, story.of_ticket if records is None else records)
    agents = [one for one in found if one.about == "agent"]
    return next((one for one in reversed(agents) if "lease_until" in one.result), agents[-1])


def with_one(story: Told, name: str, **fields: Any) -> list[Record]:
    """Return the records with one candidate of the last choice told otherwise."""
    fact = last(story)
    candidates = tuple(
        replace(one, **fields) if one.agent == name else one for one in fact.candidates
    )
    return forged(story.of_ticket, AgentChosen, candidates=candidates)


def bare(story: Told, **fields: Any) -> list[Record]:
    """Return the records with the last choice as it was kept before its grounds were.

    Nobody was ahead then for what is promised.
    """
    candidates = [
        replace(
            one,
            score=one.score - (one.parts.able if one.parts else 0),
            parts=None,
            certificates=None,
        )
        for one in last(story).candidates
    ]
    candidates.sort(key=lambda one: (one.refused is not None, -one.score, one.load_bp, one.agent))
    told_so = {"candidates": tuple(candidates), "considered": None, "staff_at": None, **fields}
    return forged(story.of_ticket, AgentChosen, **told_so)


def differences(decision: Decision) -> dict[str, tuple[str, str]]:
    """Return what differs, with the figure on record and the one that follows."""
    return {one.what: (one.on_record, one.recomputed) for one in decision.differences}


# --- in words ---------------------------------------------------------------------------------


def test_a_choice_is_told_with_every_candidate_its_parts_and_what_stood_against_it() -> None:
    """RO-02: who was passed over can ask why."""
    told_so = choice(chosen(matter(), *AGENTS))
    assert (told_so.result["agent"], told_so.recomputed) == ("idle", True)
    assert told_so.result["lease_until"] == later(NOW, LEASE)
    inputs = {one.name: one.value for one in told_so.inputs}
    assert (inputs["considered"], inputs["lease_s"], inputs["matters_at_most"]) == (
        "5",
        "600",
        "20",
    )
    words = [one.words for one in told_so.steps]
    assert words[0] == (
        "1. idle: score 5000900 = 900 room + 5000000 able, load 1000 bp; nothing stands against it."
    )
    against = {one.split(":")[0].split(". ")[1]: one.rpartition("; ")[2] for one in words[2:5]}
    assert against == {
        "away": "refused: off_shift.",
        "unable": "refused: skill:senior.",
        "full": "refused: load_limit.",
    }


@pytest.mark.parametrize(
    ("story", "served_by", "parts"),
    [
        (matter(), None, Score(room=900, able=ABLE)),
        (
            matter(statement="rubbish, disgusting, a scam, I am furious"),
            None,
            Score(room=900, able=ABLE, rating=9_000),
        ),
        (
            matter(customer=Customer(Tier.TOP)),
            "idle",
            Score(room=900, able=ABLE, dedicated=1_000_000),
        ),
    ],
)
def test_every_part_of_a_score_is_on_record_and_comes_out_again(
    story: Told, served_by: str | None, parts: Score
) -> None:
    """Room, one's own agent, rating where emotions run high: nothing else counts."""
    lived = chosen(story, *AGENTS, served_by=served_by)
    assert choice(lived).recomputed
    fact = last(lived)
    idle = next(one for one in fact.candidates if one.agent == "idle")
    assert (idle.parts, idle.score) == (parts, parts.points)


def test_who_was_silent_is_told_by_the_record_of_the_matter() -> None:
    """What counts against them happened on this matter, and stands there."""
    given = chosen(matter(), *AGENTS)
    lapsed = given.after(LEASE).done(
        asked.LapseAssignment(ticket=TICKET, due_at=later(NOW, LEASE)), SYSTEM
    )
    assert any(isinstance(one.event, AssignmentLapsed) for one in lapsed.of_ticket)
    second = chosen(lapsed, *AGENTS)
    assert (choice(second).result["agent"], choice(second).recomputed) == ("busy", True)
    forgiven = choice(second, with_one(second, "idle", score=900, parts=Score(room=900)))
    assert differences(forgiven)["candidate:idle.score"] == ("900", "-4999100")


# --- forged -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "figure", "on_record", "follows"),
    [
        ({"score": 999_999_999}, "score", "999999999", "5000050"),
        (
            {"score": 999_999_999, "parts": Score(room=999_999_999)},
            *("score", "999999999", "5000050"),
        ),
        (
            {"parts": Score(room=50, able=ABLE, rating=9_900)},
            *("parts", None, '{"room":50,"able":5000000}'),
        ),
        ({"load_bp": -1_000_000_000}, "load_bp", "-1000000000", "0"),
        ({"rating_bp": 1_000_000}, "rating_bp", "1000000", "10000"),
        ({"score": 50, "parts": Score(room=50)}, "score", "50", "5000050"),
        (
            {"score": 6_000_050, "parts": Score(room=50, able=ABLE, dedicated=1_000_000)},
            *("score", "6000050", "5000050"),
        ),
        ({"parts": None, "score": 999_999_999}, "score", "999999999", "5000050"),
    ],
)
def test_a_forged_score_is_found_with_the_figure(
    fields: dict[str, Any], figure: str, on_record: str | None, follows: str
) -> None:
    """Nobody is the best because a row says so: every point has its ground."""
    story = chosen(matter(), *AGENTS)
    decision = choice(story, with_one(story, "busy", **fields))
    assert decision.recomputed is False
    told_so = differences(decision)[f"candidate:busy.{figure}"]
    assert told_so[1] == follows
    assert on_record in {None, told_so[0]}


@pytest.mark.parametrize(
    ("name", "fields", "follows"),
    [
        ("full", {"refused": None}, "load_limit"),
        ("unable", {"refused": None}, "skill:senior"),
        ("idle", {"refused": "load_limit"}, "null"),
        ("idle", {"refused": "skill:senior"}, "null"),
        ("idle", {"refused": "conflict_of_interest"}, "null"),
        ("idle", {"refused": "certificate:law"}, "null"),
    ],
)
def test_a_forged_reason_against_somebody_is_found(
    name: str, fields: dict[str, Any], follows: str
) -> None:
    """Neither is a good one kept out by a reason there is not, nor a bad one let in."""
    story = chosen(matter(), *AGENTS)
    decision = choice(story, with_one(story, name, **fields))
    assert differences(decision)[f"candidate:{name}.refused"][1] == follows


def test_a_party_is_not_chosen_whatever_the_row_says() -> None:
    """Who has an interest in a matter is known by the matter."""
    story = chosen(matter(), *AGENTS)
    buyer = story.live.buyer
    fact = last(story)
    first, *others = fact.candidates
    candidates = (replace(first, agent=buyer), *others)
    records = forged(story.of_ticket, AgentChosen, agent=buyer, candidates=candidates)
    told_so = differences(choice(story, records))
    assert told_so[f"candidate:{buyer}.refused"] == ("null", "conflict_of_interest")
    assert told_so["agent"] == (buyer, "busy")


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"agent": "busy"}, "agent"),
        ({"lease_until": later(NOW, timedelta(days=900))}, "lease_until"),
        ({"lease_until": later(NOW, timedelta(minutes=9))}, "lease_until"),
        ({"policy": "2026-11-23"}, "policy"),
        ({"considered": 6}, "candidates"),
        ({"considered": 4}, "candidates"),
        ({"considered": 99}, "candidates"),
    ],
)
def test_a_forged_choice_is_found_with_the_figure(fields: dict[str, Any], what: str) -> None:
    """Another agent, a lease of 900 days, another book, a candidate too few."""
    story = chosen(matter(), *AGENTS)
    decision = choice(story, forged(story.of_ticket, AgentChosen, **fields))
    assert decision.recomputed is False
    assert what in differences(decision)


def test_who_is_given_the_matter_is_who_was_chosen() -> None:
    """A choice on record and an assignment beside it that knows nothing of it."""
    story = chosen(matter(), *AGENTS)
    records = forged(story.of_ticket, TicketAssigned, agent="busy")
    decisions = again(What.ASSIGNMENT, story, records)
    assert differences(decisions[-1]) == {"agent": ("busy", "idle")}
    assert not recomputed(decisions)


def test_a_candidate_who_was_left_out_is_missed() -> None:
    """The record says how many were looked at, and keeps them all up to a page of names."""
    story = chosen(matter(), *AGENTS)
    fact = last(story)
    others = tuple(one for one in fact.candidates if one.agent != "idle")
    records = forged(story.of_ticket, AgentChosen, agent="busy", candidates=others)
    assert differences(choice(story, records))["candidates"] == ("4", "5")
    shuffled = forged(story.of_ticket, AgentChosen, candidates=(*others, fact.candidates[0]))
    assert "order" in differences(choice(story, shuffled))


def test_two_own_agents_are_one_too_many() -> None:
    """A buyer was served by one agent last."""
    story = chosen(matter(customer=Customer(Tier.TOP)), *AGENTS, served_by="idle")
    parts = Score(room=50, dedicated=1_000_000)
    decision = choice(story, with_one(story, "busy", score=parts.points, parts=parts))
    assert differences(decision)["dedicated"][1] == "one at most"


def test_a_record_without_parts_is_read_and_worked_out_as_it_was_meant() -> None:
    """What was written before the parts were kept stays readable, and stays provable."""
    story = chosen(matter(customer=Customer(Tier.TOP)), *AGENTS, served_by="idle")
    decision = choice(story, bare(story))
    assert (decision.recomputed, decision.differences) == (True, ())
    assert decision.steps[0].words.startswith("1. idle: score 1000900, load 1000 bp, rating")


@pytest.mark.parametrize(
    ("before", "follows"),
    [
        (timedelta(0), True),
        (timedelta(milliseconds=4), True),
        (timedelta(seconds=59, microseconds=999_999), True),
        (timedelta(minutes=1), False),
        (timedelta(microseconds=-1), False),
    ],
)
def test_a_lease_of_then_ran_from_the_round_that_ended_in_the_choice(
    before: timedelta, *, follows: bool
) -> None:
    """The worker looked at the time before it looked at the matters; a round is short."""
    story = chosen(matter(), *AGENTS)
    until = later(NOW, LEASE - before)
    decision = choice(story, bare(story, lease_until=until))
    assert decision.recomputed is follows
    assert set(differences(decision)) == (set() if follows else {"lease_until"})


def test_what_a_choice_of_then_asked_for_is_what_it_says_was_missing() -> None:
    """The book in force said it then, and the record does not name that book."""
    story = chosen(matter(), *AGENTS)
    (fact,) = [one.event for one in bare(story) if isinstance(one.event, AgentChosen)]

    def otherwise(name: str, refused: str | None) -> Decision:
        candidates = tuple(
            replace(one, refused=refused) if one.agent == name else one for one in fact.candidates
        )
        return choice(story, bare(story, candidates=candidates))

    for refused in ("skill:arbitration", "certificate:law", "certificate_expired:law"):
        decision = otherwise("unable", refused)
        assert decision.recomputed is True
        assert "which the record does not name" in " ".join(one.words for one in decision.steps)
    for refused in ("skill:vip", "certificate:alchemy", "load_limit"):
        assert differences(otherwise("away", refused))["candidate:away.refused"][1] == "null"


def test_who_was_silent_then_is_told_by_the_same_figures() -> None:
    """Scores on record are worked out again for ever."""
    given_once = chosen(matter(), *AGENTS).after(LEASE)
    due = asked.LapseAssignment(ticket=TICKET, due_at=later(NOW, LEASE))
    second = chosen(given_once.done(due, SYSTEM), *AGENTS)
    decision = choice(second, bare(second))
    assert decision.recomputed is True
    assert "idle: score -9999100," in " ".join(one.words for one in decision.steps)


def test_who_is_relieved_by_a_top_rated_agent_is_scored_as_who_still_had_the_matter() -> None:
    """DI-10: the release and the choice are one step, and the choice was made before both."""
    usual, top = agent("usual"), agent("top", 3, good_bp=9_900)
    story = chosen(matter(statement="rubbish, disgusting, a scam, I am furious"), usual)
    second = chosen(story, usual, top)
    assert last(second).agent == "top"
    assert {one.agent for one in last(second).candidates} == {"usual", "top"}
    assert (choice(second).differences, choice(second).recomputed) == ((), True)
    unneeded = with_one(second, "usual", rating_bp=9_950)
    assert choice(second, unneeded).recomputed is False


def test_who_had_let_go_was_not_put_last_then() -> None:
    """A choice is judged by what counted when it was made."""
    once = chosen(matter(), *AGENTS)
    second = chosen(once.done(asked.ReleaseAssignment(ticket=TICKET), SUPERVISOR), *AGENTS)
    assert (last(second).agent, choice(second).recomputed) == ("busy", True)
    first = next(one.event for one in bare(once) if isinstance(one.event, AgentChosen))
    decision = choice(second, bare(second, agent="idle", candidates=first.candidates))
    assert {one.what for one in decision.differences} == set()


# --- held against the agents' own streams -----------------------------------------------------


def stream(one: Available, *later_facts: Event, at: Instant = NOW) -> list[Record]:
    """Return an agent's own records; what comes later lies behind what a choice had read."""
    first = AgentRegistered(desk=one.desk, skills=one.skills, policy=book().version)
    facts: list[Event] = [first]
    if one.on_shift:
        facts.append(AgentShiftStarted())
    if one.good_bp is not None:
        facts.append(AgentRated(good_bp=one.good_bp))
    facts += [
        AgentCertified(certificate=each, expires_at=until)
        for each, until in one.certificates.items()
    ]
    return [
        Record(1, place, Sha256("0" * 64), _envelope(one.agent, fact, place, at), fact)
        for place, fact in [
            *((1, fact) for fact in facts),
            *((9, fact) for fact in later_facts),
        ]
    ]


def _envelope(name: str, fact: Event, place: int, at: Instant) -> Envelope[msgspec.Raw]:
    return Envelope(
        format=1,
        ledger="ledger.test/lane-1",
        stream=f"agent:{name}",
        version=place,
        prev=Sha256("0" * 64),
        id=f"{name}-{place}",
        topic=fact.TOPIC,
        at=at,
        actor=SYSTEM,
        cause=Cause(command="c", correlation="c"),
        data=msgspec.Raw(b"{}"),
    )


def held(
    story: Told, *agents: Available, records: list[Record] | None = None, **also: list[Record]
) -> Decision:
    """Return how the last choice is explained beside the agents' own streams."""
    streams = {**{one.agent: stream(one) for one in agents}, **also}
    found = explain(
        What.ASSIGNMENT,
        story.of_ticket if records is None else records,
        story.of_order,
        books={book().version: book()}.get,
        texts={},
        staff=lambda _named, _until: streams,
    )
    return next(one for one in reversed(found) if "lease_until" in one.result)


def given(*agents: Available) -> Told:
    """Return a matter that was given out when all these streams had been read."""
    story = chosen(matter(), *agents)
    return Told(
        **{
            **vars(story),
            "records": tuple(forged(story.records, AgentChosen, staff_at="0-1,1-5")),
        }
    )


def test_what_the_agents_streams_say_is_what_the_choice_saw() -> None:
    """Two accounts of the same people, kept in different places."""
    decision = held(given(*AGENTS), *AGENTS)
    assert (decision.recomputed, decision.differences) == (True, ())
    assert "up to 0-1,1-5." in " ".join(one.words for one in decision.steps)


def test_who_works_at_the_desk_and_was_not_looked_at_is_named() -> None:
    """Whoever is left out of both the names and their number stands on a stream of their own."""
    best, other = agent("best"), agent("elsewhere", desk="general_desk")
    decision = held(given(*AGENTS), *AGENTS, best, other)
    assert decision.recomputed is False
    told_so = differences(decision)
    assert told_so["left_out"] == ("nobody", "best")
    assert told_so["considered"] == ("5", "6")


@pytest.mark.parametrize(
    ("name", "otherwise", "figure", "follows"),
    [
        ("busy", {"good_bp": 5_000}, "rating_bp", "5000"),
        ("busy", {"skills": ()}, "refused", "skill:senior"),
        ("away", {"on_shift": True}, "refused", "null"),
        ("idle", {"on_shift": False}, "refused", "off_shift"),
    ],
)
def test_what_is_otherwise_on_an_agents_own_stream_is_found(
    name: str, otherwise: dict[str, Any], figure: str, follows: str
) -> None:
    """A good agent kept out as if away, or one let in who was: the stream knows."""
    streams = [replace(one, **otherwise) if one.agent == name else one for one in AGENTS]
    decision = held(given(*AGENTS), *streams)
    assert differences(decision)[f"candidate:{name}.{figure}"][1] == follows


def test_nobody_who_is_not_on_record_is_chosen() -> None:
    """A candidate without a stream is made up, and so is one of another desk."""
    others = [one for one in AGENTS if one.agent != "unable"]
    assert differences(held(given(*AGENTS), *others))["candidates"] == (
        "unable",
        "not at the desk",
    )
    moved = agent("unable", desk="general_desk", skills=())
    assert "candidates" in differences(held(given(*AGENTS), *others, moved))


def test_what_a_view_read_a_moment_later_counts_as_well() -> None:
    """Rows are read while the view goes on: both what was and what came meanwhile are right."""
    rated = agent("idle", 2, good_bp=8_000)
    meanwhile = [*stream(rated, AgentRated(good_bp=9_000))]
    others = [one for one in AGENTS if one.agent != "idle"]
    assert held(given(*AGENTS), *others, idle=meanwhile).recomputed
    afterwards = [
        *stream(rated),
        *stream(rated, AgentRated(good_bp=9_000), at=later(NOW, LEASE))[-1:],
    ]
    assert not held(given(*AGENTS), *others, idle=afterwards).recomputed


def test_who_was_hired_between_look_and_choice_may_have_been_seen_or_not() -> None:
    """Who came when the view had been read was not left out, and may have been counted."""
    late = [replace(one, position=9) for one in stream(agent("new"))]
    assert held(given(*AGENTS), *AGENTS, new=late).recomputed is True
    seen = given(*AGENTS, agent("new"))
    assert held(seen, *AGENTS, new=late).recomputed is True
    unable = [replace(one, position=9) for one in stream(agent("new", skills=()))]
    assert "candidate:new.refused" in differences(held(seen, *AGENTS, new=unable))
    afterwards = stream(agent("new"), at=later(NOW, LEASE))
    assert "candidates" in differences(held(seen, *AGENTS, new=afterwards))


def test_who_left_the_desk_since_was_counted_and_is_not_missed() -> None:
    """Of a page of names and more, only those named and those still there are read."""
    many = [agent(f"a-{number:02}") for number in range(22)]
    story = given(*many)
    kept = {one.agent for one in last(story).candidates}
    assert held(story, *(one for one in many if one.agent in kept)).recomputed is True
    fewer = forged(story.of_ticket, AgentChosen, considered=21)
    assert "considered" in differences(held(story, *many, records=fewer))


def test_streams_too_long_to_be_read_are_told_and_a_forgery_is_found_without_them() -> None:
    """Nobody is told that it follows where that was not looked at."""

    def unread(story: Told, records: list[Record]) -> Decision:
        books = {book().version: book()}
        found = explain(
            *(What.ASSIGNMENT, records, story.of_order),
            books=books.get,
            texts={},
            staff=lambda _named, _until: None,
        )
        return next(one for one in reversed(found) if "lease_until" in one.result)

    story = given(*AGENTS)
    whole = unread(story, story.of_ticket)
    assert whole.recomputed is None
    assert (
        whole.not_recomputed == "the streams of the agents are longer than is read for one answer"
    )
    wrong = unread(story, with_one(story, "busy", score=999_999_999))
    assert (wrong.recomputed, wrong.not_recomputed) == (False, None)
    earlier = unread(story, bare(story))
    assert earlier.recomputed is True


def test_only_the_streams_a_choice_rests_on_are_asked_for() -> None:
    """The candidates and who was chosen, up to the instant of the last choice; without one none."""
    calls: list[tuple[frozenset[str], Instant]] = []

    def read(named: frozenset[str], until: Instant) -> None:
        calls.append((named, until))

    for story in (given(*AGENTS), matter()):
        explain(
            *(What.ASSIGNMENT, story.of_ticket, story.of_order),
            books={book().version: book()}.get,
            texts={},
            staff=read,
        )
    assert calls == [(frozenset(one.agent for one in AGENTS), NOW)]


@pytest.mark.parametrize("staff_at", ["0-99", "no moment"])
def test_staff_that_was_read_behind_the_choice_is_found(staff_at: str) -> None:
    """A choice rests on what was before it."""
    story = chosen(matter(), *AGENTS)
    records = forged(story.of_ticket, AgentChosen, staff_at=staff_at)
    assert "staff_at" in differences(choice(story, records))
    assert held(story, *AGENTS, records=records).recomputed is False


# --- taken unasked ----------------------------------------------------------------------------


def known(carried_bp: int = 9_500, **fields: Any) -> Candidate:
    """Return what a view says of who takes a matter."""
    usual: dict[str, Any] = {"rating_bp": 0, "skills": SKILLS, "certificates": ()}
    return Candidate(agent=AGENT.ref, score=0, load_bp=carried_bp, **{**usual, **fields})


def taken(story: Told) -> Told:
    """Let somebody take the matter who is fit for it."""
    fact = TicketAssigned(agent=AGENT.ref, candidate=known(), policy=book().version)
    return story.given(fact, by=AGENT)


def test_who_took_a_matter_is_told_with_the_book_and_what_they_carried() -> None:
    """Load and certificates were judged by a book, and the record names it."""
    claim = choice(taken(matter()))
    assert claim.recomputed
    assert (claim.book.version, claim.book.digest) == (book().version, book().digest)
    assert claim.steps[0].words == f"{AGENT.ref} carried 9500 bp of what one may carry."


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"candidate": known(10_000)}, "refused"),
        ({"candidate": known(skills=())}, "refused"),
        ({"candidate": known(rating_bp=-5)}, "rating_bp"),
        ({"agent": "somebody"}, "agent"),
        ({"policy": "2026-11-23"}, "policy"),
    ],
)
def test_a_claim_that_was_not_to_be_is_found(fields: dict[str, Any], what: str) -> None:
    """Who carries twenty, or lacks a skill, is refused; a row that says otherwise is forged."""
    story = taken(matter())
    decision = choice(story, forged(story.of_ticket, TicketAssigned, **fields))
    assert decision.recomputed is False
    assert what in {one.rpartition(".")[2] for one in differences(decision)}
