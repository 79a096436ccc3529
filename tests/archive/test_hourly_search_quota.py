"""The quota of searches that one address may ask for in an hour."""

import pytest

from archive.errors import TooManyWishes
from archive.models import Wanted
from archive.queue.enqueue import enqueue_wishes
from tests.wishes import WISH, absent_magnets

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_one_address_cannot_fill_the_queue() -> None:
    greedy = "203.0.113.77"
    batches = (absent_magnets(6000)[start : start + 1000] for start in range(0, 6000, 1000))
    with pytest.raises(TooManyWishes) as refusal:
        for batch in batches:
            enqueue_wishes(batch, greedy)
    assert 0 < refusal.value.retry_after <= 3600
    enqueue_wishes([WISH], "203.0.113.78")
    assert Wanted.objects.count() == 5001


def test_the_addresses_of_one_ipv6_network_share_a_quota() -> None:
    with pytest.raises(TooManyWishes):
        for number in range(6):
            enqueue_wishes(
                absent_magnets(6000)[number * 1000 : number * 1000 + 1000], f"2001:db8:1:2::{number}"
            )
    enqueue_wishes([WISH], "2001:db8:1:3::1")
