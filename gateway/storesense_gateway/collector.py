"""The interpreter, set for a gateway: cycles are searched seldom, and threads give way to each other soon.

A batch holds tens of thousands of objects and hardly any cycle. And three threads share the interpreter: one decodes,
while the two others wait for the broker or the database and then have little to do, but soon.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (50_000, 20, 50)
"""New containers before the youngest generation is searched, and searches of one before the next older one. With
Python's own 700, decoding 25 readings a message takes twice as long, because each batch is searched again and again
while it grows."""

SWITCH_S = 0.0005
"""After how long a thread that computes lets others in. With Python's own 5 ms, each answer of the database and each
packet of the broker waits up to 5 ms for the thread that decodes."""


@contextmanager
def tuned_interpreter() -> Iterator[None]:
    """Keep to both until the ``with`` block ends."""
    before, switch_s = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        sys.setswitchinterval(switch_s)
