"""The mandate file: what is read from a good one, and every mistake of a bad one in one report (F-23)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st
from planning_pieces import address

from controller.config import quantities
from controller.config.mandate_file import MandateFile, parse
from controller.config.mandate_template import render
from controller.config.networks import Token
from controller.errors import InputError
from controller.model import Asset, Feed, Mandate, Roles, Scope
from controller.replay.markets import MARKETS

ORACLE, VENUE = address(201), address(202)
ROLES = Roles(address(301), address(302), (address(303),))
TOKENS = {
    symbol: Token(address=address(number), decimals=decimals, feed=address(100 + number), feed_decimals=8)
    for number, (symbol, decimals) in enumerate({"EQUITY": 18, "BOND": 18, "GOLD": 8, "DOLLAR": 6}.items(), start=1)
}
GOOD = """\
name = "Sixty Forty"
symbol = "EK6040"
[rule]
trigger = "threshold"
band = "5%"
destination = "175 bps"
scope = "breach"
cooldown = "1 day"
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


def read(text: str, roles: Roles | None = ROLES) -> MandateFile:
    return parse(text.encode(), TOKENS, oracle=ORACLE, venues=(VENUE,), roles=roles)


def mistakes(text: str, roles: Roles | None = ROLES) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(text, roles)
    return [str(mistake) for mistake in caught.value.mistakes]


def changed(*pairs: tuple[str, str]) -> str:
    text = GOOD
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
        oracle=ORACLE,
        scope=Scope.BREACH,
        band=500,
        destination=175,
        max_slippage=100,
        max_loss=50,
        cooldown=86_400,
        min_trade=1_005 * 10**17,
        venues=(VENUE,),
        assets=(
            Asset(address(1), 18, 6_000, Feed(address(101), 35 * 86_400, 8, 10**8, 10**13)),
            Asset(address(3), 8, 4_000, Feed(address(103), 5_400, 8, 5 * 10**7, 123_456_789_012)),
        ),
    )


def test_parse__of_the_same_mandate_in_another_file__then_another_hash() -> None:
    assert read(GOOD).file_hash != read(GOOD + "\n").file_hash
    assert read(GOOD).file_hash != read(GOOD.replace("\n", "\r\n")).file_hash


def test_parse__with_a_token_by_address__then_the_one_of_the_list() -> None:
    text = changed(('"EQUITY"', f'"{address(1).upper().replace("0X", "0x")}"'))
    assert read(text).mandate.assets == read(GOOD).mandate.assets


def test_parse__with_roles_in_the_file__then_they_go_before_the_command_line() -> None:
    owner = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    text = GOOD.replace("[rule]", f'[roles]\nowner = "{owner}"\nkeepers = []\n[rule]')
    assert read(text).roles == Roles(owner, ROLES.guardian, ())
    assert mistakes(text, None) == ["roles.guardian: is missing here and on the command line"]


def test_parse__of_the_replays_own_files__then_mandates() -> None:
    for market in MARKETS.values():
        tokens = {
            listing.symbol: Token(
                address=address(number), decimals=listing.decimals, feed=address(50 + number), feed_decimals=8
            )
            for number, listing in enumerate(market.listings, start=1)
        }
        found = parse(market.mandate_file(), tokens, oracle=ORACLE, venues=(VENUE,), roles=ROLES)
        assert sum(found.mandate.targets) == 10_000


def test_parse__with_many_mistakes__then_all_of_them_at_once() -> None:
    text = changed(
        ('name = "Sixty Forty"', 'nmae = "Sixty Forty"\nband = "5%"'),
        ('"threshold"', '"treshold"'),
        ('band = "5%"\ndestination', "band = 5\ndestination"),
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
            "band: is no key of a mandate file here; it belongs under [rule]",
            "rule.trigger: is 'treshold', must be 'threshold'",
            'rule.band: 5 is no text; write it in quotes with its unit, "5%" or "500 bps"',
            "rule.cooldown: '1 fortnight' has no unit that is known here; "
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
        ('"175 bps"', '"5%"', "rule.destination: is 500 bps, must be below the band of 500 bps"),
        ('"175 bps"', '"5.01%"', "rule.destination: is 501 bps, must be below the band of 500 bps"),
        ('weight = "60%"', 'weight = "60.01%"', "assets: weights sum to 100.01%, must be exactly 100%: 1 bps too many"),
        ('band = "5%"', 'band = "5"', "rule.band: '5' has no unit that is known here"),
        ('band = "5%"', "band = 0.05", "rule.band: 0.05 is no text"),
        ('band = "5%"', 'band = "5 per cent"', "rule.band: '5 per cent' cannot be read"),
        ('band = "5%"', 'band = "-5%"', "rule.band: '-5%' cannot be read"),
        ('band = "5%"', 'band = "101%"', "rule.band: '101%' is more than 100%"),
        ('band = "5%"', 'band = "0%"', "rule.band: must be above zero"),
        ('"breach"', '"all"', "rule.scope: is 'all', must be 'book' or 'breach'"),
        ('"1 day"', '"0.00001 days"', "rule.cooldown: '0.00001 days' is not a whole number of seconds"),
        ('"1 day"', '"8000 weeks"', "rule.cooldown: '8000 weeks' is longer than a vault can count"),
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
        parse(GOOD.encode(), tokens, oracle=ORACLE, venues=(VENUE,), roles=ROLES)


@pytest.mark.parametrize("source", [b"\xff", b"name = [", b"a = " + b"[" * 5_000])
def test_parse__of_what_is_no_toml__then_one_mistake(source: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse(source, TOKENS, oracle=ORACLE, venues=(VENUE,))
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize(
    "source", ["", "assets = 3\nrule = 4\nroles = 5", "assets = [3, {token = 5}]", "[assets]\na = 1"]
)
def test_parse__of_other_shapes__then_mistakes_and_no_crash(source: str) -> None:
    assert mistakes(source, None)


@given(st.binary(max_size=300))
def test_parse__of_any_bytes__then_an_input_error_at_most(source: bytes) -> None:
    with pytest.raises(InputError):
        parse(source, TOKENS, oracle=ORACLE, venues=(VENUE,), roles=ROLES)


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
    assert found.targets == (3_334, 3_333, 3_333)
    assert found.name == 'A "quoted" name'
    assert [(asset.feed.min_answer, asset.feed.max_answer) for asset in found.assets] == [
        (14_000 * 10**8, 1_400_000 * 10**8),
        (190 * 10**8, 19_000 * 10**8),
        (10**7, 10 * 10**8),
    ]
