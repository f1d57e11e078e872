"""The audit itself: what it names, how it is divided, interrupted and taken up, and its command."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.auditing import RESUME_FILE, Resumed
from api.imports.engine import import_history
from api.imports.mapping import load_mapping
from api.imports.rejects import Rejects
from api.keys import FileKeys
from api.reads.cases import case_answer
from api.settings import Settings
from api.wiring import Dsns, joined
from domain.ledger.connections import Connections
from domain.ledger.migrations import Names
from domain.ledger.recorder import Recorder
from domain.ledger.signing import sign_text
from domain.ledger.vault import FileVault
from domain.proof.canonical import canonical
from domain.proof.checkpoint import Checkpoint
from domain.values import KeyPurpose, moment_of
from replay import verify
from replay.verify.auditing import Interrupted, Scope, audit
from replay.verify.joining import Joiner
from replay.verify.lines import NoLine, read_line, read_lines
from replay.verify.outside import UnusableCopy, read_copies
from replay.verify.reading import Audited, open_snapshot
from replay.verify.report import Finding
from replay.verify.rows import microseconds, microseconds_of, read_rows
from replay.verify.rows import spelled as spelled_at
from replay.verify.span import Span
from tests.conftest import Database
from tests.ledger.matters import open_ticket, say
from tests.replay.conftest import Story
from tests.replay.scenes import LANE, Clock, Scene
from tests.scenario import SUPERVISOR

CASES = 3_400
"""Cases of the imported log: three events each."""


# --- the bytes --------------------------------------------------------------------------------


def spelled(**changes: Any) -> dict[str, Any]:
    """Return a record as plain data."""
    return {
        "actor": {"kind": "buyer", "ref": "b-1"},
        "at": "2026-11-22T03:04:05.123456Z",
        "cause": {"command": "c", "correlation": "c"},
        "data": {"text": {"sd": "x"}},
        "format": 1,
        "id": "i",
        "ledger": LANE,
        "prev": "0" * 64,
        "stream": "ticket:T0-261122-0000001",
        "topic": "message.sent.v1",
        "version": 1,
    } | changes


def test_canonical_bytes_are_a_line() -> None:
    """What the ledger writes is read."""
    assert read_line(canonical(spelled())).version == 1


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (b"", "E01"),
        (b"{", "E01"),
        (b"\xff\xfe", "E01"),
        (b"[" * 60_000, "E02"),
        (b"[]", "E02"),
        (b"7", "E02"),
        (canonical(spelled()) + b" ", "E02"),
        (b" " + canonical(spelled()), "E02"),
        (canonical(spelled()).replace(b"buyer", b"b\\u0075yer"), "E02"),
        (canonical(spelled()).replace(b'"version":1', b'"version":1,"version":1'), "E02"),
        (canonical(spelled()).replace(b'"version":1', b'"version":1.0'), "E02"),
        (canonical(spelled()).replace(b'"version":1', b'"version":1e0'), "E02"),
        (canonical(spelled(data={"n": 1})).replace(b'"n":1', b'"n":1.5'), "E02"),
        (canonical(spelled(data={"a": "x"})).replace(b'"x"', b'"\\u0000"'), "E02"),
        (canonical(spelled(more=1)), "E02"),
        (canonical(spelled(format=2)), "E02"),
        (canonical(spelled(topic="never.heard.v1")), "E02"),
        (canonical(spelled(source=None)), "E02"),
        (canonical({k: v for k, v in spelled().items() if k != "prev"}), "E02"),
    ],
)
def test_anything_else_is_a_finding(state: bytes, code: str) -> None:
    """Two spellings of one fact would have two hashes."""
    with pytest.raises(NoLine) as wrong:
        read_line(state)
    assert wrong.value.code == code


def test_many_canonical_bytes_are_their_lines() -> None:
    """What is read together is what is read one by one."""
    states = [canonical(spelled(version=version)) for version in (1, 2, 3)]
    assert read_lines(states) == [read_line(state) for state in states]
    assert read_lines([]) == []


@pytest.mark.parametrize(
    "states",
    [
        [canonical(spelled()) + b"\n" + canonical(spelled())],
        [canonical(spelled()) + b"\n" + canonical(spelled()), b""],
        [b"", canonical(spelled()) + b"\n" + canonical(spelled())],
        [canonical(spelled())[:90], canonical(spelled())[90:]],
        [canonical(spelled()), canonical(spelled()) + b" "],
        [canonical(spelled()) + canonical(spelled()), b""],
        [canonical(spelled()), b""],
        [canonical(spelled()), b"\n"],
        [canonical(spelled()), b"\xff"],
        [canonical(spelled()), canonical(spelled(topic="never.heard.v1"))],
        [canonical(spelled(format=2)), canonical(spelled())],
        [canonical(spelled()), canonical(spelled(data={"a": "x"})).replace(b'"x"', b'"\\u0000"')],
    ],
)
def test_bytes_that_are_lines_only_together_are_none(states: list[bytes]) -> None:
    """Each record stands for itself; what one begins another must not end."""
    assert read_lines(states) is None


@pytest.mark.parametrize(
    "at",
    ["1999-12-31T23:59:59.999999Z", "2026-11-22T03:04:05.000000Z", "0999-01-01T00:00:00.000001Z"],
)
def test_an_instant_of_the_server_is_spelt_as_in_a_record(at: str) -> None:
    """Columns are compared with records as texts."""
    assert spelled_at([microseconds(at)]) == [at]


def test_an_instant_beyond_all_years_is_never_taken_for_one() -> None:
    """The server knows minus infinity; no record does."""
    with pytest.raises(OverflowError):
        spelled_at([-(2**63)])


def test_rows_are_read_as_the_application_reads_them(scene: Scene) -> None:
    """Columns taken apart and the driver's rows give the same values."""
    with (
        closing(Recorder.connect(scene.database.app_dsn)) as recorder,
        closing(open_snapshot(scene.database.app_dsn, None)) as connection,
        connection.cursor() as cursor,
    ):
        usual = recorder.read(0, 0, 50_000)
        columns = read_rows(cursor, Names(), 0, after=0, upto=50_000)
    assert list(zip(*msgspec.structs.astuple(columns), strict=True)) == [
        (*row[1:6], microseconds_of(row.recorded_at), row.state, row.leaf_hash) for row in usual
    ]


