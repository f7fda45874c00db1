"""A coverage-guided fuzzer on the decoder, by atheris (libFuzzer for Python), as a process of its own.

Run as ``python -m storesense_simulators.fuzz.guided SECONDS CORPUS_DIR [libFuzzer's options]``. The first byte of an
input chooses the stream, the rest is the payload. Inputs that reach new code are kept in the folder. The process ends
with another code than 0 when an error escapes, and libFuzzer prints and keeps the input.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_MAX_INPUT_BYTES = 4_096


def is_installed() -> bool:
    """Tell whether atheris is there."""
    return find_spec("atheris") is not None


def write_corpus(folder: Path, inputs: list[tuple[str, bytes]], streams: list[str]) -> None:
    """Write inputs for a start: (stream, payload) each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (stream, payload) in enumerate(inputs):
        choice = streams.index(stream) if stream in streams else 0
        (folder / f"seed-{number:04}").write_bytes(bytes([choice]) + payload)


def stream_names() -> list[str]:
    """Return the streams in the order in which an input's first byte chooses them."""
    from storesense_contracts.topics import Stream  # noqa: PLC0415 -- see ``main``

    return [stream.value for stream in Stream]


def main(argv: list[str]) -> None:
    """Fuzz; libFuzzer ends the process."""
    atheris: Any = import_module("atheris")

    # What is to be watched has to be imported under its eyes.
    with atheris.instrument_imports(include=["storesense_contracts", "storesense_gateway"]):
        from storesense_gateway import decoding  # noqa: PLC0415
        from storesense_simulators.fuzz.in_process import InProcess  # noqa: PLC0415
        from storesense_simulators.fuzz.payloads import Kind, Made  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    now_at = datetime.now(UTC)
    streams = stream_names()
    judge = InProcess(decoding.Limits())

    def test_one_input(data: bytes) -> None:
        if not data:
            return
        topic = f"storesense/v1/store-1/device-1/up/{streams[data[0] % len(streams)]}"
        judge.take([Made(Kind.BYTES, topic, data[1:])], now_at)
        if judge.findings.crashes or judge.findings.wrong_rows:
            raise RuntimeError(judge.findings.samples[0]["what"])

    seconds, corpus, *more = argv
    options: list[Any] = [
        sys.argv[0],
        corpus,
        f"-max_total_time={seconds}",
        f"-max_len={_MAX_INPUT_BYTES}",
        "-print_final_stats=1",
        f"-artifact_prefix={corpus}/../",
        *more,
    ]
    atheris.Setup(options, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
