"""Pictures are taken while somebody looks, and forgotten when nobody does."""

import threading

import numpy as np

from storesense_edge.picture_desk import PictureDesk

IMAGE = np.full((480, 2_560, 3), 90, dtype=np.uint8)


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def look(desk: PictureDesk) -> bytes | None:
    """Ask for a picture while a camera offers one."""
    found: list[bytes | None] = []
    asking = threading.Thread(target=lambda: found.append(desk.jpeg("cam", wait_s=10.0)))
    asking.start()
    while asking.is_alive():
        desk.offer("cam", IMAGE)
        asking.join(0.005)
    return found[0]


def test_nothing_is_kept_before_somebody_looks_and_after_nobody_does() -> None:
    clock = Clock()
    desk = PictureDesk(clock)
    desk.offer("cam", IMAGE)
    assert desk.jpeg("cam", wait_s=0.0) is None, "what was offered before was not taken"
    assert look(desk) is not None
    clock.now_s += 10
    desk.offer("cam", IMAGE)
    assert (desk._pictures, desk._encoded) == ({}, {})


def test_a_picture_is_jpeg_of_a_bounded_width_and_twice_a_second_at_most() -> None:
    clock = Clock()
    desk = PictureDesk(clock)
    first = look(desk)
    assert first is not None
    assert first[:3] == b"\xff\xd8\xff"
    assert desk.jpeg("cam", wait_s=0.0) is first
    clock.now_s += 1
    assert desk.jpeg("cam", wait_s=0.0) is None, "the old one is not shown as if it were new"
