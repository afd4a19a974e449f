"""No more than the limit in any minute, nearly all of it, shared by kernels, and slower after 429.

Simulated: moments are given, and nothing waits.
"""

from __future__ import annotations

import itertools
import math
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.network import rate_limit
from segmind_widgets.network.rate_limit import (
    LEAST,
    RISE,
    SLACK,
    START,
    WINDOW,
    RateLimit,
    RateState,
)
from segmind_widgets.network.shared_rate_limit import SharedRateLimits
from segmind_widgets.secret import Secret
from segmind_widgets.storage import rate_limits
from segmind_widgets.storage.rate_limits import RateLimitTable
from segmind_widgets.storage.store import Store


def sent(limit: RateLimit, until: float, late: float = 0.0, begin: float = 0.0) -> list[float]:
    """When requests go where there are always some; each asks up to `late` seconds too late."""
    dice, moment, moments = random.Random(1), begin, []
    while moment < until:
        wait = limit.acquire(now=moment)
        if wait:
            moment += wait + late * dice.random()
        else:
            moments.append(moment)
    return moments


def per_minute_at(moments: list[float], start: float) -> int:
    """Requests in the minute that begins at `start`."""
    return sum(start <= one < start + WINDOW for one in moments)


def most(moments: list[float]) -> int:
    """Requests in the fullest window, wherever it begins."""
    return max(
        sum(start <= one < start + WINDOW for one in moments[first:])
        for first, start in enumerate(moments)
    )


def climbed(per_minute: float) -> RateLimit:
    """A limit of an account whose rate has risen to it."""
    limit = RateLimit(per_minute)
    limit._state = RateState(rate=per_minute / WINDOW)
    return limit


@pytest.mark.parametrize("per_minute", [1, 5, 50, 60, 120, 600])
@pytest.mark.parametrize("late", [0.0, 0.05])
@pytest.mark.parametrize("make", [RateLimit, climbed], ids=["new", "climbed"])
def test_any_minute_holds_the_limit_at_most_and_nearly_all_of_it(
    make: Callable[[float], RateLimit], per_minute: int, late: float
) -> None:
    moments = sent(make(per_minute), 600, late)
    assert most(moments) <= per_minute
    if make is climbed or per_minute <= START:
        assert len(moments) >= per_minute * 10 * 0.97
    dice = random.Random(2)  # the ways differ, too
    arrived = sorted(moment + dice.random() * SLACK * WINDOW for moment in moments)
    assert most(arrived) <= per_minute


@pytest.mark.parametrize("per_minute", [20, 60, 120, 600])
def test_a_new_account_begins_with_50_and_rises_by_a_tenth_each_minute(per_minute: int) -> None:
    moments = sent(RateLimit(per_minute), 1800)
    counts = [per_minute_at(moments, at) for at in range(0, 1800, 60)]
    for minute, count in enumerate(counts):
        mean = START * RISE**minute * (RISE - 1) / math.log(RISE)
        assert count == pytest.approx(min(per_minute, mean), rel=0.04, abs=1.5)


@pytest.mark.parametrize("per_minute", [20, 60, 120, 600])
@pytest.mark.parametrize("requests", [1, 50, 1000])
def test_the_expected_time_is_the_time_that_it_takes(per_minute: int, requests: int) -> None:
    expected = RateLimit(per_minute).seconds_for(requests)
    moments = sent(RateLimit(per_minute), expected * 1.1 + 60)
    assert expected == pytest.approx(moments[requests], rel=0.04, abs=2)


def test_a_pause_raises_the_rate_as_one_minute_at_most() -> None:
    limit = RateLimit(120)
    limit.acquire(now=0.0)
    limit.acquire(now=36_000.0)
    assert limit._state.rate * WINDOW == pytest.approx(START * RISE)


@given(st.sampled_from([5, 60, 300]), st.lists(st.floats(0, 100), max_size=20))
def test_no_pattern_of_pauses_gets_more_into_a_minute(per_minute: int, pauses: list[float]) -> None:
    limit, moment, moments = RateLimit(per_minute), 0.0, []
    for pause in pauses:
        moment += pause
        burst = sent(limit, moment + 3, begin=moment)
        moments += burst
        moment += 3
    assert not moments or most(moments) <= per_minute


