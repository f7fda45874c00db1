"""The bench of rules judges what it says it judges."""

from storesense_simulators.bench_rules import RulesPlan, bench_rules


def test_a_short_run_judges_every_reading_by_every_rule():
    found = bench_rules(RulesPlan(lanes=40, stores=4, seconds=120, seed=3))
    assert (found["watches"], found["readings"]) == (200, 4_800)
    assert found["alerts_opened"] > 0
    # Only what is under way is written down: far fewer than one state a reading.
    assert found["states_saved_per_s"] < 5
