"""What the tests of the embedded server have in common: a child process of ours, and a question."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg2

HOUSE = Path(__file__).resolve().parents[2]
START = """
import sys
from pathlib import Path
from api import embedded
server = embedded.start(Path(sys.argv[1]), fsync=False)
print("ready", flush=True)
sys.stdin.read()
server.close()
"""
"""A process of ours that keeps its share until its standard input ends."""


def spawn(code: str, *arguments: object, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Run code in a process of its own."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", code, *map(str, arguments)],
        cwd=HOUSE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code: str, *arguments: object, prefix: Sequence[str] = ()) -> tuple[str, str]:
    """What code says in a process of its own, on both outputs."""
    with spawn(code, *arguments, prefix=prefix) as child:
        return child.communicate(timeout=120)


def ask(dsn: str, statement: str) -> str:
    """The one value a statement answers with, committed."""
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as db:
            db.execute(statement)
            row = db.fetchone() if db.description else None
            return str(row[0]) if row else ""
    finally:
        connection.close()


def server_pid(data_dir: Path) -> int:
    """The pid the server wrote into its pid file."""
    return int(pid_file(data_dir).read_text().splitlines()[0])


def pid_file(data_dir: Path) -> Path:
    """Where the server writes its pid."""
    return data_dir / "postgres" / "server" / "cluster" / "postmaster.pid"


def is_alive(pid: int) -> bool:
    """Whether there is a process with this pid that still does something."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()[:1] not in ("", "Z")
