"""What devices say in sentences of their own, as the Chinese page tells it."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from fixtures.fake_backend import FakeBackend
from storesense_edge import camera_condition

Pieces = list[dict[str, Any]]


@pytest.fixture(scope="module")
def said(browser: Browser):
    """The pieces of a sentence on the Chinese page: ``{"text", "isOwn"}``."""
    backend = FakeBackend().start()
    context = browser.new_context(locale="zh-CN")
    page: Page = context.new_page()
    page.goto(backend.url)

    def pieces(text: str) -> Pieces:
        found: Pieces = page.evaluate(
            "async (text) => (await import('/static/app/devices/words.js')).deviceWords(text)", text
        )
        return found

    yield pieces
    context.close()
    backend.stop()


SENTENCES = [
    *camera_condition._REASONS.values(),
    "the picture has not changed for 30 s; restart the camera or check its cable",
    "the camera was moved: its picture has shifted by 41 pixels; turn it back, or calibrate it again",
    "only 1.4 pictures a second come, too few to follow people; check the network and the camera's settings",
    "12% of the samples do not arrive. Check the cable and whether the reader is busy.",
    "The cell has returned 8.38861e+06 for 40 samples. Restart or replace it.",
    (
        "Calibration due: the zero drifted by -31.5 g, all that is taken for drift; "
        "what leaves slowly looks alike: count the units, then tare."
    ),
    "Calibration due: the slot was not seen empty for 31 days: tare it.",
    "Not taken up: the weight says 7 and 8; count again, and the same number is believed then.",
    (
        "There is no cell for slot-9, drawn for this device: add each to the device's slots in the site file with the "
        "source of its cell, and calibrate it with storesense edge shelf setup."
    ),
    "It runs on edge-7.local, which has no light to blink (STORESENSE_EDGE_IDENTIFY_LIGHT).",
    "Told the condition of 1 component.",
    "The slot carries 1,240 g, and an empty one at most 200 g; empty it, or calibrate it.",
    "This device weighs eggs, tea, and not oats.",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_that_devices_say_are_told_in_the_language_of_the_page(said, sentence: str) -> None:
    (piece,) = said(sentence)
    assert not piece["isOwn"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in piece["text"])
    assert "; " not in piece["text"]


def test_numbers_and_names_are_kept_and_what_is_not_known_stands_as_it_came(said) -> None:
    text = "The cell was lost. A new sentence of 2031! The cell has sent nothing for 12 s. Check its cable, its power,"
    text += " and whether it sends by itself."
    assert said(text) == [
        {"text": "传感器连接丢失。", "isOwn": False},
        {"text": "A new sentence of 2031!", "isOwn": True},
        {"text": "传感器 12 秒没有发送数据。请检查线缆、电源，以及它是否会自行发送。", "isOwn": False},
    ]
    assert said("<b>broken</b>") == [{"text": "<b>broken</b>", "isOwn": True}]
