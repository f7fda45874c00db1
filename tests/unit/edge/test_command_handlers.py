"""What a device does for each kind of command."""

import logging
from concurrent.futures import Future
from pathlib import Path

import pytest

from storesense_contracts.device_commands import CommandArguments
from storesense_edge.command_handlers import LogLevels, identify, zero_slot
from storesense_edge.command_runner import CommandRefusedError
from storesense_edge.identify_light import IdentifyLight
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.slot_zeros import SlotZeros
from storesense_edge.source_asks import NoAnswerError, SourceAsks, answer

NOTHING = CommandArguments()


async def test_a_light_blinks_and_goes_back_to_what_it_was_for(tmp_path: Path) -> None:
    (tmp_path / "trigger").write_text("none [mmc0] timer\n")
    (tmp_path / "brightness").write_text("0")
    seen = []

    async def pause(_duration_s: float) -> None:
        seen.append(((tmp_path / "brightness").read_text(), (tmp_path / "trigger").read_text()))

    light = IdentifyLight(tmp_path, pause=pause)
    said = await identify("s/d", light, host=lambda: "edge-7")(NOTHING)
    assert said == "It runs on edge-7, whose light has blinked."
    assert seen[:2] == [("1", "none"), ("0", "none")]
    assert (tmp_path / "trigger").read_text() == "mmc0"


async def test_a_machine_is_named_without_a_light_and_with_a_broken_one(tmp_path: Path) -> None:
    assert "edge-7, which has no light" in await identify("s/d", None, host=lambda: "edge-7")(NOTHING)
    said = await identify("s/d", IdentifyLight(tmp_path / "gone"), host=lambda: "edge-7")(NOTHING)
    assert said.startswith("It runs on edge-7. The light gone cannot be switched (No such file")


async def test_the_log_level_holds_for_a_while_and_the_first_one_comes_back() -> None:
    logger = logging.getLogger("storesense_edge.test_log_levels")
    logger.setLevel(logging.ERROR)
    levels = LogLevels(logger)
    await levels.handle(CommandArguments(level="debug", for_s=60))
    await levels.handle(CommandArguments(level="warning", for_s=60))
    assert logger.level == logging.WARNING
    levels.restore()
    assert logger.level == logging.ERROR


async def test_a_slot_of_another_device_is_not_zeroed() -> None:
    async def zero() -> str:
        return "zero"

    handle = zero_slot({"oats": zero})
    assert await handle(CommandArguments(slot_id="oats")) == "zero"
    with pytest.raises(CommandRefusedError, match="weighs oats, and not rye"):
        await handle(CommandArguments(slot_id="rye"))


async def test_a_question_that_waits_too_long_is_withdrawn() -> None:
    asks = SourceAsks()
    with pytest.raises(NoAnswerError, match="no picture"):
        await asks.ask(0.01, "no picture")
    assert asks.take() is None


def test_an_answer_after_the_withdrawal_harms_nobody() -> None:
    asked: Future[str] = Future()
    asked.cancel()
    answer(asked, "too late")
    assert asked.cancelled()


def test_a_zero_is_kept_until_the_site_file_says_another_calibration(tmp_path: Path) -> None:
    zeros, site = SlotZeros(tmp_path, "shelf-1"), Calibration(1_000.0, 50.0)
    assert zeros.applied("oats", site) == site
    zeros.keep("oats", site, site.tared(1_400.0))
    assert SlotZeros(tmp_path, "shelf-1").applied("oats", site).zero_counts == 1_400.0
    assert zeros.applied("rye", site) == site
    anew = Calibration(1_390.0, 50.1)
    assert zeros.applied("oats", anew) == anew
    (tmp_path / "shelf-1.oats.zero.json").write_text("{")
    assert zeros.applied("oats", site) == site
