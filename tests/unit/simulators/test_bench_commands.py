"""What ``storesense bench`` takes, and the arithmetic of its figures."""

import argparse

import pytest

from storesense_simulators.bench_commands import add_bench_commands
from storesense_simulators.bench_world import BenchError, percentile


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_bench_commands(parser.add_subparsers())
    return parser.parse_args(arguments)


def test_the_defaults_are_those_of_the_reference() -> None:
    ingest = parse("ingest")
    assert (ingest.duration_s, ingest.batch_size, ingest.database, ingest.broker) == (20.0, 25, None, "auto")
    assert (ingest.load, ingest.stores) == ("footfall", 20)
    assert parse("drain").hours == 24.0
    camera = parse("camera")
    assert (camera.video, camera.model, camera.least_s, camera.media_s) == (None, None, 3.0, 60.0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("ingest", "--duration", "0"), "no time to measure in"),
        (("ingest", "--duration", "nan"), "no number"),
        (("ingest", "--batch", "0"), "a message has a reading"),
        (("ingest", "--batch", "501"), "a message would be too large"),
        (("drain", "--hours", "-1"), "no backlog"),
        (("drain", "--hours", "1000"), "older than an outbox keeps"),
        (("ingest", "--broker", "other"), "no such broker"),
        (("ingest", "--load", "nothing"), "no such load"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(*arguments)
    assert capsys.readouterr().err, reason


def test_percentiles_are_of_what_was_measured() -> None:
    ordered = [float(value) for value in range(101)]
    assert (percentile(ordered, 0.5), percentile(ordered, 0.99), percentile([7.0], 0.99)) == (50.0, 99.0, 7.0)
    with pytest.raises(BenchError, match="no message"):
        percentile([], 0.5)
