"""Python's cycle collector, made to look seldom: a batch holds tens of thousands of objects and hardly any cycle."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (50_000, 20, 50)
"""New containers before the youngest generation is searched, and searches of one before the next older one. With
Python's own 700, decoding 25 readings a message takes twice as long, because each batch is searched again and again
while it grows."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Search seldom, and leave what exists already out of it, until the ``with`` block ends."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
