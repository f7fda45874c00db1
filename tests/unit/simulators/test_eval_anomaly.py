"""Faults are planted as described, alarms are counted as described."""

import numpy as np

from storesense_simulators.eval_anomaly import KINDS, episodes, plant


def test_faults_stay_in_held_out_time_and_do_what_they_say() -> None:
    counts = np.random.default_rng(1).poisson(50, (60, 24, 3)).astype(float)
    spoilt, faults = plant(counts, counts, 24 * 30, 5)
    before, after = counts.reshape(-1, 3), spoilt.reshape(-1, 3)
    np.testing.assert_array_equal(before[: 24 * 30], after[: 24 * 30])
    changed = np.zeros_like(before, dtype=bool)
    for fault in faults:
        span = (slice(fault.hour, fault.hour + fault.lasts_h), fault.place)
        changed[span] = True
        true, false = before[span], after[span]
        expected = {
            "half": np.round(true / 2),
            "double": 2 * true,
            "stuck": np.full_like(true, before[fault.hour - 1, fault.place]),
            "silent": 0 * true,
        }[fault.kind]
        np.testing.assert_array_equal(false, expected)
        assert fault.traffic == "30_to_100"
    np.testing.assert_array_equal(before[~changed], after[~changed])
    assert {fault.kind for fault in faults} == set(KINDS)
    np.testing.assert_array_equal(plant(counts, counts, 24 * 30, 5)[0], spoilt)
    assert not np.array_equal(plant(counts, counts, 24 * 30, 6)[0], spoilt)


def test_alarms_close_together_are_one() -> None:
    flags = np.zeros((40, 2), dtype=bool)
    flags[[1, 2, 8, 20], 0] = True
    assert episodes(flags).tolist() == [2, 0]
