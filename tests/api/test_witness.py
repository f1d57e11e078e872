"""The witness: it cosigns what grows, and nothing else, whatever was asked and whatever crashed."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from api.anchoring.posting import OutsiderUnavailable
from api.anchoring.witnesses import Disowned, WitnessClient, step_all
from api.settings import Settings, WitnessPlace
from api.witness.cosigning import Answer, Witness
from api.witness.exchange import SIZE_MEDIA_TYPE, AddCheckpoint, parse_add_checkpoint
from api.witness.service import witness_app
from api.witness.state import Memory, WitnessStateError, key_of
from domain.ledger.anchors import AnchorKind, Anchors, cosigned
from domain.ledger.connections import Connections
from domain.ledger.log import Log
from domain.ledger.recorder import Recorder
from domain.proof.checkpoint import open_checkpoint
from domain.proof.errors import MalformedKey, Untrusted
from domain.proof.keys import KeyType, SigningKey
from domain.proof.note import Note, parse_signatures
from domain.values import Instant
from tests.api.witnesses import AT, NAME, TestLog, listening, remembering
from tests.conftest import Database
from tests.ledger.notaries import log_key, notary, write

NOW = Instant("2026-11-22T03:00:00.000000Z")


@pytest.fixture
def log() -> TestLog:
    """A log of twenty leaves."""
    made = TestLog()
    made.grow(20)
    return made


@pytest.fixture
def witness(log: TestLog, tmp_path: Path) -> Iterator[Witness]:
    """A new witness that knows the log."""
    with remembering(tmp_path / "w", log.key.verifier) as made:
        yield made


def ask(witness: Witness, request: AddCheckpoint) -> Answer:
    """Return a witness's answer to a request."""
    return witness.add_checkpoint(str(request).encode())


def test_what_grows_is_cosigned(witness: Witness, log: TestLog) -> None:
    """The line is a cosignature of the three lines, with the time, by the witness's key."""
    for old, size in ((0, 3), (3, 3), (3, 16), (16, 20)):
        request = log.request(old, size)
        answer = ask(witness, request)
        assert answer.status == 200, answer.content
        note = request.note.with_signatures(parse_signatures(answer.content))
        opened = open_checkpoint(note, [log.key.verifier], [witness.key.verifier])
        assert opened.checkpoint == log.checkpoint(size)
        assert opened.witnesses == {witness.key.verifier: AT}


def test_a_request_reads_as_it_was_written(log: TestLog) -> None:
    """Its form is C2SP's: old, proof, empty line, checkpoint."""
    request = log.request(7, 20)
    assert parse_add_checkpoint(str(request).encode()) == request
    assert str(request).startswith("old 7\n")


def test_a_log_nobody_knows_is_not_found(witness: Witness) -> None:
    """404: a witness answers for the logs it was told of."""
    other = TestLog("other.test/log")
    other.grow(1)
    assert ask(witness, other.request(0)).status == 404


def test_a_checkpoint_somebody_else_signed_is_forbidden(witness: Witness, log: TestLog) -> None:
    """403, and nothing is remembered of it."""
    thief = SigningKey(log.key.verifier.name, b"\x02" * 32)
    assert ask(witness, log.request(0, 5, thief)).status == 403
    assert ask(witness, log.request(0, 5)).status == 200


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(witness: Witness, log: TestLog) -> None:
    """400, as C2SP says."""
    note = log.request(0, 5).note
    assert ask(witness, AddCheckpoint(6, (), note)).status == 400


def test_who_is_not_where_the_witness_is_learns_where_that_is(
    witness: Witness, log: TestLog
) -> None:
    """409 with the size in decimal and its own media type: the client tries again from there."""
    assert ask(witness, log.request(3, 5)) == Answer(409, "0\n", SIZE_MEDIA_TYPE)
    assert ask(witness, log.request(0, 8)).status == 200
    assert ask(witness, log.request(0, 9)) == Answer(409, "8\n", SIZE_MEDIA_TYPE)
    older = log.request(0, 5)
    assert ask(witness, older) == Answer(409, "8\n", SIZE_MEDIA_TYPE)


