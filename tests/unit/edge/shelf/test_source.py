from datetime import UTC, datetime

from storesense_edge.shelf.source import LoadCellSample, LoadCellSource, MemorySource


def test_a_memory_source_starts_over_at_each_call() -> None:
    samples = [LoadCellSample(datetime(2026, 1, 1, second=s, tzinfo=UTC), s) for s in range(3)]
    source: LoadCellSource = MemorySource(samples)
    assert list(source.samples()) == samples
    assert list(source.samples()) == samples
