"""How many requests a minute: by key, by address, in one process and, through a real Redis, in all of them."""

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
SHARE = 5


@pytest.fixture(autouse=True)
def few(settings: Settings) -> None:
    settings.RATE_ADDRESS = settings.RATE_KEY = SHARE
    cache.clear()


def early_in_a_minute() -> None:
    """As soon as what is left of it will do for a test, however busy the machine."""
    while time.time() % 60 > 40:
        time.sleep(0.2)


@pytest.fixture
def minute() -> None:
    early_in_a_minute()


def statuses(client: Client, requests: int = SHARE + 1, **headers: str) -> list[int]:
    return [client.get(STATS, headers=headers).status_code for _ in range(requests)]


@pytest.mark.django_db
def test_one_request_too_many_is_told_to_wait_for_the_next_minute(client: Client, minute: None) -> None:
    assert statuses(client) == [200] * SHARE + [429]
    answer = client.get(STATS)
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 429


@pytest.mark.django_db
def test_each_address_has_its_own_share_and_a_network_of_ipv6_is_one(client: Client, minute: None) -> None:
    assert client.get(STATS, REMOTE_ADDR="192.0.2.1").status_code == 200
    assert statuses(client)[-1] == 429
    assert client.get(STATS, REMOTE_ADDR="192.0.2.1").status_code == 200
    asked = [client.get(STATS, REMOTE_ADDR=f"2001:db8::{n}").status_code for n in range(1, SHARE + 2)]
    assert asked == [200] * SHARE + [429]
    assert client.get(STATS, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


@pytest.mark.django_db
def test_a_key_has_a_share_of_its_own_wherever_it_comes_from(
    client: Client, settings: Settings, minute: None
) -> None:
    settings.RATE_KEY = SHARE + 2
    first, second = api_keys.issue_key("Anna")[1], api_keys.issue_key("Berta")[1]
    assert statuses(client)[-1] == 429
    assert statuses(client, SHARE + 3, authorization=f"Bearer {first}") == [200] * (SHARE + 2) + [429]
    assert statuses(client, 1, authorization=f"Bearer {second}") == [200]


@pytest.mark.django_db
def test_guesses_at_keys_are_counted_by_address(client: Client, minute: None) -> None:
    assert statuses(client, SHARE + 1, authorization="Bearer nonsense") == [401] * SHARE + [429]


@pytest.mark.django_db
def test_zero_is_no_limit(client: Client, settings: Settings) -> None:
    settings.RATE_ADDRESS = 0
    assert set(statuses(client, 3 * SHARE)) == {200}


@pytest.mark.django_db
def test_a_cache_that_is_away_limits_nobody(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
        }
    }
    assert set(statuses(client)) == {200}


def test_machines_with_one_redis_count_together_and_leave_no_address_in_it(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with (
        redis() as url,
        hashkeep(folders[0], CACHE_URL=url, RATE_ADDRESS=SHARE, SECRET_KEY="shared") as a,
        hashkeep(folders[1], CACHE_URL=url, RATE_ADDRESS=SHARE, SECRET_KEY="shared") as b,
    ):
        early_in_a_minute()
        for _ in range(SHARE):
            get(a)
        assert get(b) == 429, "and yet it has answered when it started"
        found = redis_client.Redis.from_url(url)
        names = [name.decode() for name in found.scan_iter()]
        assert names and all(re.fullmatch(r"hashkeep:1:[0-9a-f]{64}", name) for name in names)
        assert all(0 < int(str(found.ttl(name))) <= 120 for name in names)


def get(archive: Hashkeep) -> int:
    return requests.get(f"{archive.url}{STATS}", timeout=60).status_code