def test_without_a_limit_nothing_waits_but_for_a_429() -> None:
    limit = RateLimit()
    assert {limit.acquire(now=1.0) for _ in range(1000)} == {0.0}
    limit.back_off(5, now=1.0)
    assert limit.acquire(now=2.0) == 4.0
    limit.back_off(1, now=2.0)  # a shorter wait does not end a longer one
    assert limit.acquire(now=5.9) == pytest.approx(0.1)
    assert limit.acquire(now=6.0) == 0.0


@pytest.mark.parametrize("per_minute", [50, 120, 600])
def test_after_a_429_half_the_rate_and_a_tenth_more_each_minute(per_minute: int) -> None:
    limit = climbed(per_minute)
    sent(limit, 30)
    limit.back_off(7, now=30.0)
    after = sent(limit, 900, begin=30.0)
    assert after[0] == pytest.approx(37)
    for minute in range(10):
        rate = per_minute / 2 * RISE ** (minute + 0.5)
        count = per_minute_at(after, 37 + minute * WINDOW)
        assert count == pytest.approx(min(rate, per_minute), rel=0.05, abs=2)
    assert per_minute_at(after, 37 + 12 * WINDOW) == pytest.approx(per_minute, rel=0.05)


@pytest.mark.parametrize(("per_minute", "least"), [(120, 5), (20, 5), (3, 3)])
def test_many_429s_halve_down_to_5_a_minute(per_minute: int, least: int) -> None:
    limit, rates = RateLimit(per_minute), []
    for number in range(12):
        limit.back_off(WINDOW, now=number * WINDOW)
        rates.append(limit._state.rate * WINDOW)
    assert rates[0] == pytest.approx(max(least, min(START, per_minute) / 2))
    for before, later in itertools.pairwise(rates):
        assert later == pytest.approx(max(least, before / 2))
    assert rates[-1] == pytest.approx(least)


@given(
    st.sampled_from([0, 3, 60, 120, 600]),
    st.lists(st.tuples(st.floats(0, 400), st.floats(0, 90)), max_size=15),
)
def test_the_rate_stays_between_5_and_the_limit_whatever_comes(
    per_minute: int, refusals: list[tuple[float, float]]
) -> None:
    limit, moment = RateLimit(per_minute), 0.0
    for pause, seconds in refusals:
        moment += pause
        limit.acquire(now=moment)
        limit.back_off(seconds, now=moment)
        rate = limit._state.rate * WINDOW
        assert rate >= min(LEAST, per_minute or LEAST) - 1e-9
        assert rate <= per_minute + 1e-9 or not per_minute
        assert limit.acquire(now=moment) >= seconds - 1e-9


def test_429s_of_one_minute_count_once() -> None:
    one, many = climbed(600), climbed(600)
    for limit in (one, many):
        sent(limit, 30)
    one.back_off(59, now=30.0)
    for later in (0, 0.01, 0.02, 2.1, 4.2, 30, 57):  # on their way, and after waits not named
        many.back_off(2, now=30.0 + later)
    assert one._state.rate == many._state.rate == 5.0
    many.back_off(1, now=90.1)  # the minute is over: the rate is still too high
    assert many._state.rate == pytest.approx(2.5, rel=0.02)


@pytest.mark.parametrize("refused", [2, 5, 50])
def test_a_429_near_the_start_does_not_take_a_short_time_for_a_low_rate(refused: int) -> None:
    """Without a limit, 300 requests, 50 of them a second, and one 429."""
    limit, moment, done = RateLimit(), 0.0, 0
    while done < 300:
        wait = limit.acquire(now=moment)
        moment += wait or 0.02
        done += not wait
        if done == refused and not limit._state.rate:
            limit.back_off(2, now=moment)
            assert limit._state.rate == pytest.approx(25, rel=0.51)
    assert moment < 6 + 2 + 300 / limit._state.rate


def test_a_burst_after_a_pause_is_measured_from_its_own_start() -> None:
    limit = RateLimit()
    for begin in (0.0, 100.0):
        for number in range(6):
            limit.acquire(now=begin + number * 0.02)
    limit.back_off(1, now=100.1)
    assert limit._state.rate == pytest.approx(25, rel=0.1)


@given(st.floats(0.5, 200), st.integers(2, 400), st.lists(st.floats(11, 1000), max_size=3))
def test_a_steady_speed_is_measured_from_the_second_request_on(
    speed: float, count: int, pauses: list[float]
) -> None:
    state, moment = RateState(), 1000.0
    for pause in [0.0, *pauses]:
        moment += pause
        for _ in range(count):
            moment += 1 / speed
            state.acquire(moment, math.inf)
    assert state._measured(moment) == pytest.approx(speed, rel=0.12)