def test_a_fork_is_never_cosigned_and_is_kept_as_proof(
    witness: Witness, log: TestLog, tmp_path: Path
) -> None:
    """Two histories of one size, or one that does not go on from what was cosigned."""
    assert ask(witness, log.request(0, 8)).status == 200
    fork = TestLog()
    fork.grow(20, salt=b"other")
    assert ask(witness, fork.request(8, 8)).status == 409
    assert ask(witness, fork.request(8, 20)).status == 422
    honest = log.request(8, 20)
    assert ask(witness, AddCheckpoint(8, honest.proof[:-1], honest.note)).status == 422
    assert ask(witness, AddCheckpoint(8, honest.proof, fork.request(8, 20).note)).status == 422
    kept = list((tmp_path / "w" / "state" / "refused").iterdir())
    assert len(kept) == 3
    assert ask(witness, honest).status == 200, "and the honest history goes on"


def test_from_nothing_there_is_nothing_to_prove(witness: Witness, log: TestLog) -> None:
    """A proof where none can be is refused, as C2SP says."""
    proof = log.request(8, 20).proof
    assert ask(witness, AddCheckpoint(0, proof, log.request(0, 20).note)).status == 422


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"old 0",
        b"old 0\n\n",
        b"old 00\n\nx",
        b"old -1\n\nlog\n1\nAA==\n\n\xe2\x80\x94 log AAAAAAA=\n",
        b"new 0\n\nlog\n1\nAA==\n\n\xe2\x80\x94 log AAAAAAA=\n",
        b"old 0\nAAAA\n\nlog\n1\nAA==\n\n\xe2\x80\x94 log AAAAAAA=\n",
        b"\xff\xfe\n\n",
        b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\n",
        b"\x00" * 100,
    ],
)
def test_what_is_no_request_is_a_bad_request(witness: Witness, content: bytes) -> None:
    """No crash, and a sentence for who sent it."""
    answer = witness.add_checkpoint(content)
    assert answer.status == 400
    assert answer.content.endswith("\n")


def test_more_than_63_hashes_are_no_proof(witness: Witness, log: TestLog) -> None:
    """The longest proof there can be has 63."""
    request = AddCheckpoint(8, (b"\0" * 32,) * 64, log.request(0, 20).note)
    assert ask(witness, request).status == 400


def test_a_witness_remembers_across_restarts(log: TestLog, tmp_path: Path) -> None:
    """It is its memory that makes it a witness."""
    with remembering(tmp_path, log.key.verifier) as before:
        assert ask(before, log.request(0, 8)).status == 200
    fork = TestLog()
    fork.grow(8, salt=b"other")
    with remembering(tmp_path, log.key.verifier, name=None) as after:
        assert after.key.verifier == before.key.verifier
        assert ask(after, fork.request(0, 8)).status == 409
        assert ask(after, fork.request(8, 8)).status == 409
        assert ask(after, log.request(8, 20)).status == 200


def test_a_key_without_its_memory_is_not_used(log: TestLog, tmp_path: Path) -> None:
    """A witness that has forgotten would cosign a second history; so it does not start."""
    with remembering(tmp_path, log.key.verifier) as made:
        ask(made, log.request(0, 8))
    (tmp_path / "state").rename(tmp_path / "lost")
    with pytest.raises(WitnessStateError, match="forgotten"), remembering(tmp_path):
        pass
    (tmp_path / "lost").rename(tmp_path / "state")
    (tmp_path / "key").rename(tmp_path / "lost-key")
    with pytest.raises(WitnessStateError, match="memory of another key"), remembering(tmp_path):
        pass


def test_a_damaged_memory_cosigns_nothing(log: TestLog, tmp_path: Path) -> None:
    """Unreadable is not the same as empty: 503 until somebody has looked."""
    with remembering(tmp_path, log.key.verifier) as made:
        ask(made, log.request(0, 8))
        (note,) = [file for file in (tmp_path / "state").iterdir() if file.suffix == ".note"]
        note.write_text("nothing")
        with TestClient(witness_app(made)) as client:
            answer = client.post("/add-checkpoint", content=str(log.request(0, 20)))
    assert answer.status_code == 503


