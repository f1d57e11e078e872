"""A month of made-up history under a second book, held against a slow and simple second count."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from api import cli, demo
from api.settings import Settings
from api.wiring import Dsns, services
from domain.events import TicketOpened, TicketResolved
from domain.policies import book as books
from domain.policies.book import Book
from domain.processes.notices import notices_of
from domain.record import Record
from domain.ticket.diagnosing import by_words
from domain.ticket.diagnosis import Diagnoser, Judgement
from domain.values import Instant, Reason, Urgency, moment_of
from replay.what_if import Found, Kind, Trial, Trying, Window, matters, merge
from replay.what_if.fairness import ANY, INTENDED, Fairness, fairness, together
from replay.what_if.lives import Rules, UnknownBook
from replay.what_if.lives import named as by_version
from replay.what_if.telling import tell
from tests.conftest import Database
from tests.replay.lived import differing, lived
from tests.replay.second_book import second_book
from tests.replay.what_if_counted import counted
from tests.scenario import TABLES, named, whole_bytes

END = Instant("2026-11-22T08:00:00.000000Z")
SEED = 7
A_DAY = 2
"""Tickets; a month of them has every track."""
OWN = "2026-11-22"


class Month(NamedTuple):
    """A month of history, and where it lies."""

    database: Database
    data_dir: Path
    records: list[Record]
    content: bytes
    """Of the book all was judged under."""
    texts: dict[tuple[str, int, str], str | None]

    def text(self, record: Record, field: str) -> str | None:
        """Return the words of a record."""
        return self.texts.get((record.stream, record.version, field))


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def month(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Month:
    """A month as `demo --days 30` makes it, with fewer tickets."""
    data_dir = tmp_path_factory.mktemp("month")
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn)
    made = demo.load(
        Settings(data_dir=data_dir), dsns, days=30, seed=SEED, tickets_per_day=A_DAY, end=END
    )
    assert made.refused == 0
    settings = Settings(data_dir=data_dir, database_url=database.app_dsn)
    with services(settings) as parts:
        records = parts.ledger.records(0, 0, 1_000_000)
        content = parts.ledger.book_content(parts.ledger.adoptions()[0].digest)
        texts = parts.ledger.open_values([one for one in records if one.event.FAMILY == "ticket"])
    assert content is not None
    return Month(database, data_dir, records, content, texts)


@pytest.fixture
def run(
    month: Month, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Run a command on the month."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", month.database.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(month.data_dir))

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return command


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The second book as a file."""
    path = tmp_path / "second.toml"
    path.write_bytes(second_book())
    return path


def until(month: Month) -> Instant:
    """Return the end of the history."""
    return max(one.at for one in month.records)


def found(month: Month, other: bytes, **options: Any) -> Found:
    """Return what another book would have done, matter by matter, in process."""
    trial = Trial(adopted={OWN: month.content}, other=other, until=until(month), **options)
    trying, whole = Trying(trial), Found()
    for one in matters(month.records):
        whole = merge(whole, trying.matter(one))
    return whole


def table(out: str) -> dict[tuple[str, str, str, str], int]:
    """Return the printed table of counts, read by its columns."""
    lines = out[out.index("\nkind ") + 1 :].splitlines()
    head, *body = lines[: lines.index("")] if "" in lines else lines
    columns = [head.index(name) for name in ("kind", "what", "row", "change")]
    read = {}
    for line in body:
        *words, number = line.rsplit(None, 1)
        cut = [words[0][a:b].strip() for a, b in zip(columns, [*columns[1:], None], strict=True)]
        read[cut[0], cut[1], cut[2], cut[3]] = int(number)
    return read


