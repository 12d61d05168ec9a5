"""The markets of a replay: history as chain timestamps and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isqrt

import pytest
from eth_utils.address import to_checksum_address

from controller.errors import InputError
from controller.market.depth import sqrt_price
from controller.replay.markets import CALENDAR_CYCLE, CRYPTO, FEED_DECIMALS, MACRO, MARKETS, latest, series
from controller.replay.world import Listed

LOW, HIGH = to_checksum_address("0x" + "11" * 20), to_checksum_address("0x" + "22" * 20)


def _date(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"


def test_series__when_after_1970__then_history_s_own_clock() -> None:
    part = series(MACRO, "2000-01", "2003-12")
    assert part.shift == 0
    assert len(part.times) == len(part.answers) == 48
    assert (_date(part.times[0]), _date(part.times[-1])) == ("2000-01-01", "2003-12-01")
    assert all(len(answers) == len(MACRO.listings) for answers in part.answers)
    assert all(answer > 0 for answers in part.answers for answer in answers)


def test_series__when_before_1970__then_whole_calendar_cycles_ahead() -> None:
    part = series(MACRO, "1953-05", "1955-12")
    assert part.shift > 0
    assert part.shift % CALENDAR_CYCLE == 0
    assert part.times[0] > 0
    shown = [datetime.fromtimestamp(time - part.shift, UTC) for time in part.times]
    assert [moment.day for moment in shown] == [1] * len(shown)
    later = [datetime.fromtimestamp(time, UTC) for time in part.times]
    assert [moment.weekday() for moment in later] == [moment.weekday() for moment in shown]
    assert [moment.month for moment in later] == [moment.month for moment in shown]


def test_series__when_by_day__then_each_step_is_within_the_heartbeat() -> None:
    part = series(CRYPTO, "2020-03-01", "2020-03-20")
    steps = [later - earlier for earlier, later in zip(part.times, part.times[1:], strict=False)]
    assert steps == [86_400] * 19
    assert max(steps) < CRYPTO.heartbeat


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("1900-01", None, "It runs from 1953-04-01 to 2023-06-01"),
        ("2003-12", "2000-01", "no two months between 2003-12-01 and 2000-01-01"),
        ("2003-12", "2003-12", "no two months"),
        ("2100-01", None, "no two months"),
        ("soon", None, "--from: 'soon' is not a date"),
        ("2000-01", "2000-13", "--to: '2000-13' is not a date"),
        ("2000-02-30", None, "--from: '2000-02-30' is not a date"),
    ],
)
def test_series__when_the_range_is_none__then_says_which_there_is(start: str, end: str | None, says: str) -> None:
    with pytest.raises(InputError) as caught:
        series(MACRO, start, end)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", MARKETS)
def test_market__when_listed__then_its_mandate_names_its_tokens_and_the_dollar_is_last(name: str) -> None:
    market = MARKETS[name]
    symbols = [listing.symbol for listing in market.listings]
    assert symbols[-1] == market.dollar.symbol == "DOLLAR"
    named = [line.split('"')[1] for line in market.mandate_file().decode().splitlines() if line.startswith("token")]
    assert set(named) <= set(symbols)
    assert abs(latest(market)[-1] - 10**FEED_DECIMALS) < 10**FEED_DECIMALS // 100


def test_sqrt_price__when_either_token_is_first__then_the_price_of_its_units() -> None:
    listing = MACRO.listings[0]
    asset = Listed(listing, LOW, HIGH, None).price(1_400 * 10**FEED_DECIMALS)
    dollar = Listed(MACRO.dollar, HIGH, LOW, None).price(10**FEED_DECIMALS)
    assert sqrt_price(LOW, asset, HIGH, dollar) == isqrt((asset << 192) // dollar)
    assert sqrt_price(HIGH, asset, LOW, dollar) == isqrt((dollar << 192) // asset)
    product = sqrt_price(LOW, asset, HIGH, dollar) * sqrt_price(HIGH, asset, LOW, dollar)
    assert abs(product - 2**192) < 2**192 // 10**9