def test_one_memory_has_one_process(log: TestLog, tmp_path: Path) -> None:
    """Two processes could cosign two histories between them."""
    with (
        remembering(tmp_path, log.key.verifier),
        pytest.raises(WitnessStateError, match="another witness"),
        remembering(tmp_path, name=None),
    ):
        pass


def test_requests_at_the_same_time_are_judged_one_after_the_other(
    witness: Witness, log: TestLog
) -> None:
    """What is compared is what is replaced: no race rolls the memory back."""
    assert ask(witness, log.request(0, 4)).status == 200
    gate = threading.Barrier(8)

    def race(size: int) -> int:
        request = log.request(4, size)
        gate.wait(20)
        return ask(witness, request).status

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(5, 13)))
    assert sorted(answers) == [200] + [409] * 7
    size = 5 + answers.index(200)
    assert ask(witness, log.request(0, 20)).content == f"{size}\n"


def test_only_logs_keys_are_known_and_only_cosigners_cosign(log: TestLog, tmp_path: Path) -> None:
    """A key of the wrong type is said at start."""
    cosigner = SigningKey("w", b"\x03" * 32, KeyType.COSIGNATURE)
    with pytest.raises(MalformedKey), remembering(tmp_path / "a", cosigner.verifier):
        pass
    (tmp_path / "key").write_text(log.key.secret)
    with pytest.raises(WitnessStateError, match="without a time"):
        key_of(tmp_path / "key", name=None, state=tmp_path / "state")
    (tmp_path / "key").write_text("PRIVATE+KEY+x")
    with pytest.raises(WitnessStateError, match="no key"):
        key_of(tmp_path / "key", name=None, state=tmp_path / "state")


def test_the_key_of_a_witness_is_for_its_owner_alone(witness: Witness, tmp_path: Path) -> None:
    """0600, like every private key of ours."""
    assert (tmp_path / "w" / "key").stat().st_mode & 0o777 == 0o600
    assert witness.key.secret not in repr(witness.key)


def test_over_http_it_speaks_the_protocol(witness: Witness, log: TestLog) -> None:
    """Status, media type and body are what any client of C2SP expects."""
    with TestClient(witness_app(witness)) as client:
        assert client.get("/vkey").text == f"{witness.key.verifier.vkey}\n"
        good = client.post("/add-checkpoint", content=str(log.request(0, 8)))
        assert (good.status_code, good.text[0]) == (200, "—")
        stale = client.post("/add-checkpoint", content=str(log.request(0, 9)))
        assert (stale.status_code, stale.text) == (409, "8\n")
        assert stale.headers["content-type"].partition(";")[0] == SIZE_MEDIA_TYPE
        assert client.post("/add-checkpoint", content=b"x" * 1_000_000).status_code == 413
        assert client.get("/add-checkpoint").status_code == 405


# --- the client, against a notary's log and a witness that listens ------------------------------


@pytest.fixture
def own(make_database: Callable[[int], Database]) -> Database:
    """A database of the test's own."""
    return make_database(1)


