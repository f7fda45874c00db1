"""Token bucket and circuit breaker."""

from storesense_backend.notify.flow_control import Breaker, Bucket, Pace
from storesense_contracts.backoff import Backoff


def test_a_bucket_lets_a_burst_through_and_fills_again():
    bucket = Bucket(Pace(burst=3, per_s=0.5))
    assert bucket.available(0.0) == 3
    bucket.take(3)
    assert bucket.available(1.0) == 0
    assert bucket.wait_s() == 1.0
    assert bucket.available(2.0) == 1
    assert bucket.available(100.0) == 3


def test_a_breaker_opens_after_failures_in_a_row_and_waits_longer_each_time():
    breaker = Breaker(2, Backoff(base_s=10, limit_s=30))
    breaker.failed(0.0, 1.0)
    breaker.succeeded()
    breaker.failed(0.0, 1.0)
    assert (breaker.is_broken, breaker.wait_s(0.0)) == (False, 0.0)
    breaker.failed(0.0, 1.0)
    assert (breaker.is_broken, breaker.wait_s(0.0), breaker.wait_s(10.0)) == (True, 10.0, 0.0)
    breaker.failed(10.0, 1.0)
    assert breaker.wait_s(10.0) == 20.0
    breaker.failed(30.0, 1.0)
    breaker.failed(60.0, 1.0)
    assert breaker.wait_s(60.0) == 30.0
    breaker.succeeded()
    assert (breaker.is_broken, breaker.wait_s(60.0)) == (False, 0.0)
