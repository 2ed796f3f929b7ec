"""A monorepo's releases share the quotas of one account: each waits its turn, and the last one still comes through.

The clock is one that only the waiting threads move, so nothing here sleeps.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

import pytest

from goldenpath.delivery.registry.oci_registry import MORE_WHEN_THROTTLED
from goldenpath.shared.http import ATTEMPTS, Http, HttpResponse
from goldenpath.shared.throttling import throttled


class SharedClock:
    """A double of time for several threads: it moves on when all of them sleep, to the first that wakes."""

    def __init__(self, threads: int) -> None:
        self.now = 0.0
        self._awake = threads
        self._changed = threading.Condition()
        self._wakes: list[float] = []

    def sleep(self, seconds: float) -> None:
        with self._changed:
            wake = self.now + seconds
            self._wakes.append(wake)
            self._rest()
            self._changed.wait_for(lambda: self.now >= wake)
            self._wakes.remove(wake)
            self._awake += 1

    def leave(self) -> None:
        with self._changed:
            self._rest()

    def _rest(self) -> None:
        self._awake -= 1
        if self._awake == 0 and self._wakes:
            self.now = min(self._wakes)
            # Those that wake at this time count themselves; until then nobody else may move the clock.
            self._changed.notify_all()


@dataclass
class Bucket:
    """A double of ECR's throttle: `rate` requests a second, of which so many may come at once."""

    clock: SharedClock
    rate: float
    tokens: float = field(init=False)
    refused: int = 0

    def __post_init__(self) -> None:
        self.tokens, self._filled, self._lock = self.rate, 0.0, threading.Lock()

    def take(self) -> HttpResponse:
        with self._lock:
            now = self.clock.now
            self.tokens = min(self.rate, self.tokens + (now - self._filled) * self.rate)
            self._filled = now
            if self.tokens < 1:
                self.refused += 1
                return HttpResponse(429, {}, b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "Rate exceeded"}]}')
            self.tokens -= 1
            return HttpResponse(201, {}, b"")


@pytest.mark.parametrize("seed", range(5))
def test_twelve_releases_at_once_stay_within_ten_manifests_a_second(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    releases, manifests = 12, 5  # by digest, then four tags
    clock = SharedClock(releases)
    bucket = Bucket(clock, rate=10)
    chance = random.Random(seed)  # noqa: S311  jitter, not a secret
    monkeypatch.setattr("goldenpath.shared.http.time.sleep", clock.sleep)
    monkeypatch.setattr("goldenpath.shared.http.random.uniform", chance.uniform)
    statuses: list[int] = []

    def release() -> None:
        http = Http(more_when_throttled=MORE_WHEN_THROTTLED)
        responses = (http.with_retries("https://registry.example", bucket.take) for _ in range(manifests))
        statuses.extend(response.status for response in responses)
        clock.leave()

    threads = [threading.Thread(target=release) for _ in range(releases)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [201] * (releases * manifests)
    assert bucket.refused > 0
    assert 4.9 <= clock.now < 30


def test_a_quota_that_stays_used_up_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SharedClock(1)
    bucket = Bucket(clock, rate=0)
    monkeypatch.setattr("goldenpath.shared.http.time.sleep", clock.sleep)
    http = Http(more_when_throttled=MORE_WHEN_THROTTLED)
    assert http.with_retries("https://registry.example", bucket.take).status == 429
    assert bucket.refused == ATTEMPTS + MORE_WHEN_THROTTLED
    assert clock.now < 120


def test_the_error_names_the_quota() -> None:
    error = throttled("store the manifest latest", "HTTP 429: TOOMANYREQUESTS: Rate exceeded", "PutImage")
    assert error.what == "Could not store the manifest latest: there are too many requests"
    assert error.why == (
        'HTTP 429: TOOMANYREQUESTS: Rate exceeded. Amazon ECR has the quota "Rate of PutImage requests", for all runs '
        "of an account and region"
    )