class Journey:
    """A log that a notary writes, a witness that listens, and the client between them."""

    def __init__(self, database: Database, directory: Path, ending: ExitStack) -> None:
        """Join them; all end with `ending`."""
        self.directory = directory
        self.ending = ending
        self.recorder = Recorder.connect(database.app_dsn)
        ending.callback(self.recorder.connections.close)
        self.notary = ending.enter_context(notary(database.notary_dsn, directory / "keys"))
        connections = ending.enter_context(closing(Connections(database.notary_dsn)))
        self.log, self.anchors = Log(connections), Anchors(connections)
        self.origin = self.notary.origins[0]
        self.key = log_key(directory / "keys", self.origin)
        self.witness = ending.enter_context(remembering(directory / "w", self.key))
        self.url = ending.enter_context(listening(self.witness))

    def client(self, *, url: str | None = None, vkey: str | None = None) -> WitnessClient:
        """Return a client, as a process would begin with it."""
        place = WitnessPlace(
            name="w1", url=url or self.url, vkey=vkey or self.witness.key.verifier.vkey
        )
        return WitnessClient(place, self.log, self.anchors, now=lambda: NOW)

    def publish(self, events: int) -> int:
        """Have events recorded, integrated and signed; return the size."""
        write(self.recorder, events)
        self.notary.step(0)
        newest = self.log.checkpoint(0)
        assert newest is not None
        return newest.size

    def note(self) -> Note:
        """Return the newest checkpoint with its cosignatures."""
        newest = self.log.checkpoint(0)
        assert newest is not None
        return cosigned(newest, self.log.anchors(0, newest.size))


@pytest.fixture
def journey(own: Database, tmp_path: Path) -> Iterator[Journey]:
    """A journey from the log to the witness and back."""
    with ExitStack() as ending:
        yield Journey(own, tmp_path, ending)


def test_a_checkpoint_is_published_and_then_witnessed(journey: Journey) -> None:
    """The cosignature comes home, is verified, kept, and stands in the served note."""
    client = journey.client()
    assert client.step(0) is False, "nothing is signed yet"
    for events in (1, 300, 5):
        size = journey.publish(events)
        assert journey.anchors.witnessed(0, ["w1"], 1, from_size=size) is None
        assert client.step(0)
        assert journey.anchors.witnessed(0, ["w1"], 1, from_size=size) == size
        opened = open_checkpoint(journey.note(), [journey.key], [journey.witness.key.verifier])
        assert list(opened.witnesses) == [journey.witness.key.verifier]
        assert client.step(0) is False, "once a checkpoint is enough"
    assert journey.anchors.witnessed(0, ["w1", "w2"], 2) is None, "a quorum of two is not there"
    assert journey.anchors.witnessed(0, ["w2"], 1) is None, "nor one of somebody else"


def test_a_client_that_knows_nothing_asks_where_the_witness_is(journey: Journey) -> None:
    """A lost table of anchors is no reason to stop: the witness says its size."""
    journey.publish(5)
    assert journey.client().step(0)
    journey.publish(5)
    client = journey.client()
    client._sizes[0] = 0
    assert client.step(0)


