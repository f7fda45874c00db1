"""What alerts say to people."""

import pytest

from storesense_backend.alerts.wording import action, title


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        (
            "queue_too_long",
            {"subject_name": "the tills", "length": 6},
            ("Queue at the tills: 6 waiting", "Open another lane"),
        ),
        (
            "low_stock",
            {"product_name": "Oat milk 1 l", "units": 2, "units_needed": 12, "section_name": "Aisle 3"},
            ("Oat milk 1 l runs low: 2 left", "Bring 12 × Oat milk 1 l to Aisle 3"),
        ),
        (
            "low_stock",
            {"product_name": "Oat milk 1 l", "units": 0, "units_needed": 14, "section_name": "Aisle 3"},
            ("Oat milk 1 l is out of stock", "Bring 14 × Oat milk 1 l to Aisle 3"),
        ),
        ("zone_crowded", {"subject_name": "Zone A"}, ("Zone crowded at Zone A", "Have a look")),
    ],
)
def test_title_and_action(kind, details, expected):
    assert (title(kind, details), action(kind, details)) == expected


def test_an_alert_of_an_older_release_still_reads():
    assert title("low_stock", {})
    assert action("low_stock", {})
    assert title("queue_too_long", {})