@pytest.mark.parametrize(
    "at", ["2026-11-22T03:04:05Z", "2026-11-22 03:04:05.123456Z", "2026-13-22T03:04:05.123456Z"]
)
def test_an_instant_has_one_spelling(at: str) -> None:
    """Texts of it are compared as texts."""
    with pytest.raises(ValueError, match=r".+"):
        microseconds(at)


# --- a large history --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imported(
    make_database: Callable[[int], Database], tmp_path_factory: pytest.TempPathFactory
) -> Scene:
    """A ledger that was filled by an import."""
    directory = tmp_path_factory.mktemp("imported")
    scene = Scene(make_database(1), directory, Clock())
    states = ("A1", "A2", "A8")
    lines = ["case_id,seq,time,state"]
    for case in range(CASES):
        lines += [
            f"{case},{number},2012-04-0{number}T16:55:38Z,{state}"
            for number, state in enumerate(states, 1)
        ]
    path = directory / "log.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with scene.ledger() as ledger, Rejects(path, directory=directory, fallback=directory) as bad:
        totals = import_history(path, load_mapping("helpdesk"), ledger, bad)
    assert totals.events >= 10_000
    scene.notarize()
    return scene


def test_one_flipped_byte_among_ten_thousand_events_is_named(imported: Scene) -> None:
    """With its exact place, wherever it is and whatever it does to the text around it."""
    ((last,),) = imported.query("select position from ledger.lane_head")
    assert last >= 10_000
    assert imported.audit().findings == ()
    chance = random.Random(7)
    imported.break_in("alter table ledger.event alter column leaf_hash drop expression")
    for _ in range(5):
        position = chance.randint(1, last)
        ((state, stream, version),) = imported.query(
            "select state, stream, version from ledger.event where position = %s", position
        )
        honest = bytes(state)
        at = chance.randrange(len(honest))
        flipped = honest[:at] + bytes([honest[at] ^ (1 << chance.randrange(8))]) + honest[at + 1 :]
        write = "update ledger.event set state = %s where position = %s"
        imported.break_in((write, (flipped, position)))
        findings = imported.audit().findings
        imported.break_in((write, (honest, position)))
        assert {"E03", "E11"} <= {one.code for one in findings}
        for one in findings:
            if one.code in {"E03", "E11"}:
                assert (one.position, one.stream, one.version) == (position, stream, version)
    assert imported.audit().findings == ()