def test_a_limit_that_nobody_knows_is_found_by_its_429s_and_forgotten_in_time() -> None:
    """A service with 300 a minute, and no limit set here: few refusals, and most of the limit."""
    limit, dice = RateLimit(), random.Random(3)
    moment, moments, refused = 0.0, [0.0], 0
    while moment < 1200:
        moment += limit.acquire(now=moment) + 0.02 + dice.random() * 0.01
        if limit.acquire(now=moment):
            continue
        if sum(one > moment - 60 for one in moments[-400:]) >= 300:
            refused += 1
            limit.back_off(2, now=moment)
        else:
            moments.append(moment)
    assert refused < len(moments) * 0.05
    assert len([one for one in moments if one > 300]) >= 300 * 15 * 0.6
    assert limit._state.rate_at(moment, math.inf) < 100
    later = moment + rate_limit.BACK_OFF_LIFETIME + 60
    assert {limit.acquire(now=later) for _ in range(100)} == {0.0}


def test_however_many_429s_the_rate_returns() -> None:
    limit = RateLimit(60)
    for moment in range(100):
        limit.back_off(1, now=float(moment * 2))
    moments = sent(limit, 2500, begin=200)
    assert moments[0] == 200
    assert per_minute_at(moments, 2400) >= 57


# who goes first


def test_who_asks_goes_before_the_line_at_every_other_place() -> None:
    limit = RateLimit(60)
    assert limit.acquire(queued=True, now=0.0) == 0.0
    with limit.interactive():
        assert limit.acquire(queued=True, now=10.0) > 0
        assert limit.acquire(now=10.0) == 0.0
        assert limit.acquire(queued=True, now=20.0) == 0.0
        assert limit.acquire(queued=True, now=30.0) > 0
    assert limit.acquire(queued=True, now=30.0) == 0.0


def test_the_delay_is_how_long_the_last_one_waits() -> None:
    limit = climbed(60)
    assert limit.delay == 0
    limit.waiting = 30
    assert limit.delay == pytest.approx(30)
    limit.back_off(20)
    assert limit.delay == pytest.approx(80, abs=1)  # and at half the rate
    assert RateLimit().delay == 0


def test_a_lower_limit_for_a_while_does_not_lower_the_rate_that_is_kept() -> None:
    state = RateState(rate=1.5)
    for now in (0.0, 10.0, 20.0):
        state.acquire(now, 0.5)
    assert state.rate_at(20.0, 0.5) == 0.5
    assert state.rate_at(20.0, 2.0) == pytest.approx(1.5)
    state.slow_down(21.0, 1.0, 0.5)
    assert state.rate_at(22.0, 2.0) == pytest.approx(0.25)


def test_the_present_rate_is_told() -> None:
    assert RateLimit().present_rate is None
    assert RateLimit(30).present_rate == 30
    limit = RateLimit(120)
    assert limit.present_rate == START
    limit.back_off(1)
    assert limit.present_rate == pytest.approx(START / 2)


def test_threads_share_a_limit() -> None:
    limit, taken = climbed(600), []
    gate = threading.Barrier(8)

    def take() -> None:
        gate.wait(5)
        taken.extend(limit.acquire(now=1.0) for _ in range(20))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert taken.count(0.0) == 6


# kernels


@pytest.fixture
def stores(tmp_path: Path):
    found = [Store(tmp_path), Store(tmp_path)]
    yield found
    for store in found:
        store.close()


def test_kernels_share_one_pace_and_accounts_do_not(stores: list[Store]) -> None:
    first, second = (
        RateLimit(50, SharedRateLimits(store.rate_limits), lambda: "mine") for store in stores
    )
    other = RateLimit(50, SharedRateLimits(stores[0].rate_limits), lambda: "hers")
    moments, turns, moment = [], itertools.cycle([first, second]), 0.0
    while moment < 120:
        waits = [next(turns).acquire(now=moment) for _ in range(2)]
        moments += [moment] * waits.count(0.0)
        moment += max(min(waits), 0.01)
    assert most(moments) <= 50
    assert len(moments) >= 97
    assert other.acquire(now=100.0) == 0.0
    first.back_off(30, now=moment)
    assert second.acquire(now=moment + 1) == 29
    assert other.acquire(now=moment + 1) == 0.0


