"""Random bytes for salts, nonces, keys and ids: the operating system's, fetched many at a time.

Asking the system for a few bytes lets another thread run each time, which costs a busy writer more
than the bytes themselves. No byte is handed out twice, not even after a fork.
"""

import os
from threading import Lock
from typing import Final

POOL_BYTES: Final = 8_192


class Pool:
    """A stock of random bytes, used up from the front."""

    def __init__(self) -> None:
        """Begin with an empty stock."""
        self._lock = Lock()
        self._stock = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        """Return `count` fresh bytes, at most as many as one stock holds."""
        assert 0 < count <= POOL_BYTES, "a salt, a nonce, a key or an id is small"
        with self._lock:
            if self._used + count > len(self._stock):
                self._stock = os.urandom(POOL_BYTES)
                self._used = 0
            self._used += count
            return self._stock[self._used - count : self._used]

    def forget(self) -> None:
        """Begin anew: a forked process must not hand out what its parent hands out."""
        self._lock = Lock()
        self._stock = b""
        self._used = 0


_pool: Final = Pool()
os.register_at_fork(after_in_child=_pool.forget)


def random_bytes(count: int) -> bytes:
    """Return `count` bytes that nobody can foresee."""
    return _pool.take(count)