def test_under_its_own_book_a_month_comes_out_as_it_stands_on_record(month: Month) -> None:
    """A machine that finds differences where there are none would find others that are none."""
    own = books.parse(month.content)
    tickets = 0
    for one in matters(month.records):
        again = lived(one, {OWN: own}, None)
        assert differing(again) == []
        tickets += len(again.lives)
    assert tickets == sum(isinstance(one.event, TicketOpened) for one in month.records)
    assert tickets == 30 * A_DAY + 1
    whole = found(month, month.content)
    assert (whole.totals.changed, whole.differences) == (0, ())
    assert whole.totals.owed_before == whole.totals.owed_after != {}


def test_cl_10_the_printed_table_is_the_one_a_slow_and_simple_count_comes_to(
    month: Month, run: Callable[..., Said], second: Path
) -> None:
    """CL-10: two computations that share no code agree on every count and every cent."""
    said = run("what-if", "--book", second)
    assert said.code == 0
    expected = counted(
        month.records, books.parse(month.content), books.parse(second_book()), until(month)
    )
    assert table(said.out) == dict(expected.counts)
    lines = said.out.splitlines()
    assert lines[0] == (
        f"tickets   {expected.tickets}, of them {expected.changed} with a difference"
    )
    assert lines[1] == (
        f"owed      {expected.before['CNY']} -> {expected.after['CNY']} CNY, in minor units"
    )
    kinds = {kind for kind, _, _, _ in table(said.out)}
    assert kinds >= {
        *("due", "breach", "amount", "outcome", "priority", "queue", "refused", "late"),
        *("asked", "escalation", "notice"),
    }