def test_several_workers_find_what_one_does(imported: Scene) -> None:
    """Spans are checked anywhere and joined in order."""
    ((last,),) = imported.query("select position from ledger.lane_head")
    row = "select state from ledger.event where position = %s"
    write = "update ledger.event set state = %s where position = %s"
    honest = {place: bytes(imported.query(row, place)[0][0]) for place in (5, last - 5)}
    for place, state in honest.items():
        imported.break_in((write, (state.replace(b"Z", b"z", 1), place)))
    alone, together = imported.audit(), imported.audit(workers=2)
    for place, state in honest.items():
        imported.break_in((write, (state, place)))
    assert alone.findings == together.findings
    assert {5, last - 5} <= {one.position for one in alone.findings}
    assert alone.events == together.events == last


def test_an_audit_since_a_position_sees_what_is_behind_it(imported: Scene) -> None:
    """What came before is taken as it is; chains and the tree go on from it."""
    ((last,),) = imported.query("select position from ledger.lane_head")
    report = imported.audit(since=9_000)
    assert report.findings == ()
    assert last - 9_000 <= report.events <= last - 9_000 + 256
    assert imported.audit(since=last + 10_000).findings == ()
    row = "select state from ledger.event where position = 9500"
    ((honest,),) = imported.query(row)
    write = "update ledger.event set state = %s where position = 9500"
    imported.break_in((write, [bytes(honest).replace(b"Z", b"z", 1)]))
    found = {one.code for one in imported.audit(since=9_000).findings}
    beyond = imported.audit(since=9_900).findings
    imported.break_in((write, [bytes(honest)]))
    assert {"E02", "E11", "E16"} <= found
    assert beyond == ()


def audited(scene: Scene) -> Audited:
    """Return what workers are told of a scene's ledger."""
    kek = (scene.directory / "keys" / "personal.kek").read_bytes()
    return Audited(scene.database.app_dsn, Names(), (LANE,), (), kek)


