"""An S3 server of the tests' own: SeaweedFS, which stores what it is sent and checks signatures."""

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from obstore.store import S3Store

from tests.interop.install import WEED

BUCKET: Final = "tests"
PARTS: Final = ("s3", "master", "volume", "filer")
SECONDS_MAX: Final = 60
IDENTITIES: Final = {
    "identities": [
        {
            "name": "tests",
            "credentials": [{"accessKey": "tests", "secretKey": "tests"}],
            "actions": ["Read", "Write", "List"],
        },
        {"name": "anonymous", "actions": ["Admin"]},  # makes the bucket, and nothing else
    ]
}


def store_at(url: str) -> S3Store:
    """Return an empty part of the bucket, for one test."""
    return S3Store(
        BUCKET,
        prefix=f"test-{secrets.token_hex(6)}",
        endpoint=url,
        region="us-east-1",
        access_key_id="tests",
        secret_access_key="tests",
        client_options={"allow_http": True},
    )


@contextmanager
def serving_objects(directory: Path) -> Iterator[str]:
    """Serve S3 on 127.0.0.1 while the tests need it; give its URL."""
    (directory / "identities.json").write_text(json.dumps(IDENTITIES))
    ports = free_ports(2 * len(PARTS))
    options = {
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "dir": str(directory),
        "s3.config": str(directory / "identities.json"),
        "s3.iam": "false",
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "s3.localSocket": str(directory / "s3.sock"),
        "filer.localSocket": str(directory / "filer.sock"),
        "volume.preStopSeconds": "0",
        "master.volumeSizeLimitMB": "64",
        "master.telemetry": "false",
    }
    for part, port, rpc in zip(PARTS, ports[::2], ports[1::2], strict=True):
        options |= {f"{part}.port": str(port), f"{part}.port.grpc": str(rpc)}
    said = directory / "said.log"
    with said.open("wb") as output:
        server = subprocess.Popen(
            [str(WEED), "server", "-s3", *(f"-{name}={one}" for name, one in options.items())],
            cwd=directory,
            env={**os.environ, "HOME": str(directory)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{ports[0]}"
        until = time.monotonic() + SECONDS_MAX
        while not make_bucket(url):
            with suppress(subprocess.TimeoutExpired):
                server.wait(timeout=0.05)
            ended = server.poll() is not None or time.monotonic() > until
            assert not ended, said.read_text()[-4_000:]
        yield url
    finally:
        server.kill()
        server.wait(timeout=SECONDS_MAX)


def make_bucket(url: str) -> bool:
    """Make the bucket, if it is not there yet; return whether it is there."""
    made = urllib.request.Request(f"{url}/{BUCKET}", method="PUT")
    try:
        with urllib.request.urlopen(made, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 409
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Return so many different ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
