"""Guessing gets slow, forgetting a password does not, and memory does not grow."""

from storesense_backend.throttle import ADDRESS_POLICY, PAIR_POLICY, FailureTable, SignInThrottle, ThrottlePolicy

SECRET = b"fixed for the test"


def test_a_few_failures_cost_nothing():
    throttle = SignInThrottle(secret=SECRET)
    assert [throttle.begin("ann", "10.0.0.1", float(n)) for n in range(PAIR_POLICY.free_failures)] == [0.0] * 5


def test_delays_double_up_to_a_bound():
    table = FailureTable(ThrottlePolicy(2, 1.0, 10.0, 1e9), secret=SECRET)
    waits = []
    for _ in range(9):
        table.fail("x", 0.0)
        waits.append(table.wait_s("x", 0.0))
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10, 10]


def test_a_waiting_attempt_is_not_counted_again():
    throttle = SignInThrottle(secret=SECRET)
    for _ in range(PAIR_POLICY.free_failures + 1):
        assert throttle.begin("ann", "10.0.0.1", 0.0) == 0.0
    assert throttle.begin("ann", "10.0.0.1", 0.0) == 1.0
    assert throttle.begin("ann", "10.0.0.1", 0.5) == 0.5
    assert throttle.begin("ann", "10.0.0.1", 1.0) == 0.0


def test_attempts_at_once_do_not_slip_under_the_count():
    throttle = SignInThrottle(secret=SECRET)
    let_through = sum(throttle.begin("ann", "10.0.0.1", 0.0) == 0.0 for _ in range(100))
    assert let_through == PAIR_POLICY.free_failures + 1


def test_success_forgives_the_pair():
    throttle = SignInThrottle(secret=SECRET)
    for _ in range(PAIR_POLICY.free_failures):
        throttle.begin("ann", "10.0.0.1", 0.0)
    throttle.begin("ann", "10.0.0.1", 0.0)
    throttle.succeed("ann", "10.0.0.1")
    assert throttle.begin("ann", "10.0.0.1", 0.0) == 0.0


def test_somebody_elses_guesses_do_not_lock_a_person_out():
    throttle = SignInThrottle(secret=SECRET)
    for n in range(60):
        throttle.begin("ann", "198.51.100.9", n * 900.0 / 60)
    assert throttle.begin("ann", "10.0.0.1", 900.0) == 0.0


def test_a_list_of_names_from_one_place_is_slowed():
    throttle = SignInThrottle(secret=SECRET)
    let_through = sum(throttle.begin(f"user{n}", "198.51.100.9", 0.0) == 0.0 for n in range(1_000))
    assert let_through == ADDRESS_POLICY.free_failures + 1


def test_one_name_from_many_places_is_slowed():
    throttle = SignInThrottle(secret=SECRET)
    let_through = sum(throttle.begin("ann", f"10.1.{n // 250}.{n % 250}", 0.0) == 0.0 for n in range(1_000))
    assert let_through <= 101


def test_case_of_a_name_makes_no_second_name():
    throttle = SignInThrottle(secret=SECRET)
    for name in ("ann", "ANN", "Ann", "aNN", "anN", "AnN"):
        throttle.begin(name, "10.0.0.1", 0.0)
    assert throttle.begin("ann", "10.0.0.1", 0.0) > 0.0


def test_failures_fade():
    throttle = SignInThrottle(secret=SECRET)
    for _ in range(PAIR_POLICY.free_failures):
        throttle.begin("ann", "10.0.0.1", 0.0)
    assert [throttle.begin("ann", "10.0.0.1", 9_000.0 + n) for n in range(4)] == [0.0] * 4


def test_a_flood_of_names_neither_grows_memory_nor_forgets_the_victim():
    table = FailureTable(ThrottlePolicy(0, 100.0, 100.0, 1e9), secret=SECRET, rows=64)
    table.fail("victim", 0.0)
    for n in range(10_000):
        table.fail(f"made-up-{n}", 0.0)
    assert table.wait_s("victim", 0.0) == 100.0
    assert len(table._counts) == 64
