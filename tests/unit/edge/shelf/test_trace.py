from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storesense_edge.shelf.errors import FileError, RowError, ShelfError
from storesense_edge.shelf.trace import BadRows, StampUnit, TraceColumns, TraceFile


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    return path


def test_the_real_trace_is_read_whole(shared_dir: Path) -> None:
    trace = TraceFile(shared_dir / "data/shelf/fareke_loading_degraw.csv")
    samples = list(trace.samples())
    assert len(samples) == 30_336
    assert samples[0].measured_at == datetime(2023, 10, 15, 14, 7, 2, 702_000, tzinfo=UTC)
    assert samples[0].raw_counts == -732_635
    assert trace.report.skipped == 0


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        pytest.param("", 1, "a header", id="empty file"),
        pytest.param("time,raw_counts\n1,2\n", 1, "a column named timestamp_ms", id="no timestamps"),
        pytest.param("timestamp_ms\n1\n", 1, "a column named raw_counts", id="no counts"),
        pytest.param("timestamp_ms,raw_counts\n", 1, "at least one row", id="nothing but a header"),
        pytest.param("timestamp_ms,raw_counts\n1,2\n2,3x\n", 3, "a number in column raw_counts", id="text in a number"),
        pytest.param("timestamp_ms,raw_counts\n1,2\n\nx,3\n", 4, "a timestamp in ms", id="text in a stamp, blank line"),
        pytest.param("timestamp_ms,raw_counts\n5,2\n5,3\n", 3, "later than the row before", id="a stamp twice"),
        pytest.param("timestamp_ms,raw_counts\n5,2\n4,3\n", 3, "later than the row before", id="backwards"),
        pytest.param("timestamp_ms,raw_counts\n5,nan\n", 2, "a finite number", id="NaN"),
        pytest.param("timestamp_ms,raw_counts\n5\n", 2, "a number in column raw_counts", id="a short row"),
        pytest.param("timestamp_ms,raw_counts\n1e300,1\n", 2, "before the year 2100", id="a stamp beyond time"),
        pytest.param("timestamp_ms,raw_counts\ninf,1\n", 2, "before the year 2100", id="an endless stamp"),
    ],
)
def test_the_first_bad_row_is_named(tmp_path: Path, text: str, line: int, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RowError, match=expected) as caught:
        list(TraceFile(path).samples())
    assert caught.value.line == line
    assert str(path) in str(caught.value)


def test_skipping_keeps_the_good_rows_and_reports_the_bad(tmp_path: Path) -> None:
    path = write(tmp_path, 'timestamp_ms,raw_counts\n1,10\n2,"1\n3,12?\n2,9\n4,13\n')
    trace = TraceFile(path, bad_rows=BadRows.SKIP)
    assert [sample.raw_counts for sample in trace.samples()] == [10, 1, 13]
    assert (trace.report.samples, trace.report.skipped) == (3, 2)
    assert [problem.line for problem in trace.report.problems] == [4, 5]


def test_only_the_first_problems_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "timestamp_ms,raw_counts\n1,10\n" + "x,x\n" * 500)
    trace = TraceFile(path, bad_rows=BadRows.SKIP)
    assert len(list(trace.samples())) == 1
    assert trace.report.skipped == 500
    assert len(trace.report.problems) == 10


def test_nothing_but_bad_rows_is_an_error_even_when_skipping(tmp_path: Path) -> None:
    path = write(tmp_path, "timestamp_ms,raw_counts\nx,y\n")
    with pytest.raises(RowError, match="line 2: expected a timestamp in ms"):
        list(TraceFile(path, bad_rows=BadRows.SKIP).samples())


def test_one_stamp_from_the_future_costs_four_rows_not_the_rest(tmp_path: Path) -> None:
    stamps = [1000, 1100, 9_999_999, *range(1200, 3000, 100)]
    path = write(tmp_path, "timestamp_ms,raw_counts\n" + "".join(f"{stamp},7\n" for stamp in stamps))
    trace = TraceFile(path, bad_rows=BadRows.SKIP)
    assert len(list(trace.samples())) == len(stamps) - 4


def test_other_columns_units_and_written_times(tmp_path: Path) -> None:
    path = write(tmp_path, "T,kg\n1.5,2.5\n")
    columns = TraceColumns("t", "KG", stamp_unit=StampUnit.SECONDS)
    [sample] = TraceFile(path, columns).samples()
    assert (sample.measured_at.timestamp(), sample.raw_counts) == (1.5, 2.5)
    path = write(tmp_path, "Date,kg\n2017/03/07 00:03:12,1\n")
    [sample] = TraceFile(path, TraceColumns("Date", "kg", stamp_format="%Y/%m/%d %H:%M:%S")).samples()
    assert sample.measured_at == datetime(2017, 3, 7, 0, 3, 12, tzinfo=UTC)


def test_nothing_is_opened_before_it_is_read(tmp_path: Path) -> None:
    trace = TraceFile(tmp_path / "absent.csv")
    with pytest.raises(FileError, match="Check the path"):
        next(trace.samples())


@given(data=st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_bytes_break_the_reader(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "noise.csv"
    path.write_bytes(b"timestamp_ms,raw_counts\n1,2\n" + data)
    trace = TraceFile(path, bad_rows=BadRows.SKIP)
    try:
        stamps = [sample.measured_at for sample in trace.samples()]
    except ShelfError:
        return
    assert len(stamps) == trace.report.samples >= 1