def test_an_interrupted_audit_is_taken_up_where_it_stopped(imported: Scene) -> None:
    """What was found before is not forgotten, and nothing is read twice."""
    write = "update ledger.event set state = %s where position = 5"
    ((honest,),) = imported.query("select state from ledger.event where position = 5")
    imported.break_in((write, [bytes(honest).replace(b"Z", b"z", 1)]))
    now, vault = moment_of(imported.clock.at), FileVault(imported.directory / "vault")

    def stop(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        audit(audited(imported), Scope(vault=vault), now=now, progress=stop)
    written = msgspec.json.encode(Resumed(0, (LANE,), (), stopped.value.wholes))
    wholes = msgspec.json.decode(written, type=Resumed).wholes
    assert 0 < wholes[0].position < 10_000
    seen: list[int] = []
    resumed = audit(
        audited(imported),
        Scope(vault=vault, taken_up=wholes),
        now=now,
        progress=lambda done, _total: seen.append(done),
    )
    whole = audit(audited(imported), Scope(vault=vault), now=now)
    imported.break_in((write, [bytes(honest)]))
    assert seen[0] > 0
    assert resumed.findings == whole.findings != ()
    assert resumed.events == whole.events


def test_the_ledger_goes_on_while_it_is_audited(imported: Scene, scene: Scene) -> None:
    """One snapshot: what happens meanwhile is neither seen nor half seen."""
    happened: list[bool] = []

    def happen(done: int, _total: int) -> None:
        if done == 0 and not happened:
            happened.append(True)
            with scene.ledger() as ledger:
                stream = scene.query("select stream from ledger.reservation limit 1")[0][0]
                say(ledger, stream.removeprefix("ticket:"), "in between")
            scene.notarize()

    now = moment_of(scene.clock.at)
    assert imported
    report = audit(audited(scene), Scope(), now=now, progress=happen)
    assert happened
    assert report.findings == ()
    assert scene.audit().events == report.events + 1


# --- copies that are none ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        b"\xff\xfe",
        b"ledger.test/lane-0\n1\nAAAA\n\n\xe2\x80\x94 ledger.test/lane-0 AAAAAAAA\n",
        b"x" * 2_000_000,
        b"c2sp.org/tlog-proof@v1\nindex 1\n\n",
    ],
)
def test_a_copy_that_is_none_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    """No crash, and no verdict on what was not understood."""
    path = tmp_path / "copy"
    path.write_bytes(content)
    with pytest.raises(UnusableCopy, match="copy"):
        read_copies([path], (LANE,), (), ())


def test_nothing_to_compare_with_is_an_error(tmp_path: Path) -> None:
    """Nobody should believe that something was compared."""
    with pytest.raises(UnusableCopy, match="no such file"):
        read_copies([tmp_path / "nowhere"], (LANE,), (), ())
    with pytest.raises(UnusableCopy, match="no checkpoint"):
        read_copies([tmp_path], (LANE,), (), ())


def test_a_copy_of_another_ledger_or_by_another_key_is_refused(scene: Scene) -> None:
    """It would prove nothing about ours."""
    copy = scene.take_copy("copy.checkpoint")
    with pytest.raises(UnusableCopy, match="no lane"):
        read_copies([copy], ("elsewhere/lane-0",), (), ())
    with pytest.raises(UnusableCopy, match="a key we know"):
        read_copies([copy], (LANE,), (bytes([9] + [1] * 31),), ())


def test_a_copy_of_a_lane_that_is_gone_is_a_finding(scene: Scene) -> None:
    """It is of this ledger and signed by its key: what it covers is nowhere."""
    lane = f"{LANE.removesuffix('0')}7"
    signer = FileKeys(scene.directory / "keys").make(KeyPurpose.LOG, 1)
    copy = scene.directory / "lane-7.checkpoint"
    copy.write_text(str(sign_text(Checkpoint(lane, 5, bytes(32)).body, lane, [signer])))
    (found,) = scene.audit(copy).findings
    assert (found.code, found.lane) == ("X01", 7)
    copy.write_text(copy.read_text().replace("lane-7", "lane-07"))
    with pytest.raises(UnusableCopy):
        scene.audit(copy)


# --- one ticket -------------------------------------------------------------------------------


def test_one_ticket_is_verified_by_itself(scene: Scene, story: Story) -> None:
    """Chain, leaf hashes, and the newest checkpoint over them."""
    stream = f"ticket:{story.living}"
    last = scene.positions(stream)[-1]
    with scene.ledger() as ledger:
        assert verify.ticket(ledger, story.living) is None
        say(ledger, story.living, "and this is not in the log yet")
        assert verify.ticket(ledger, story.living) is None
        scene.change(last, lambda record: record | {"id": "another"})
        finding = verify.ticket(ledger, story.living)
        assert finding is not None
        assert (finding.code, finding.stream, finding.version) == ("E07", stream, 137)


def test_one_ticket_that_is_not_what_was_signed_is_found(scene: Scene, story: Story) -> None:
    """Also when its own chain is whole."""
    last = scene.positions(f"ticket:{story.living}")[-1]
    scene.change(last, lambda record: record | {"id": "another"})
    with scene.ledger() as ledger:
        finding = verify.ticket(ledger, story.living)
    assert finding is not None
    assert (finding.code, finding.position) == ("E11", last)


