"""The demo's witness: a process of its own beside the ledger's, standing for somebody else's."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from api import keys
from api.settings import Settings, WitnessPlace
from api.wiring import Dsns, joined
from api.witness.state import key_of
from domain.ledger.signing import verifier
from domain.values import KeyPurpose

NAME: Final = "witness.demo"
GRACE_S: Final = 5


@contextmanager
def witnessed(settings: Settings, dsns: Dsns) -> Iterator[Settings]:
    """Give the settings with a witness that runs meanwhile; settings that name one stay theirs."""
    if settings.witnesses:
        yield settings
        return
    directory = settings.data_dir / "another-organisation"
    key = key_of(directory / "witness.key", name=NAME, state=directory / "state")
    port = _free_port()
    place = WitnessPlace(name="demo", url=f"http://127.0.0.1:{port}", vkey=key.verifier.vkey)
    arguments = [
        *("witness", "serve", "--parent", str(os.getpid())),
        *("--key", str(directory / "witness.key")),
        *("--state", str(directory / "state")),
        *("--listen", f"127.0.0.1:{port}"),
    ]
    for vkey in _vkeys(settings, dsns):
        arguments += ["--log-vkey", vkey]
    print(  # noqa: T201 - a person should know who vouches for what
        f"a witness cosigns every checkpoint from a process of its own (port {port}); in real life "
        "it belongs to another organisation, on another machine",
        file=sys.stderr,
    )
    command = [sys.executable, "-m", "api.cli", *arguments]
    with subprocess.Popen(command) as witness:  # noqa: S603 - ourselves, with words of ours
        try:
            yield settings.model_copy(update={"witnesses": (place,), "witness_quorum": 1})
        finally:
            witness.terminate()
            try:
                witness.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                witness.kill()


def _vkeys(settings: Settings, dsns: Dsns) -> list[str]:
    """Return the keys of all lanes, which are made and put on record if they are not yet."""
    with joined(settings, dsns) as parts:
        in_use = keys.introduce(parts.ledger, parts.key_store, *KeyPurpose).in_use[KeyPurpose.LOG]
        return [
            verifier(origin, KeyPurpose.LOG, in_use.key).vkey for origin in parts.ledger.origins
        ]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