def test_a_log_that_was_rolled_back_is_disowned(
    journey: Journey, make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """A restored older backup is found the next time it is to be witnessed."""
    journey.publish(8)
    assert journey.client().step(0)
    with ExitStack() as ending:
        restored = make_database(1)
        recorder = Recorder.connect(restored.app_dsn)
        ending.callback(recorder.connections.close)
        again = ending.enter_context(notary(restored.notary_dsn, tmp_path / "keys"))
        connections = ending.enter_context(closing(Connections(restored.notary_dsn)))
        place = WitnessPlace(name="w1", url=journey.url, vkey=journey.witness.key.verifier.vkey)
        client = WitnessClient(place, Log(connections), Anchors(connections), now=lambda: NOW)
        for events, said in ((5, "cosigned size 8"), (3, "another history"), (9, "another")):
            write(recorder, events)
            again.step(0)
            with pytest.raises(Disowned, match=said):
                client.step(0)
            assert client.alarms.keys() == {0}
        step_all(client, 1)  # goes on with other lanes, and does not end the process


def test_what_a_witness_answers_is_checked(journey: Journey) -> None:
    """A cosignature by another key than the one in the settings is none."""
    journey.publish(3)
    stranger = SigningKey(NAME, b"\x05" * 32, KeyType.COSIGNATURE)
    with pytest.raises(Untrusted):
        journey.client(vkey=stranger.verifier.vkey).step(0)
    assert journey.anchors.newest(0, AnchorKind.WITNESS, "w1") is None


def test_a_witness_that_is_away_holds_nothing_up(journey: Journey) -> None:
    """It is asked again with the next round; the log goes on meanwhile."""
    journey.publish(3)
    client = journey.client(url="http://127.0.0.1:9/nobody")
    with pytest.raises(OutsiderUnavailable):
        client.step(0)
    step_all(client, 1)
    assert journey.publish(3) == 6
    assert journey.client().step(0)


@pytest.mark.parametrize(
    "settings",
    [
        {"witness_quorum": 1},
        {"stamp_url": "http://127.0.0.1:1/"},
        {"stamp_url": "ftp://127.0.0.1/", "stamp_roots": "x"},
        {"witnesses": [{"name": "w", "url": "http://x", "vkey": "no key"}]},
        {"witnesses": [{"name": "w", "url": "http://x", "vkey": TestLog().key.verifier.vkey}]},
    ],
)
def test_settings_that_can_not_be_meant_are_refused(settings: dict[str, object]) -> None:
    """A quorum of nobody, stamps nobody could check, a log's key for a witness's."""
    with pytest.raises(ValidationError):
        Settings.model_validate(settings)


# --- the command -------------------------------------------------------------------------------


def test_the_command_serves_and_a_killed_one_has_forgotten_nothing(
    log: TestLog, tmp_path: Path
) -> None:
    """SIGKILL after the answer, and what was cosigned is still known."""
    arguments = ["--key", str(tmp_path / "key"), "--state", str(tmp_path / "state")]
    arguments += ["--log-vkey", log.key.verifier.vkey]
    port = 0
    for number, (old, size, expected) in enumerate(((0, 8, 200), (0, 5, 409), (8, 20, 200))):
        port = port or free_port()
        made = ["--name", NAME] if number == 0 else []
        command = [*(sys.executable, "-m", "api.cli", "witness", "serve"), *arguments, *made]
        process = subprocess.Popen([*command, "--listen", f"127.0.0.1:{port}"])
        try:
            status, content = posted(port, str(log.request(old, size)).encode(), process)
            assert status == expected, content
        finally:
            process.kill()
            process.wait()
    key = key_of(tmp_path / "key", name=None, state=tmp_path)
    with closing(Memory(tmp_path / "state", key)) as memory:
        assert memory.last(log.key.verifier.name) == log.checkpoint(20)


def test_a_witness_ends_with_the_process_it_was_told_to_end_with(
    log: TestLog, tmp_path: Path
) -> None:
    """Also when that was gone before the witness could look."""
    with subprocess.Popen(["true"]) as ended:
        pass
    command = [sys.executable, "-m", "api.cli", "witness", "serve", "--parent", str(ended.pid)]
    command += ["--key", str(tmp_path / "key"), "--state", str(tmp_path / "state"), "--name", NAME]
    command += ["--log-vkey", log.key.verifier.vkey, "--listen", f"127.0.0.1:{free_port()}"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """Exit codes with one meaning each, and no traceback."""
    command = [sys.executable, "-m", "api.cli", "witness", "serve"]
    key = ["--key", str(tmp_path / "key"), "--state", str(tmp_path / "state")]
    for more, code in (
        (["--log-vkey", "nothing"], 2),
        (["--log-vkey", TestLog().key.verifier.vkey], 4),
        (["--log-vkey", TestLog().key.verifier.vkey, "--listen", "here"], 2),
    ):
        ended = subprocess.run(
            [*command, *key, *more], capture_output=True, text=True, check=False, timeout=60
        )
        assert ended.returncode == code, ended.stderr
        assert "Traceback" not in ended.stderr


def free_port() -> int:
    """Return a port nobody listens on."""
    import socket  # noqa: PLC0415 - only here

    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def posted(port: int, content: bytes, process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Return what is answered as soon as somebody listens."""
    ended = threading.Event()
    for _ in range(400):
        assert process.poll() is None, "the witness has ended"
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
                connection.request("POST", "/add-checkpoint", body=content)
                answer = connection.getresponse()
                return answer.status, answer.read()
        except ConnectionRefusedError:
            ended.wait(0.05)
    raise AssertionError("nobody listens")
