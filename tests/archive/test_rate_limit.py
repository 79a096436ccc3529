"""Requests a minute are limited by key and by address, in one process and, through a real Redis, in all of them."""

import re
import time
from pathlib import Path

import pytest
import redis as redis_client
import requests
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from archive.access import api_keys
from tests.servers import free_port
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.redis import redis

STATS = "/api/v1/stats"
LIMIT = 5


@pytest.fixture(autouse=True)
def low_limits(settings: Settings) -> None:
    settings.RATE_ADDRESS = settings.RATE_KEY = LIMIT
    cache.clear()


def wait_for_early_in_a_minute() -> None:
    """Returns when enough of the minute is left for a test, however busy the machine is."""
    while time.time() % 60 > 40:
        time.sleep(0.2)


@pytest.fixture
def minute() -> None:
    wait_for_early_in_a_minute()


def statuses(client: Client, requests: int = LIMIT + 1, **headers: str) -> list[int]:
    return [client.get(STATS, headers=headers).status_code for _ in range(requests)]


@pytest.mark.django_db
def test_one_request_too_many_gets_429_until_the_next_minute(client: Client, minute: None) -> None:
    assert statuses(client) == [200] * LIMIT + [429]
    answer = client.get(STATS)
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 429


@pytest.mark.django_db
def test_each_address_has_its_own_limit_and_an_ipv6_network_counts_as_one(
    client: Client, minute: None
) -> None:
    assert client.get(STATS, REMOTE_ADDR="192.0.2.1").status_code == 200
    assert statuses(client)[-1] == 429
    assert client.get(STATS, REMOTE_ADDR="192.0.2.1").status_code == 200
    codes = [client.get(STATS, REMOTE_ADDR=f"2001:db8::{n}").status_code for n in range(1, LIMIT + 2)]
    assert codes == [200] * LIMIT + [429]
    assert client.get(STATS, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


@pytest.mark.django_db
def test_a_key_has_its_own_limit_from_any_address(client: Client, settings: Settings, minute: None) -> None:
    settings.RATE_KEY = LIMIT + 2
    first, second = api_keys.issue_key("Anna")[1], api_keys.issue_key("Berta")[1]
    assert statuses(client)[-1] == 429
    assert statuses(client, LIMIT + 3, authorization=f"Bearer {first}") == [200] * (LIMIT + 2) + [429]
    assert statuses(client, 1, authorization=f"Bearer {second}") == [200]


@pytest.mark.django_db
def test_guesses_at_keys_are_counted_by_address(client: Client, minute: None) -> None:
    assert statuses(client, LIMIT + 1, authorization="Bearer nonsense") == [401] * LIMIT + [429]


@pytest.mark.django_db
def test_a_limit_of_zero_is_no_limit(client: Client, settings: Settings) -> None:
    settings.RATE_ADDRESS = 0
    assert set(statuses(client, 3 * LIMIT)) == {200}


@pytest.mark.django_db
def test_without_the_cache_there_is_no_limit(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
        }
    }
    assert set(statuses(client)) == {200}


def test_machines_with_one_redis_count_together_and_store_no_address_in_it(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with (
        redis() as url,
        hashkeep(folders[0], CACHE_URL=url, RATE_ADDRESS=LIMIT, SECRET_KEY="shared") as a,
        hashkeep(folders[1], CACHE_URL=url, RATE_ADDRESS=LIMIT, SECRET_KEY="shared") as b,
    ):
        wait_for_early_in_a_minute()
        for _ in range(LIMIT):
            status_of(a)
        assert status_of(b) == 429, "although it answered when it started"
        store = redis_client.Redis.from_url(url)
        cache_keys = [key.decode() for key in store.scan_iter()]
        assert cache_keys and all(re.fullmatch(r"hashkeep:1:[0-9a-f]{64}", key) for key in cache_keys)
        assert all(0 < int(str(store.ttl(key))) <= 120 for key in cache_keys)


def status_of(archive: Hashkeep) -> int:
    return requests.get(f"{archive.url}{STATS}", timeout=60).status_code