def test_what_is_told_of_history_is_what_was_to_be_sent(month: Month) -> None:
    """A fact that names no book is told by the one in force then, and not by its ticket's."""
    half = sorted(one.at for one in month.records)[len(month.records) // 2]
    own = _in_force(books.parse(month.content), Instant("2000-01-01T00:00:00.000000Z"))
    silent = _in_force(own, half).model_copy(
        update={
            "version": "silent",
            "notice": tuple(one for one in own.notice if one.id != "resolved"),
        }
    )
    known = {OWN: own, silent.version: silent}
    sent: Counter[tuple[str, str, str]] = Counter()
    told: Counter[tuple[str, str, str]] = Counter()
    for matter in matters(month.records):
        for record in matter:
            for one in notices_of(record, lambda at: silent if at >= half else own, known.get):
                sent[one.about.removeprefix("ticket:"), one.rule, f"{one.to} {one.channel}"] += 1
        for life in lived(matter, known, None).lives.values():
            for key, row in tell(life.record).items():
                if key.kind is Kind.NOTICE:
                    rule, _, to = key.subject.partition(" of ")[0].partition(" to ")
                    for channel in row.value.partition(" by ")[2].split(", "):
                        told[life.ticket, rule, f"{to} {channel}"] += 1
    assert told == sent
    assert sent.total() > 100
    late = {one.subject for one in month.records if one.at >= half}
    resolved = {ticket for ticket, rule, _ in sent if rule == "resolved"}
    ends = [one for one in month.records if isinstance(one.event, TicketResolved)]
    assert resolved == {one.subject for one in ends if one.at < half}
    assert late & {one.subject for one in ends} - resolved, "some were resolved and nobody told"


def _in_force(book: Book, begins: Instant) -> Book:
    return book.model_copy(update={"in_force_from": moment_of(begins)})


def test_a_book_that_differs_in_nothing_is_told_so(month: Month, run: Callable[..., Said]) -> None:
    """No difference is an answer too."""
    said = run("what-if", "--book", OWN, "--json")
    told = json.loads(said.out)
    assert (said.code, told["tickets"], told["changed"]) == (0, 30 * A_DAY + 1, 0)
    assert told["totals"] == []


def test_a_drill_down_lists_what_the_totals_count(
    month: Month, run: Callable[..., Said], second: Path
) -> None:
    """Every number can be followed to its tickets, and every difference to its events."""
    told = json.loads(run("what-if", "--book", second, "--json", "--list", "--daily").out)
    by_kind = Counter(one["kind"] for one in told["differences"])
    counted_by_kind: Counter[str] = Counter()
    for one in told["totals"]:
        counted_by_kind[one["kind"]] += one["count"]
    assert by_kind == counted_by_kind
    assert by_kind == Counter(
        {
            kind: sum(one["count"] for one in told["daily"] if one["kind"] == kind)
            for kind in by_kind
        }
    )
    ticket = told["differences"][0]["ticket"]
    drilled = json.loads(run("what-if", "--book", second, "--drill", ticket, "--json").out)
    mine = [one for one in told["differences"] if one["ticket"] == ticket]
    assert drilled["differences"] == mine
    known = {f"0-{one.position}": one for one in month.records}
    for one in told["differences"]:
        assert one["by"] in known
        assert one["book_before"] == OWN
        assert one["book_after"] == "second"
        if one["kind"] in {"refused", "priority", "queue"}:
            assert "event" in one, "people and the record did it, so there is a place for it"
        if "event" in one:
            record = known[one["event"]["position"]]
            assert (record.subject, record.version) == (one["ticket"], one["event"]["version"])
    one = next(one for one in told["differences"] if one["after"] == "cap_exceeded")
    head, *lines = run("what-if", "--book", second, "--drill", one["ticket"]).out.splitlines()
    assert head == f"books     {OWN} -> second"
    place = f"{one['event']['position']} v{one['event']['version']}"
    (line,) = (text for text in lines if place in text and "cap_exceeded" in text)
    assert f" refused {one['subject']} {one.get('about', '')}".rstrip() in line
    assert f"left_minor={one['figures']['left_minor']} " in line


def test_parts_put_together_in_any_order_come_to_the_whole(month: Month) -> None:
    """A trial may run over partitions: merging is associative, and nothing is nothing."""
    trial = Trial(
        adopted={OWN: month.content}, other=second_book(), until=until(month), listed=False
    )
    trying = Trying(trial)
    parts = [trying.matter(one) for one in matters(month.records)]
    whole = Found()
    for one in parts:
        whole = merge(whole, one)
    half = len(parts) // 2
    left, right = Found(), Found()
    for one in parts[:half]:
        left = merge(one, left)
    for one in reversed(parts[half:]):
        right = merge(one, right)
    assert merge(left, right).totals == whole.totals
    assert merge(whole, Found()) == whole == merge(Found(), whole)


def test_an_archive_tells_the_same_on_several_processes(
    month: Month, run: Callable[..., Said], second: Path, tmp_path: Path
) -> None:
    """An auditor who holds the archive alone needs neither our database nor our keys."""
    pytest.importorskip("pyarrow", reason="archives need the extra `archive`")
    from tests.replay.archives import Clock, Ledger  # noqa: PLC0415 - an extra

    ledger = Ledger(month.database, month.data_dir, Clock(END))
    ledger.notarize()
    ledger.archive(tmp_path / "archive")
    asked = ("what-if", "--book", second, "--json", "--list", "--daily")
    here = json.loads(run(*asked).out)
    options = ("--archive", tmp_path / "archive", "--engine", "processes", "--workers", "2")
    there = json.loads(run(*asked, *options).out)
    lists = [one.pop("differences") for one in (here, there)]
    assert here["totals"] == there["totals"] != []
    assert sorted(map(json.dumps, lists[0])) == sorted(map(json.dumps, lists[1]))
    assert (here["daily"], here["owed_minor"]) == (there["daily"], there["owed_minor"])


def test_a_window_and_a_category_choose_tickets_and_change_nothing_about_them(
    month: Month,
) -> None:
    """What is found of a ticket does not depend on which others are asked about."""
    opened = sorted(one.at for one in month.records if isinstance(one.event, TicketOpened))
    middle = opened[len(opened) // 2]
    whole = found(month, second_book())
    early = found(month, second_book(), window=Window(opened_before=middle))
    late = found(month, second_book(), window=Window(opened_from=middle))
    assert early.totals.tickets + late.totals.tickets == whole.totals.tickets
    assert sorted(map(str, (*early.differences, *late.differences))) == sorted(
        map(str, whole.differences)
    )
    fresh = found(month, second_book(), window=Window(category="fresh_food"))
    assert 0 < fresh.totals.tickets < whole.totals.tickets
    assert fresh.totals.owed_before == whole.totals.owed_before


def test_another_judge_of_texts_is_heard_where_words_can_be_read(month: Month) -> None:
    """What nobody can open any more stays judged as it was; no guess takes its place."""

    def furious(book: Book) -> Diagnoser | None:
        usual = by_words(book)
        assert usual is not None

        def judge(text: str, reason: Reason | None) -> Judgement:
            return replace(usual(text, reason), urgency=Urgency.HIGH, upset=True)

        return judge

    trial = Trial(adopted={OWN: month.content}, other=month.content, until=until(month))
    heard, unheard = Found(), Found()
    for one in matters(month.records):
        heard = merge(heard, Trying(trial, furious).matter(one, month.text))
        unheard = merge(unheard, Trying(trial, furious).matter(one))
    assert unheard.totals.changed == 0
    assert heard.totals.changed == heard.totals.tickets
    kinds = {one.kind for one in heard.differences}
    assert kinds >= {Kind.DIAGNOSIS, Kind.PRIORITY, Kind.DUE}
    promised = {one.subject for one in heard.differences if one.kind is Kind.DUE}
    assert "negative_resolved" in promised


def test_the_words_of_another_book_may_judge_under_the_same_promises(
    month: Month, run: Callable[..., Said], tmp_path: Path
) -> None:
    """CL-10: what differs is what was understood, and what followed from that."""
    words = tmp_path / "words.toml"
    calmer = ("negative_at = -1\n", "negative_at = -5\n")
    words.write_bytes(whole_bytes(named("words"), calmer))
    told = json.loads(run("what-if", "--book", OWN, "--judge", words, "--json", "--list").out)
    same = json.loads(run("what-if", "--book", OWN, "--judge", OWN, "--json").out)
    assert (same["changed"], same["totals"]) == (0, [])
    assert 0 < told["changed"] < told["tickets"]
    kinds = {one["kind"] for one in told["differences"]}
    assert Kind.DIAGNOSIS in kinds
    assert {one["book_after"] for one in told["differences"]} == {OWN}
    refused = run("what-if", "--book", OWN, "--judge", words, "--archive", tmp_path)
    assert refused.code == 2
    assert "no words" in refused.err


def test_what_the_book_lacks_is_said_before_anything_is_worked_out(
    run: Callable[..., Said], tmp_path: Path
) -> None:
    """A book without promises can not say which promises it would have broken."""
    old = run("what-if", "--book", TABLES / "2026-11-01.toml")
    assert (old.code, old.out) == (5, "")
    assert "does not cover this history" in old.err
    assert "clock" in old.err
    mute = run("what-if", "--book", OWN, "--judge", TABLES / "2026-11-01.toml")
    assert (mute.code, mute.out) == (5, "")
    assert "no rows of tag, lexicon, by which books on record decided" in mute.err
    heard = run("what-if", "--book", TABLES / "2026-11-01.toml", "--judge", OWN)
    assert heard.code == 5
    assert "lexicon" not in heard.err
    none = run("what-if", "--book", tmp_path / "nowhere.toml")
    assert (none.code, none.out) == (3, "")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(whole_bytes(named("b-1"), ('of = "complaint"', 'of = "nothing"')))
    refused = run("what-if", "--book", broken)
    assert (refused.code, refused.out) == (5, "")
    assert "nothing names a class" in refused.err
    unknown = run("what-if", "--book", OWN, "--drill", "T0-261022-0000001")
    assert (unknown.code, unknown.out) == (3, "")
    wrong = run("what-if", "--book", OWN, "--from", "yesterday")
    assert (wrong.code, wrong.out) == (2, "")


def test_a_book_that_is_not_here_is_named(
    month: Month, run: Callable[..., Said], second: Path, tmp_path: Path
) -> None:
    """An archive's lanes may end at different moments: a book may be adopted beyond its end."""
    pytest.importorskip("pyarrow", reason="archives need the extra `archive`")
    from replay.archive.layout import MANIFEST  # noqa: PLC0415 - an extra
    from tests.replay.archives import Clock, Ledger, rewrite  # noqa: PLC0415 - an extra

    history = next(iter(matters(month.records)))
    told = f"the history names a book that is not here: {OWN}"
    with pytest.raises(UnknownBook, match=told):
        Trying(Trial(adopted={}, other=second_book(), until=until(month))).matter(history)
    with pytest.raises(UnknownBook, match=told):
        fairness(history, Rules(by_version({}), by_version({})))
    ledger = Ledger(month.database, month.data_dir, Clock(END))
    ledger.notarize()
    ledger.archive(tmp_path / "archive")
    plain = json.loads((tmp_path / "archive" / MANIFEST).read_bytes())["archive"]
    rewrite(tmp_path / "archive", {**plain, "books": []})
    for engine in ("inline", "processes"):
        asked = ("--archive", tmp_path / "archive", "--engine", engine)
        said = run("what-if", "--book", second, *asked)
        assert (said.code, said.out) == (5, "")
        assert told in said.err


def test_both_sides_of_a_matter_are_treated_alike_but_where_a_reason_is_given(
    month: Month,
) -> None:
    """Who is buyer and who is merchant decides nothing but what it is meant to decide."""
    own = books.parse(month.content)
    rules = Rules(lambda _version: own, lambda _version: own)
    whole, nothing_meant = Fairness(), Fairness()
    for one in matters(month.records):
        whole = together(whole, fairness(one, rules))
        nothing_meant = together(nothing_meant, fairness(one, rules, ()))
    assert whole.asked > 500
    assert whole.unfair == ()
    assert whole.fair == whole.asked
    assert whole.commands.keys() >= {
        *("IssueRuling", "AssignArbitrator", "PassDeadline", "PassClock", "AskSurvey"),
        *("AcceptTicket", "GiveAnswer", "QueueTicket", "SettleRefund", "MakeOffer"),
    }
    told = {(one.command, one.what) for one in nothing_meant.unfair}
    assert told == {(one.command, one.what) for one in whole.differently}
    meant = {(one.command, one.what) for one in INTENDED}
    assert {one for one in told if one not in meant} <= {
        (name, what) for name, _ in told for some, what in meant if some == ANY
    }
    assert ("ApproveClaim", "may") in told


def test_a_book_that_treats_the_sides_differently_is_a_finding(
    month: Month, run: Callable[..., Said], tmp_path: Path
) -> None:
    """Exit code 6: a script that asks must not have to read the words."""
    resolved = next(one.subject for one in month.records if isinstance(one.event, TicketResolved))
    fair = run("fairness", "--ticket", resolved)
    assert (fair.code, "NO REASON" in fair.out) == (0, False)
    book = tmp_path / "biased.toml"
    closing = 'name = "closing"\nwithin = "P7D"\nawaits = '
    book.write_bytes(whole_bytes((f'{closing}"nobody"', f'{closing}"merchant"')))
    biased = run("fairness", "--ticket", resolved, "--book", book)
    assert biased.code == 6
    found = [line for line in biased.out.splitlines() if "NO REASON IS GIVEN" in line]
    assert found
    assert all("DeadlineGiven closing awaits" in line for line in found)
    assert resolved in found[0]
    told = run("fairness", "--ticket", resolved, "--book", book, "--json")
    assert told.code == 6
    assert json.loads(told.out)["unfair"]
