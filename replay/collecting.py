"""The collection of garbage, held while much is in memory that holds no cycles.

What is in memory then is for the caller.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no collection walk through many rows again and again; it is off for the whole process.

    Nested it stays off until the outermost ends; of two threads it is who began first that ends it.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
