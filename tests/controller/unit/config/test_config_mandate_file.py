"""The mandate file: what is read from a good one, and every mistake of a bad one in one report (F-23)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from controller.config import quantities
from controller.config.mandate_file import Deployed, MandateFile, parse
from controller.config.mandate_template import render
from controller.config.networks import Token
from controller.errors import InputError
from controller.model import (
    ZERO_ADDRESS,
    Asset,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    Mandate,
    Period,
    Roles,
    Scope,
    Sequencer,
    Trigger,
    TriggerKind,
    Twap,
)
from controller.replay.markets import MARKETS


def address(number: int) -> str:
    return f"0x{number:040x}"


DEPLOYED = Deployed(address(201), (address(202), address(203)), Sequencer(address(204), 3_600))
ROLES = Roles(address(301), address(304), address(302), (address(303),))
TOKENS = {
    symbol: Token(address=address(number), decimals=decimals, feed=address(100 + number), feed_decimals=8)
    for number, (symbol, decimals) in enumerate({"EQUITY": 18, "BOND": 18, "GOLD": 8, "DOLLAR": 6}.items(), start=1)
}
GOOD = """\
name = "Sixty Forty"
symbol = "EK6040"
[trigger]
kind = "threshold"
band = "5%"
cooldown = "1 day"
[destination]
drift = "175 bps"
scope = "breach"
[limits]
slippage = "1%"
loss = "0.5%"
min_trade = "100.5 USD"
[[assets]]
token = "EQUITY"
weight = "60%"
heartbeat = "35 days"
price_min = "1"
price_max = "100000"
[[assets]]
token = "GOLD"
weight = "4000 bps"
heartbeat = "90 minutes"
price_min = "0.5 USD"
price_max = "1234.56789012"
"""
WHOLE = """\
name = "All of it"
symbol = "ALL"
timelock = "3 days"
[trigger]
kind = "either"
band = "5%"
relative_band = "20%"
every = "3 months"
anchor = 2026-01-31T09:30:00+02:00
cooldown = "2 hours"
[destination]
drift = "1%"
relative_drift = "4%"
scope = "book"
window = "4 hours"
[limits]
slippage = "1.5%"
loss = "0.25%"
loss_budget = "1%"
turnover_budget = "250%"
budget_window = "7 days"
min_trade = "250 USD"
max_trades = 8
max_step = "3%"
step_delay = "12 hours"
[fees]
recipient = "0x00000000000000000000000000000000000000AA"
management = "0.5%"
performance = "10%"
[flows]
spread = "1.1%"
[roles]
strategist = "0x00000000000000000000000000000000000000bb"
[[assets]]
token = "EQUITY"
min_weight = "40%"
max_weight = "70%"
heartbeat = "25 hours"
deviation = "0.5%"
price_min = "1"
price_max = "2"
twap = {base = "GOLD", fee = "0.05%", window = "30 minutes", max_deviation = "2%"}
[[assets]]
token = "GOLD"
heartbeat = "25 hours"
deviation = "60 bps"
price_min = "1"
price_max = "2"
[[path]]
time = 2026-01-01
weights = {EQUITY = "60%", GOLD = "40%"}
[[path]]
time = 2036-01-01T00:00:00Z
weights = {GOLD = "60%", EQUITY = "40%"}
"""


def read(text: str, roles: Roles | None = ROLES) -> MandateFile:
    return parse(text.encode(), TOKENS, DEPLOYED, roles=roles)


def mistakes(text: str, roles: Roles | None = ROLES) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(text, roles)
    return [str(mistake) for mistake in caught.value.mistakes]


def changed(*pairs: tuple[str, str], text: str = GOOD) -> str:
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after, 1)
    return text


def test_parse__of_a_good_file__then_the_mandate_exactly() -> None:
    found = read(GOOD)
    assert found.file_hash == keccak(GOOD.encode())
    assert found.roles == ROLES
    assert found.mandate == Mandate(
        name="Sixty Forty",
        symbol="EK6040",
        file_hash=found.file_hash,
        oracle=address(201),
        sequencer=Sequencer(address(204), 3_600),
        trigger=Trigger(TriggerKind.THRESHOLD, 500, 0, Period.DAY, 0, 0, 86_400),
        destination=Destination(175, 0, Scope.BREACH, 0),
        limits=Limits(100, 50, 200, 20_000, 30 * 86_400, 1_005 * 10**17, 16, 500, 86_400),
        fees=Fees(ZERO_ADDRESS, 0, 0),
        spread=0,
        timelock=2 * 86_400,
        venues=(address(202), address(203)),
        assets=(
            Asset(address(1), 18, 0, 10_000, Feed(address(101), 35 * 86_400, 8, 0, 10**8, 10**13, Twap())),
            Asset(address(3), 8, 0, 10_000, Feed(address(103), 5_400, 8, 0, 5 * 10**7, 123_456_789_012, Twap())),
        ),
        path=(Knot(0, (6_000, 4_000)),),
    )


def test_parse__of_a_file_that_says_everything__then_the_mandate_exactly() -> None:
    found = read(WHOLE)
    mandate = found.mandate
    assert found.roles == Roles(
        ROLES.owner, "0x00000000000000000000000000000000000000bb", ROLES.guardian, ROLES.keepers
    )
    assert mandate.timelock == 3 * 86_400
    anchor = int(datetime(2026, 1, 31, 7, 30, tzinfo=UTC).timestamp())
    assert mandate.trigger == Trigger(TriggerKind.EITHER, 500, 2_000, Period.MONTH, 3, anchor, 7_200)
    assert mandate.destination == Destination(100, 400, Scope.BOOK, 4 * 3_600)
    assert mandate.limits == Limits(150, 25, 100, 25_000, 7 * 86_400, 250 * 10**18, 8, 300, 43_200)
    assert mandate.fees == Fees("0x00000000000000000000000000000000000000AA", 50, 1_000)
    assert mandate.spread == 110
    assert [(asset.min_weight, asset.max_weight) for asset in mandate.assets] == [(4_000, 7_000), (0, 10_000)]
    assert [asset.feed.deviation for asset in mandate.assets] == [50, 60]
    assert [asset.feed.twap for asset in mandate.assets] == [Twap(1_800, 500, 200, 1), Twap()]
    years = [int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2036)]
    assert mandate.path == (Knot(years[0], (6_000, 4_000)), Knot(years[1], (4_000, 6_000)))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([('drift = "175 bps"\n', "")], Destination(250, 0, Scope.BREACH, 0)),
        (
            [('drift = "175 bps"\n', ""), ('band = "5%"', 'relative_band = "25%"')],
            Destination(0, 1_250, Scope.BREACH, 0),
        ),
        (
            [('drift = "175 bps"\n', ""), ('kind = "threshold"\nband = "5%"', 'kind = "calendar"\nevery = "1 year"')],
            Destination(0, 0, Scope.BREACH, 0),
        ),
    ],
)
def test_parse__without_a_destination__then_half_of_each_band(
    pairs: list[tuple[str, str]], expected: Destination
) -> None:
    assert read(changed(*pairs)).mandate.destination == expected


def test_parse__of_a_calendar_alone__then_periods_from_a_monday_that_begins_a_year() -> None:
    text = changed(('kind = "threshold"\nband = "5%"', 'kind = "calendar"\nevery = "2 weeks"'))
    trigger = read(text).mandate.trigger
    assert (trigger.kind, trigger.period, trigger.every) == (TriggerKind.CALENDAR, Period.WEEK, 2)
    first = datetime.fromtimestamp(trigger.anchor, UTC)
    assert (first.weekday(), first.month, first.day, first.hour) == (0, 1, 1, 0)


def test_parse__with_a_loss_alone__then_a_budget_of_four_of_them() -> None:
    assert read(changed(('loss = "0.5%"', 'loss = "2%"'))).mandate.limits.loss_budget == 800
    assert read(changed(('loss = "0.5%"', 'loss = "30%"'))).mandate.limits.loss_budget == 10_000


def test_parse__of_the_same_mandate_in_another_file__then_another_hash() -> None:
    assert read(GOOD).file_hash != read(GOOD + "\n").file_hash
    assert read(GOOD).file_hash != read(GOOD.replace("\n", "\r\n")).file_hash


def test_parse__with_a_token_by_address__then_the_one_of_the_list() -> None:
    text = changed(('"EQUITY"', f'"{address(1).upper().replace("0X", "0x")}"'))
    assert read(text).mandate.assets == read(GOOD).mandate.assets


def test_parse__with_roles_in_the_file__then_they_go_before_the_command_line() -> None:
    owner = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    text = GOOD.replace("[limits]", f'[roles]\nowner = "{owner}"\nkeepers = []\n[limits]')
    assert read(text).roles == Roles(owner, ROLES.strategist, ROLES.guardian, ())
    assert mistakes(text, None) == ["roles.guardian: is missing here and on the command line"]


def test_parse__of_the_replays_own_files__then_mandates() -> None:
    for market in MARKETS.values():
        tokens = {
            listing.symbol: Token(
                address=address(number), decimals=listing.decimals, feed=address(50 + number), feed_decimals=8
            )
            for number, listing in enumerate(market.listings, start=1)
        }
        found = parse(market.mandate_file(), tokens, DEPLOYED, roles=ROLES)
        assert sum(found.mandate.path[0].weights) == 10_000


def test_parse__with_many_mistakes__then_all_of_them_at_once() -> None:
    text = changed(
        ('name = "Sixty Forty"', 'nmae = "Sixty Forty"\nband = "5%"'),
        ('"threshold"', '"treshold"'),
        ('band = "5%"\ncooldown', "band = 5\ncooldown"),
        ('"1 day"', '"1 fortnight"'),
        ('slippage = "1%"', 'slippage = "100%"'),
        ('loss = "0.5%"', 'loss = "0.005%"'),
        ('"100.5 USD"', '"100.5"'),
        ('"EQUITY"', '"EQUTY"'),
        ('weight = "60%"', 'weight = "59.9%"'),
        ('heartbeat = "90 minutes"', 'heartbeat = "0 days"\nwieght = "1%"'),
        ('"0.5 USD"', '"0.000000001"'),
        ("[limits]", '[roles]\nowner = "0x0000000000000000000000000000000000000000"\nkeepers = ["abc"]\n[limits]'),
    )
    assert sorted(mistakes(text)) == sorted(
        [
            'name: is missing, for example name = "Sixty Forty"',
            "nmae: is no key of a mandate file; did you mean name?",
            "band: is no key of a mandate file here; it belongs under [trigger]",
            "trigger.kind: is 'treshold', must be 'threshold', 'calendar', 'either' or 'both'",
            'trigger.band: 5 is no text; write it in quotes with its unit, "5%" or "500 bps"',
            "trigger.cooldown: '1 fortnight' has no unit that is known here; "
            'write it in quotes with its unit, "1 day" or "90 minutes"',
            "limits.slippage: must be below 100%",
            "limits.loss: '0.005%' is not a whole number of basis points (0.01%)",
            "limits.min_trade: '100.5' has no unit that is known here; write it in quotes with its unit, \"100 USD\"",
            "assets: weights sum to 99.90%, must be exactly 100%: 10 bps are missing",
            "assets[0].token (EQUTY): is not in the network's list of tokens; did you mean EQUITY?",
            "assets[1].heartbeat (GOLD): must be above zero",
            "assets[1].wieght (GOLD): is no key of a mandate file; did you mean weight?",
            "assets[1].price_min (GOLD): has more than 8 decimals",
            "roles.owner: is the zero address, so nobody could ever change or pause anything",
            "roles.keepers[0]: is no address",
        ]
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('"175 bps"', '"5%"', "destination.drift: is 500 bps, must be below the band of 500 bps"),
        ('"175 bps"', '"5.01%"', "destination.drift: is 501 bps, must be below the band of 500 bps"),
        ('weight = "60%"', 'weight = "60.01%"', "assets: weights sum to 100.01%, must be exactly 100%: 1 bps too many"),
        ('band = "5%"', 'band = "5"', "trigger.band: '5' has no unit that is known here"),
        ('band = "5%"', "band = 0.05", "trigger.band: 0.05 is no text"),
        ('band = "5%"', 'band = "5 per cent"', "trigger.band: '5 per cent' cannot be read"),
        ('band = "5%"', 'band = "-5%"', "trigger.band: '-5%' cannot be read"),
        ('band = "5%"', 'band = "101%"', "trigger.band: '101%' is more than 100%"),
        ('band = "5%"', 'band = "0%"', "trigger.band: must be above zero"),
        ('"breach"', '"all"', "destination.scope: is 'all', must be 'book' or 'breach'"),
        ('"1 day"', '"0.00001 days"', "trigger.cooldown: '0.00001 days' is not a whole number of seconds"),
        ('"1 day"', '"8000 weeks"', "trigger.cooldown: '8000 weeks' is longer than a vault can count"),
        ('"100.5 USD"', '"0 USD"', "limits.min_trade: must be above zero"),
        ('"100.5 USD"', '"100 EUR"', "limits.min_trade: '100 EUR' has no unit that is known here"),
        ('"100.5 USD"', '"0.0000000000000000001 USD"', "limits.min_trade: has more than 18 decimals"),
        ('"GOLD"', '"EQUITY"', "assets[1].token (EQUITY): is the token of assets[0] again"),
        ('price_max = "100000"', 'price_max = "0.5"', "assets[0].price_min (EQUITY): is above price_max"),
        ('price_min = "1"', 'price_min = "0"', "assets[0].price_min (EQUITY): must be above zero"),
        ('name = "Sixty Forty"', f'name = "{"e" * 32}"', "name: must be 1 to 31 printable ASCII characters"),
        ('name = "Sixty Forty"', 'name = "é"', "name: must be 1 to 31 printable ASCII characters"),
        ('name = "Sixty Forty"', "name = 5", "name: must be text in quotes"),
        ('token = "GOLD"', "", "assets[1].token: is missing"),
        ("[limits]", "[limit]", "limit: is no key of a mandate file; did you mean limits?"),
        ('token = "GOLD"', 'token = "SILVER"', "assets[1].token (SILVER): is not in the network's list of tokens"),
    ],
)
def test_parse__with_one_mistake__then_named_at_its_key(before: str, after: str, expected: str) -> None:
    assert any(mistake.startswith(expected) for mistake in mistakes(changed((before, after))))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "[[path]]\ntime = 2026-01-01\n",
            "[[path]]\ntime = 2036-01-01\n",
            "path[1].time: is not after that of the knot before",
        ),
        ("time = 2026-01-01\n", "time = 2026-01-01T00:00:00\n", "path[0].time: 2026-01-01T00:00:00 has no time zone"),
        ("time = 2026-01-01\n", "time = 5\n", "path[0].time: 5 is no time"),
        ("time = 2026-01-01\n", 'time = "soon"\n', "path[0].time: 'soon' is no time"),
        ("time = 2026-01-01\n", "time = 1960-01-01\n", "path[0].time: 1960-01-01 is no whole second since 1970"),
        ('{EQUITY = "60%",', '{EQUITY = "61%",', "path[0].weights: weights sum to 101.00%"),
        (
            '{EQUITY = "60%",',
            '{SILVER = "60%",',
            "path[0].weights.SILVER: is no asset of this file; they are EQUITY, GOLD",
        ),
        ('{EQUITY = "60%",', '{SILVER = "60%",', "path[0].weights.EQUITY: is missing"),
        ('{EQUITY = "60%",', "{EQUITY = 60,", "path[0].weights.EQUITY: 60 is no text"),
        (
            '{EQUITY = "60%", GOLD = "40%"}',
            '{EQUITY = "71%", GOLD = "29%"}',
            "path[0].weights.EQUITY: is 7100 bps, outside of min_weight and max_weight, 4000 to 7000 bps",
        ),
        (
            'token = "GOLD"\n',
            'token = "GOLD"\nweight = "1%"\n',
            "assets[1].weight (GOLD): stands in the [[path]] already",
        ),
        ('min_weight = "40%"', 'min_weight = "71%"', "assets[0].min_weight (EQUITY): is above max_weight"),
        ('base = "GOLD"', 'base = "EQUITY"', "assets[0].twap.base (EQUITY): must be another asset of this file"),
        ('fee = "0.05%"', 'fee = "500"', "assets[0].twap.fee (EQUITY): '500' has no unit that is known here"),
        ('fee = "0.05%"', 'fee = "100%"', "assets[0].twap.fee (EQUITY): '100%' is the fee of no pool"),
        (
            'fee = "0.05%"',
            'feee = "0.05%"',
            "assets[0].twap.feee (EQUITY): is no key of a mandate file; did you mean fee?",
        ),
        ('deviation = "60 bps"\n', "", "assets[1].deviation (GOLD): is missing: with [flows] it has to be known"),
        ('"60 bps"', '"61 bps"', "flows.spread: is 110 bps, less than the two largest deviations together"),
        ('spread = "1.1%"', 'spread = "0%"', "flows.spread: must be above zero"),
        ('"0x00000000000000000000000000000000000000AA"', f'"{ZERO_ADDRESS}"', "fees.recipient: is the zero address"),
        ('management = "0.5%"\nperformance = "10%"\n', "", "fees: asks for nothing"),
        ('management = "0.5%"', 'management = "5.01%"', "fees.management: must be at most 5% a year"),
        ('performance = "10%"', 'performance = "30.01%"', "fees.performance: must be at most 30%"),
        ('loss = "0.25%"', 'loss = "0.51%"', "limits.loss: is 51 bps, more than half of the loss_budget of 100 bps"),
        ('"250%"', '"0%"', "limits.turnover_budget: must be above zero"),
        ('"250%"', '"100000.01%"', "limits.turnover_budget: must be above zero, and at most 100000%"),
        ('"7 days"', '"59 minutes"', "limits.budget_window: must be at least an hour"),
        ("max_trades = 8", 'max_trades = "8"', "limits.max_trades: must be a whole number without quotes"),
        ("max_trades = 8", "max_trades = 0", "limits.max_trades: must be 1 to 255"),
        ('timelock = "3 days"', 'timelock = "59 minutes"', "timelock: must be an hour to 365 days"),
        ('timelock = "3 days"', 'timelock = "366 days"', "timelock: must be an hour to 365 days"),
        ('relative_drift = "4%"', 'relative_drift = "20%"', "destination.relative_drift: is 2000 bps, must be below"),
        ('relative_band = "20%"\n', "", "destination.relative_drift: has no effect without trigger.relative_band"),
        ('\nband = "5%"', "", "destination.drift: has no effect without trigger.band"),
        ('kind = "either"', 'kind = "calendar"', 'trigger.band: has no effect with kind = "calendar"'),
        ('kind = "either"', 'kind = "threshold"', 'trigger.every: has no effect with kind = "threshold"'),
        ('every = "3 months"\n', "", "trigger.every: is missing: either needs every"),
        ('band = "5%"\nrelative_band = "20%"\n', "", "trigger.band: is missing: either needs band"),
        ('"3 months"', '"3 fortnights"', "trigger.every: '3 fortnights' has no unit that is known here"),
        ('"3 months"', '"0 months"', "trigger.every: '0 months' is no whole number of periods"),
        ('"3 months"', '"1.5 months"', "trigger.every: '1.5 months' is no whole number of periods"),
        ("anchor = 2026-01-31T09:30:00+02:00", "anchor = 1970-01-01", "trigger.anchor: must be above zero"),
        (
            "[roles]\n",
            '[roles]\nstrategits = "0x"\n',
            "roles.strategits: is no key of a mandate file; did you mean strategist?",
        ),
    ],
)
def test_parse__of_the_whole_with_one_mistake__then_named_at_its_key(before: str, after: str, expected: str) -> None:
    assert any(mistake.startswith(expected) for mistake in mistakes(changed((before, after), text=WHOLE)))


def test_parse__with_neither_weight_nor_path__then_named_for_each_asset() -> None:
    text = changed(('weight = "60%"\n', ""))
    assert any(found.startswith("assets[0].weight (EQUITY): is missing") for found in mistakes(text))


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))
def test_moment__in_any_zone__then_the_same_second(naive: datetime, hours: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    assert quantities.moment(elsewhere) == quantities.moment(moment.isoformat()) == expected


@pytest.mark.parametrize("count", [0, 1, 17])
def test_parse__with_too_few_or_too_many_assets__then_says_how_many(count: int) -> None:
    head = GOOD[: GOOD.index("[[assets]]")]
    asset = '[[assets]]\ntoken = "T{0}"\nweight = "0%"\nheartbeat = "1 day"\nprice_min = "1"\nprice_max = "2"\n'
    text = head + "".join(asset.format(number) for number in range(count))
    if count:
        assert f"assets: has {count} of them, a vault holds 2 to 16" in mistakes(text)
    else:
        assert mistakes(text) == ["assets: is missing; write [[assets]] for each asset"]


def test_parse__when_token_and_feed_have_too_many_decimals__then_said() -> None:
    tokens = {**TOKENS, "GOLD": TOKENS["GOLD"].model_copy(update={"decimals": 30})}
    with pytest.raises(InputError, match="more than 36 decimals together"):
        parse(GOOD.encode(), tokens, DEPLOYED, roles=ROLES)


@pytest.mark.parametrize("source", [b"\xff", b"name = [", b"a = " + b"[" * 5_000])
def test_parse__of_what_is_no_toml__then_one_mistake(source: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse(source, TOKENS, DEPLOYED)
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize(
    "source",
    [
        "",
        "assets = 3\ntrigger = 4\nroles = 5\nfees = 1\nflows = 2\npath = 6",
        "assets = [3, {token = 5}]",
        "[assets]\na = 1",
    ],
)
def test_parse__of_other_shapes__then_mistakes_and_no_crash(source: str) -> None:
    assert mistakes(source, None)


@given(st.binary(max_size=300))
def test_parse__of_any_bytes__then_an_input_error_at_most(source: bytes) -> None:
    with pytest.raises(InputError):
        parse(source, TOKENS, DEPLOYED, roles=ROLES)


@given(st.integers(0, 10_000))
def test_share__in_percent_or_basis_points__then_the_same_exactly(points: int) -> None:
    assert quantities.share(f"{points} bps") == quantities.share(f"{points // 100}.{points % 100:02}%") == points


def test_money__with_more_digits_than_a_decimal_context_holds__then_still_exact() -> None:
    assert quantities.money("12345678901234567890.123456789012345678 USD") == 12345678901234567890123456789012345678
    assert quantities.answer(Fraction("98765432109876543210.12345678"), 8) == 9876543210987654321012345678


def test_render__for_any_number_of_assets__then_a_file_that_parses_as_it_stands() -> None:
    prices = {"EQUITY": Decimal("141788.83"), "GOLD": Decimal(1943), "DOLLAR": Decimal(1)}
    text = render('A "quoted" name', "EK", prices)
    found = read(text).mandate
    assert found.path == (Knot(0, (3_334, 3_333, 3_333)),)
    assert found.name == 'A "quoted" name'
    assert [(asset.feed.min_answer, asset.feed.max_answer) for asset in found.assets] == [
        (14_000 * 10**8, 1_400_000 * 10**8),
        (190 * 10**8, 19_000 * 10**8),
        (10**7, 10 * 10**8),
    ]
