"""UmaDB's server, which ends when the process that started it closes the pipe or dies."""

import os
import sys
import threading

import umadb  # type: ignore[import-not-found]  # of another environment


def _end_with_the_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    umadb.run_server_from_args(["umadb", *sys.argv[1:]])