def test_what_is_stored_tells_no_key(stores: list[Store], tmp_path: Path) -> None:
    from segmind_widgets.network.transport import Transport
    from segmind_widgets.providers import Segmind

    key = "SG_0123456789abcdef"
    transport = Transport(
        Segmind({}), lambda: Secret(key), 60, SharedRateLimits(stores[0].rate_limits)
    )
    assert transport.limit.acquire() == 0.0
    account = transport.limit._account()
    assert account.startswith("https://api.segmind.com:443 ")
    stores[0].close()
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    assert db.execute("SELECT account FROM limits").fetchall() == [(account,)]
    db.close()
    for path in tmp_path.glob("journal.sqlite*"):
        assert key.encode() not in path.read_bytes()
        assert key[3:].encode() not in path.read_bytes()
    transport.close()


@pytest.mark.alone
def test_a_busy_file_keeps_nobody_waiting_and_the_own_pace_serves(
    stores: list[Store], tmp_path: Path
) -> None:
    limit = RateLimit(60, SharedRateLimits(stores[0].rate_limits), lambda: "mine")
    assert limit.acquire(now=10.0) == 0.0
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert limit.acquire(now=10.1) > 0.3, "it goes on from what was shared last"
    assert limit.acquire(now=11.1) == 0.0
    assert time.monotonic() - began < 1 + 2 * rate_limits.PATIENCE / 1000
    assert not stores[0].memory, "a busy moment is no reason to leave the file"
    other.execute("ROLLBACK")
    other.close()
    assert (
        stores[0]._file.run(lambda db: db.execute("PRAGMA busy_timeout").fetchone()[0]) == 10_000
    ), "the journal's own patience is as it was"


def test_a_closed_store_and_one_in_memory_share_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    memory = Store(blocked)
    assert (
        SharedRateLimits(memory.rate_limits).change("mine", lambda pace: pace.acquire(1.0, 1.0))
        is None
    )
    memory.close()
    store = Store(tmp_path / "home")
    limit = RateLimit(60, SharedRateLimits(store.rate_limits), lambda: "mine")
    store.close()
    assert limit.acquire(now=1.0) == 0.0
    assert limit.acquire(now=1.0) > 0


def test_of_a_state_before_the_machines_start_only_the_rate_is_kept() -> None:
    old = RateState(
        ready=5000.0, until=9000.0, halved=4990.0, rate=0.2, speed=3.0, newest_request=5000.0
    )
    assert old.acquire(40.0, 1.0) == 0.0
    assert old.until == 0
    assert old.rate == pytest.approx(0.2)
    old.slow_down(41.0, 1.0, 1.0)
    assert old.rate == pytest.approx(0.1, rel=0.01)


def test_the_rate_of_an_account_outlives_the_kernel(tmp_path: Path) -> None:
    for number in range(3):
        store = Store(tmp_path)
        limit = RateLimit(120, SharedRateLimits(store.rate_limits), lambda: "mine")
        limit.back_off(1, now=100.0 * number)
        assert limit._state.rate * WINDOW == pytest.approx(START / 2 ** (number + 1), rel=0.25)
        store.close()


KERNEL = """
import sys, time
from pathlib import Path
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.network.shared_rate_limit import SharedRateLimits
from segmind_widgets.storage.store import Store
store = Store(Path(sys.argv[1]))
limit = RateLimit(1200, SharedRateLimits(store.rate_limits), lambda: "mine")
until = time.monotonic() + 2
while time.monotonic() < until:
    wait = limit.acquire()
    print(time.monotonic()) if not wait else time.sleep(wait)
"""


@pytest.mark.alone
def test_kernels_in_processes_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    climbed = lambda state: vars(state).update(rate=20.0) or 0.0  # noqa: E731
    SharedRateLimits(store.rate_limits).change("mine", climbed)
    store.close()
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", KERNEL, tmp_path], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    moments = sorted(
        float(line) for kernel in kernels for line in kernel.communicate(timeout=30)[0].split()
    )
    assert [kernel.returncode for kernel in kernels] == [0, 0, 0]
    allowed = (moments[-1] - moments[0] + 0.6) * 20 + 1
    assert 30 <= len(moments) <= allowed


@pytest.mark.alone
def test_a_place_costs_less_than_a_third_of_a_millisecond(stores: list[Store]) -> None:
    limit = RateLimit(6e9, SharedRateLimits(stores[0].rate_limits), lambda: "mine")
    took = []
    for _ in range(300):
        start = time.perf_counter()
        limit.acquire()
        took.append(time.perf_counter() - start)
    assert sorted(took)[150] < 0.3e-3
    assert isinstance(stores[0].rate_limits, RateLimitTable)