def test_one_ticket_without_a_checkpoint_is_verified_by_its_chain(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Before the notary has come round."""
    scene = Scene(make_database(1), tmp_path, Clock())
    with scene.ledger() as ledger:
        ticket = open_ticket(ledger)
        assert verify.ticket(ledger, ticket) is None


def test_a_case_file_says_whether_its_evidence_is_whole(scene: Scene, story: Story) -> None:
    """Who judges sees it with what is judged, and no damage keeps the file from being read."""
    settings = Settings(data_dir=scene.directory, database_url=scene.database.app_dsn)
    dsns = Dsns(app=scene.database.app_dsn, views=scene.database.app_dsn)
    with joined(settings, dsns, now=scene.clock) as parts:
        assert parts.views.catch_up()
        answer = case_answer(parts, SUPERVISOR, story.living)
        assert answer.verified is True
        position = scene.positions(f"ticket:{story.living}")[2]
        scene.break_in(f"update ledger.event set command = 'x' where position = {position}")
        finding = case_answer(parts, SUPERVISOR, story.living).verified
        assert isinstance(finding, Finding)
        assert (finding.code, finding.position) == ("E04", position)


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def environment(scene: Scene) -> dict[str, str]:
    """What the command finds around it."""
    return os.environ | {
        "TICKETLEDGER_DATABASE_URL": scene.database.app_dsn,
        "TICKETLEDGER_DATA_DIR": str(scene.directory),
    }


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(environment: dict[str, str]) -> Iterator[Run]:
    """Run `ticketledger verify` as its own process."""

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "api.cli", "verify", *map(str, arguments)]
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return command


def test_the_command_says_plainly_that_nothing_is_anchored_outside(run: Run) -> None:
    """A clean self-check must not be mistaken for evidence."""
    said = run("self")
    assert said.returncode == 0, said.stderr
    assert "Nothing was found." in said.stdout
    assert "NOT ANCHORED OUTSIDE" in said.stdout


def test_the_command_names_findings_and_exits_with_six(run: Run, scene: Scene) -> None:
    """For people and for programs."""
    scene.break_in("update ledger.event set topic = 'note.added.v1' where position = 7")
    said = run("self")
    assert said.returncode == 6
    assert "E04 at 0-7" in said.stdout
    told = run("self", "--json", "--workers", "2")
    assert told.returncode == 6
    table = json.loads(told.stdout)
    assert {"events", "seconds", "findings", "anchored_outside"} <= table.keys()
    (finding,) = table["findings"]
    assert finding.keys() == {"code", "lane", "position", "stream", "version", "what"}
    assert (finding["code"], finding["lane"], finding["position"]) == ("E04", 0, 7)
    assert table["anchored_outside"] is False


def test_the_command_compares_with_copies_of_others(run: Run, scene: Scene) -> None:
    """Files and directories."""
    kept = scene.directory / "kept"
    kept.mkdir()
    scene.take_copy("copy.checkpoint").rename(kept / "checkpoint")
    (kept / "README").write_text("what we kept", encoding="utf-8")
    said = run("against", kept, "--json")
    assert said.returncode == 0, said.stdout + said.stderr
    assert json.loads(said.stdout)["anchored_outside"] is True
    said = run("against", kept)
    assert "NOT ANCHORED" not in said.stdout
    scene.rewrite(lambda record: record | {"id": record["id"][::-1]})
    said = run("against", kept)
    assert said.returncode == 6
    assert "X02" in said.stdout


def test_the_command_refuses_what_it_can_not_use(run: Run, scene: Scene, tmp_path: Path) -> None:
    """With a sentence, not with a traceback."""
    assert scene
    (tmp_path / "nothing").write_bytes(b"nothing")
    for arguments, code in (
        (("against", tmp_path / "nothing"), 5),
        (("against", tmp_path / "nowhere"), 5),
        (("self", "--key", "no key"), 2),
        (("self", "--full", "--since", "3"), 2),
        (("self", "--workers", "0"), 2),
    ):
        said = run(*arguments)
        assert said.returncode == code, said.stderr
        assert "Traceback" not in said.stderr


@pytest.fixture
def attentive() -> Iterator[None]:
    """Let processes be started that hear SIGINT: a shell hides it from what runs behind it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("attentive")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("table", ["tile", "reservation"])
def test_an_interrupted_command_leaves_a_file_and_goes_on(
    imported: Scene, table: str, number: signal.Signals
) -> None:
    """Ctrl-C costs nothing: exit code 130, and the next run takes it up.

    Tiles are read with the events, reservations when all events were joined.
    """
    environment = os.environ | {
        "TICKETLEDGER_DATABASE_URL": imported.database.app_dsn,
        "TICKETLEDGER_DATA_DIR": str(imported.directory),
    }
    words = [sys.executable, "-m", "api.cli", "verify", "self"]
    resume = imported.directory / RESUME_FILE
    resume.unlink(missing_ok=True)
    # The audit waits for a lock of ours, so that it is in the middle when it is interrupted.
    with closing(Connections(imported.database.superuser_dsn)) as connections:
        holding = connections.open()
        holding.autocommit = False
        with holding.cursor() as cursor:
            cursor.execute(f"lock table ledger.{table} in access exclusive mode")
            running = subprocess.Popen(
                words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            waiting = (
                "select pid from pg_locks where not granted"
                f" and relation = 'ledger.{table}'::regclass and database ="
                " (select oid from pg_database where datname = current_database())"
            )
            until = time.monotonic() + 120
            while not imported.query(waiting):
                assert running.poll() is None, "it came to an end without the lock"
                assert time.monotonic() < until, "it never asked for the lock"
            running.send_signal(number)
            if table == "tile":
                running.wait(60)  # what is fetched is given up, whatever it waits for
            holding.rollback()
        _, words_said = running.communicate(timeout=60)
        holding.close()
    assert running.returncode == 130, words_said
    assert "Traceback" not in words_said
    assert resume.exists()
    again = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert not resume.exists()


@pytest.mark.usefixtures("attentive")
def test_an_interrupt_at_any_instant_leaves_every_span_joined_or_not(imported: Scene) -> None:
    """A span that counted half would be counted again, or never."""
    now, vault = moment_of(imported.clock.at), FileVault(imported.directory / "vault")
    whole = audit(audited(imported), Scope(vault=vault), now=now)
    add = Joiner.add

    def interrupted(self: Joiner, span: Span, *more: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        add(self, span, *more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Joiner, "add", interrupted)
        with pytest.raises(Interrupted) as stopped:
            audit(audited(imported), Scope(vault=vault), now=now)
    assert stopped.value.wholes[0].position > 0
    resumed = audit(audited(imported), Scope(vault=vault, taken_up=stopped.value.wholes), now=now)
    assert (resumed.findings, resumed.events) == (whole.findings, whole.events)


@pytest.mark.usefixtures("attentive")
def test_an_interrupt_while_joining_begins_leaves_nothing_to_join_behind_its_back(
    imported: Scene,
) -> None:
    """Whoever is interrupted in a thread's start never hears of that thread, which goes on."""
    begun: list[int] = []
    add, start = Joiner.add, threading.Thread.start

    def told(self: Joiner, span: Span, *more: Any) -> None:
        begun.append(span.first)
        add(self, span, *more)

    def interrupted(self: threading.Thread) -> None:
        start(self)
        if self.name.startswith("joining"):
            until = time.monotonic() + 0.5
            while not begun and time.monotonic() < until:
                pass  # what it was started for has all the time to begin
            raise KeyboardInterrupt

    now, vault = moment_of(imported.clock.at), FileVault(imported.directory / "vault")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Joiner, "add", told)
        patched.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(Interrupted) as stopped:
            audit(audited(imported), Scope(vault=vault), now=now)
    assert begun == []
    assert stopped.value.wholes[0].position == 0
