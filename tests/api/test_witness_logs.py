"""A witness learns a log's next key from its file, without a restart."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.witness.cosigning import Witness
from api.witness.logs import KnownLogs
from api.witness.service import witness_app
from domain.proof.errors import MalformedKey
from domain.proof.keys import SigningKey
from tests.api.witnesses import TestLog, remembering


class Town:
    """A log whose key is rotated, and a witness that reads its file."""

    def __init__(self, directory: Path, ending: ExitStack) -> None:
        """Begin with the first key in the file."""
        self.log = TestLog()
        self.log.grow(20)
        self.following = SigningKey(self.log.key.verifier.name, b"\x09" * 32)
        self.file = directory / "logs"
        self.write(self.log.key)
        known = KnownLogs(path=self.file)
        self.witness: Witness = ending.enter_context(remembering(directory / "w", *known.keys))
        self.client = ending.enter_context(TestClient(witness_app(self.witness, known)))

    def write(self, *keys: SigningKey) -> None:
        """Name these keys in the file."""
        lines = "".join(f"{key.verifier.vkey}\n" for key in keys)
        self.file.write_text(f"# the ledger's lane 0\n{lines}")

    def ask(self, old: int, size: int, *keys: SigningKey) -> int:
        """Return the status by which the witness answers a checkpoint signed with these keys."""
        request = str(self.log.request(old, size, *keys))
        return int(self.client.post("/add-checkpoint", content=request).status_code)


def test_a_rotated_key_is_learned_while_the_witness_runs(tmp_path: Path) -> None:
    """For 30 days checkpoints carry both lines, so no hour has to be agreed on."""
    with ExitStack() as ending:
        town = Town(tmp_path, ending)
        first, second = town.log.key, town.following
        assert town.ask(0, 3, first) == 200
        assert town.ask(3, 5, second, first) == 200, "it knows one of the two lines"
        assert town.ask(5, 6, second) == 403
        town.write(first, second)
        assert town.ask(5, 7, second, first) == 200
        assert town.ask(7, 9, second) == 200
        town.write(second)
        assert town.ask(9, 11, first) == 403, "the former key is taken out again"
        assert town.ask(9, 11, second) == 200


@pytest.mark.parametrize("broken", ["no key\n", "log.test/lane-0+00000000+AAAA\n", "é\n", None])
def test_a_file_that_is_no_good_changes_nothing(tmp_path: Path, broken: str | None) -> None:
    """A slip of the pen stops no witness; it is said aloud, and mended by the next writing."""
    with ExitStack() as ending:
        town = Town(tmp_path, ending)
        if broken is None:
            town.file.unlink()
        else:
            town.file.write_text(broken)
        assert town.ask(0, 3, town.log.key) == 200
        assert town.ask(3, 4, town.following) == 403
        town.write(town.log.key, town.following)
        assert town.ask(3, 4, town.following) == 200


def test_keys_of_the_command_line_stay_known_beside_the_file(tmp_path: Path) -> None:
    """What the file says comes on top; at the start a bad file is refused."""
    log = TestLog()
    file = tmp_path / "logs"
    file.write_text("")
    assert KnownLogs((log.key.verifier,), file).keys == (log.key.verifier,)
    file.write_text("no key")
    with pytest.raises(MalformedKey):
        KnownLogs((log.key.verifier,), file)
    with pytest.raises(OSError, match="nowhere"):
        KnownLogs(path=tmp_path / "nowhere")
