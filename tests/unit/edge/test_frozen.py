import numpy as np

from storesense_edge.frozen import FrozenDetector


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def test_the_same_picture_for_long_enough_is_frozen() -> None:
    detector = FrozenDetector(10.0)
    assert [detector.step(picture(1), float(s)) for s in range(13)] == [False] * 10 + [True] * 3


def test_sensor_noise_is_change_enough() -> None:
    detector = FrozenDetector(2.0)
    still = picture(1)
    rng = np.random.default_rng(0)
    for second in range(20):
        noisy = np.clip(still.astype(int) + rng.integers(-2, 3, still.shape), 0, 255).astype(np.uint8)
        assert not detector.step(noisy, float(second))


def test_a_thawed_camera_is_well_again() -> None:
    detector = FrozenDetector(1.0)
    detector.step(picture(1), 0.0)
    assert detector.step(picture(1), 5.0)
    assert not detector.step(picture(2), 6.0)


def test_a_new_resolution_is_a_change() -> None:
    detector = FrozenDetector(1.0)
    detector.step(picture(1), 0.0)
    assert not detector.step(np.zeros((96, 128, 3), dtype=np.uint8), 5.0)
