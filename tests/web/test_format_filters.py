"""Numbers and sizes as the pages show them."""

import pytest

from web.templatetags.format_filters import format_number, format_size


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (999, "999"), (1000, "1\u202f000"), (46490676, "46\u202f490\u202f676")]
)
def test_numbers_are_grouped_in_threes(value: int, shown: str) -> None:
    assert format_number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (15_360, "15.0 KiB"),
        (1_048_575, "1.00 MiB"),
        (524_288_000, "500 MiB"),
        (2**63 - 1, "8.00 EiB"),
    ],
)
def test_sizes_have_three_significant_digits(value: int, shown: str) -> None:
    assert format_size(value) == shown
