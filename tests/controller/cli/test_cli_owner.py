"""What holders, owner, strategist and guardian do by command, on a vault with flows, fees and a timelock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command import Done, Here
from eth_utils import keccak
from vault_world import VaultWorld

from controller.chain import codec, dev, ledger
from controller.chain.contract import Contract
from controller.chain.entries import Declared, decode_entry
from controller.execution.keys import development_signer
from controller.model import Kind

OWNER, KEEPER, GUARDIAN = ("--dev-account", "0"), ("--dev-account", "1"), ("--dev-account", "2")
STRATEGIST, STRANGER = ("--dev-account", "4"), ("--dev-account", "5")
HOUR = 3_600  # {s}
CLONE_BYTES, HEADER_WORDS = 45, 5  # Solady's LibClone; contracts/libraries/MandateCodec.sol

MANDATE = """\
name = "Whole"
symbol = "WHL"
timelock = "2 hours"
[trigger]
kind = "either"
band = "5%"
every = "1 month"
[limits]
loss = "0.25%"
max_step = "4%"
[fees]
recipient = "0x00000000000000000000000000000000000000AA"
management = "2%"
[flows]
spread = "1%"
[[assets]]
token = "EQUITY"
weight = "60%"
max_weight = "65%"
heartbeat = "32 days"
deviation = "0.5%"
price_min = "1"
price_max = "10000000"
[[assets]]
token = "BOND"
weight = "30%"
heartbeat = "32 days"
deviation = "0.5%"
price_min = "1"
price_max = "1000000"
[[assets]]
token = "GOLD"
weight = "10%"
heartbeat = "32 days"
deviation = "0.5%"
price_min = "1"
price_max = "1000000"
"""


def address(index: int) -> str:
    return development_signer(index).address


class Whole:
    """One vault of `MANDATE`, on target, and the commands upon it."""

    def __init__(self, world: VaultWorld, here: Here) -> None:
        self.world = world
        self.here = here
        for symbol in ("EQUITY", "BOND", "GOLD"):
            world.world.fund(world.world.accounts.owner, symbol, 10**24)
        Path("whole.toml").write_text(MANDATE)
        given = ("--strategist", address(4), "--guardian", address(2), "--keeper", address(1))
        made = here("vault", "create", "whole.toml", "--fund", "1000000 USD", *given, *OWNER, "--broadcast", "--json")
        assert made.code == 0, made.said
        self.address = str(made.document["vault"])

    def __call__(self, command: str, *arguments: str) -> Done:
        return self.here("vault", command, *arguments)

    def read(self, name: str, *arguments: Any) -> Any:
        return Contract(self.world.chain, self.address, "Vault").read(name, *arguments, block=self.world.chain.head())

    def later(self, seconds: int) -> None:
        dev.set_next_timestamp(self.world.chain, self.world.chain.head().timestamp + seconds)
        dev.mine(self.world.chain)


@pytest.fixture
def whole(world: VaultWorld, here: Here) -> Whole:
    return Whole(world, here)


def test_create__with_a_mandate__then_the_oracle_is_asked_in_the_words_that_the_clone_carries(whole: Whole) -> None:
    mandate = codec.mandate_from_abi(whole.read("mandate"))
    code = whole.world.chain.code(whole.address, whole.world.chain.head())[CLONE_BYTES:]
    words = [int.from_bytes(code[at : at + 32]) for at in range(0, len(code), 32)]
    first = HEADER_WORDS + len(mandate.venues)
    feeds = codec.feed_words(mandate)
    assert words[first : first + len(feeds)] == feeds
    assert codec.sequencer_word(mandate) == words[3] % 2**192


# ---- due


def test_due__when_a_period_has_begun__then_said_by_which_rule(whole: Whole) -> None:
    asked = whole("due", whole.address, "--json")
    assert (asked.code, asked.document["cause"]) == (2, "CALENDAR")
    assert set(asked.document["moves"]) == {"EQUITY", "BOND", "GOLD"}
    assert "A rebalance is due: a period has begun." in whole("due", whole.address).said


def test_due__when_in_band__then_0(world: VaultWorld, here: Here) -> None:
    asked = here("vault", "due", world.vault, "--json")
    assert (asked.code, asked.document["due"], asked.document["cause"]) == (0, False, "IN_BAND")
    world.move(140)
    asked = here("vault", "due", world.vault, "--json")
    assert (asked.code, asked.document["cause"]) == (2, "THRESHOLD")
    moves = {symbol: int(move) for symbol, move in asked.document["moves"].items()}
    assert moves["EQUITY"] < 0 < moves["BOND"]
    assert asked.document["breaches"] == ["EQUITY", "BOND"]


# ---- flows


def test_deposit__of_a_value__then_spread_by_the_vault_and_not_below_what_was_shown(whole: Whole) -> None:
    whole.world.move(110)
    before = whole.read("balanceOf", address(0))
    would = whole("deposit", "1000 USD", "--vault", whole.address, *OWNER, "--json")
    assert would.code == 0
    assert would.document["amounts"]["EQUITY"] == "0", "it is above its target"
    assert whole.read("balanceOf", address(0)) == before
    done = whole("deposit", "1000 USD", "--vault", whole.address, *OWNER, "--broadcast", "--json")
    assert done.code == 0
    gained = whole.read("balanceOf", address(0)) - before
    assert int(done.document["min_shares"]) <= gained == pytest.approx(int(would.document["shares"]), rel=1e-6)
    for listed in whole.world.world.listed[:3]:
        token = Contract(whole.world.chain, listed.token, "TestToken")
        allowance = token.read("allowance", address(0), whole.address, block=whole.world.chain.head())
        assert allowance == 0, "exactly what was paid was approved"


@pytest.mark.parametrize(("option", "route"), [("--deposit", "routeDeposit"), ("--withdraw", "routeWithdraw")])
def test_flow_plan__beside_the_vaults_own_routing__then_the_same_amounts(
    whole: Whole, here: Here, option: str, route: str
) -> None:
    whole.world.move(110)
    done = here("flow", "plan", whole.address, option, "50000 USD", "--json")
    assert done.code == 0
    amounts = [int(amount) for amount in done.document["amounts"].values()]
    assert amounts == list(whole.read(route, 50_000 * 10**36))
    assert sum(amounts) > 0


def test_withdraw__of_a_value__then_the_overweight_first(whole: Whole) -> None:
    whole.world.move(110)
    done = whole("withdraw", "1000 USD", "--vault", whole.address, *OWNER, "--broadcast", "--json")
    assert done.code == 0
    assert done.document["amounts"]["BOND"] == done.document["amounts"]["GOLD"] == "0"
    assert int(done.document["amounts"]["EQUITY"]) > 0


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("deposit", ("--amount", "EQUITY=1"), "would end above its target of 6000 bps"),
        ("withdraw", ("--amount", "BOND=1"), "would end below its target of 3000 bps"),
        ("deposit", ("--amount", "GOLD=-1"), "write SYMBOL=1.5; symbols: EQUITY, BOND, GOLD"),
        ("deposit", ("--amount", "SILVER=1"), "write SYMBOL=1.5"),
        ("deposit", ("1000",), "has no unit that is known here"),
        ("deposit", (), "Say how much"),
        ("deposit", ("1000 USD", "--amount", "GOLD=1"), "Say how much"),
        ("withdraw", ("999999999 USD",), "WithdrawalTooLarge"),
        ("deposit", ("1000 USD", "--tolerance", "1"), "--tolerance: '1' has no unit"),
    ],
)
def test_flow__when_it_cannot_be__then_said_before_anything_is_sent(
    whole: Whole, command: str, arguments: tuple[str, ...], said: str
) -> None:
    whole.world.move(110)
    height = whole.world.chain.head().number
    done = whole(command, *arguments, "--vault", whole.address, *OWNER, "--broadcast")
    assert done.code != 0
    assert said in done.said
    assert whole.world.chain.head().number == height


def test_flow__when_the_holder_lacks_it__then_what_is_missing(whole: Whole) -> None:
    poor = whole("deposit", "1000 USD", "--vault", whole.address, *STRANGER, "--json")
    assert poor.code == 65
    assert {mistake["where"] for mistake in poor.document["mistakes"]} <= {"EQUITY", "BOND", "GOLD"}
    none = whole("withdraw", "1000 USD", "--vault", whole.address, *STRANGER, "--json")
    assert [mistake["where"] for mistake in none.document["mistakes"]] == ["shares"]


def test_flow__when_the_mandate_has_no_spread__then_named(world: VaultWorld, here: Here) -> None:
    done = here("vault", "deposit", "1000 USD", "--vault", world.vault, *OWNER, "--json")
    assert (done.code, done.document["revert"]["name"]) == (76, "FlowsNotAllowed")


# ---- fees


def test_fees__after_some_time__then_shown_to_all_and_taken_by_anyone(whole: Whole) -> None:
    whole.later(10 * 24 * HOUR)
    shown = whole("fees", whole.address, "--json")
    assert shown.code == 0
    assert shown.document["transaction"] is None
    owed = int(shown.document["management_shares"])
    assert owed > 0
    taken = whole("fees", whole.address, *STRANGER, "--broadcast", "--json")
    assert taken.code == 0
    assert whole.read("balanceOf", "0x" + "00" * 19 + "aa") >= owed
    assert "owed for management" in whole("fees", whole.address).said


# ---- targets


def test_targets__by_the_strategist__then_glide_there(whole: Whole) -> None:
    assert whole("targets", "--vault", whole.address, "--json").document["targets"]["EQUITY"] == 6_000
    moved = ("targets", "EQUITY=62%", "BOND=29%", "GOLD=9%", "--vault", whole.address, "--over", "10 hours")
    would = whole(*moved, *STRATEGIST)
    assert would.code == 0
    assert "EQUITY: 60%, then 62% in 10 hours" in would.said
    assert "Dry run" in would.said
    assert whole(*moved, *STRATEGIST, "--broadcast").code == 0
    whole.later(5 * HOUR)
    halfway = whole("targets", "--vault", whole.address, "--json").document
    assert halfway["targets"]["EQUITY"] == pytest.approx(6_100, abs=1)
    assert len(halfway["path"]) == 2
    assert "EQUITY 62%" in whole("targets", "--vault", whole.address).said


@pytest.mark.parametrize(
    ("weights", "key", "code", "said"),
    [
        (("EQUITY=65%", "BOND=30%", "GOLD=5%"), STRATEGIST, 76, "TargetStepTooLarge"),
        (("EQUITY=62%", "BOND=29%", "GOLD=9%"), OWNER, 76, "Unauthorised"),
        (("EQUITY=62%", "BOND=29%"), STRATEGIST, 65, "sum to 91.00%, must be exactly 100%"),
        (("EQUTIY=62%",), STRATEGIST, 65, "write SYMBOL=60%; symbols: EQUITY, BOND, GOLD"),
        (("EQUITY=62",), STRATEGIST, 65, "has no unit that is known here"),
    ],
)
def test_targets__when_they_cannot_be__then_said(
    whole: Whole, weights: tuple[str, ...], key: tuple[str, str], code: int, said: str
) -> None:
    done = whole("targets", *weights, "--vault", whole.address, *key, "--broadcast")
    assert done.code == code
    assert said in done.said


# ---- what the owner changes


def test_set_mandate__when_it_only_tightens__then_at_once(whole: Whole) -> None:
    Path("tighter.toml").write_text(MANDATE.replace('loss = "0.25%"', 'loss = "0.2%"'))
    done = whole("set-mandate", "tighter.toml", whole.address, *OWNER, "--broadcast", "--json")
    assert (done.code, done.document["announced"]) == (0, False)
    assert "limits.max_loss: 0.25%, then 0.2%" in done.document["changes"]
    assert whole("pending", whole.address, "--json").document == []


def test_set_mandate__when_it_loosens__then_announced_waited_for_and_made_word_for_word(whole: Whole) -> None:
    Path("looser.toml").write_text(MANDATE.replace('band = "5%"', 'band = "6%"'))
    change = ("set-mandate", "looser.toml", whole.address, *OWNER)
    would = whole(*change)
    assert would.code == 0
    assert "It loosens something, so it would be announced, and waits." in would.said
    assert whole("pending", whole.address, "--json").document == []
    announced = whole(*change, "--broadcast", "--json")
    assert (announced.code, announced.document["announced"]) == (0, True)
    again = whole(*change, "--broadcast", "--json")
    assert (again.code, again.document["revert"]["name"]) == (76, "TimelockRunning")

    (waiting,) = whole("pending", whole.address, "--json").document
    assert waiting["state"] == "waiting"
    assert waiting["executable_at"] == announced.document["executable_at"]
    assert "trigger.band: 5%, then 6%" in waiting["changes"]
    assert "trigger.band: 5%, then 6%" in whole("pending", whole.address).said
    execute = ("execute", waiting["call_hash"][:10], whole.address, *OWNER, "--broadcast", "--json")
    early = whole(*execute)
    assert (early.code, early.document["revert"]["name"]) == (76, "TimelockRunning")

    whole.later(2 * HOUR)
    (ready,) = whole("pending", whole.address, "--json").document
    assert ready["state"] == "ready"
    assert whole(*execute).code == 0
    assert whole("pending", whole.address, "--json").document == []
    assert whole.read("mandate")[5][1] == 600


def test_set_mandate__with_another_asset__then_pairings_go_with_it(whole: Whole) -> None:
    more = '[[assets]]\ntoken = "DOLLAR"\nweight = "0%"\nheartbeat = "32 days"\ndeviation = "0.5%"\n'
    Path("more.toml").write_text(MANDATE + more + 'price_min = "0.5"\nprice_max = "2"\n')
    assert whole("set-mandate", "more.toml", whole.address, *OWNER, "--broadcast").code == 0
    whole.later(2 * HOUR)
    (waiting,) = whole("pending", whole.address, "--json").document
    assert "assets: 3 of them, then 4 of them" in waiting["changes"]
    assert whole("execute", waiting["call_hash"], whole.address, *OWNER, "--broadcast").code == 0
    assert len(whole.read("balances")) == 4


def test_pending__when_too_old__then_expired_and_refused_by_name(whole: Whole) -> None:
    give = ("set-role", "keeper", address(5), "--vault", whole.address, *OWNER, "--broadcast", "--json")
    assert whole(*give).document["announced"]
    whole.later(15 * 24 * HOUR)
    (old,) = whole("pending", whole.address, "--json").document
    assert old["state"] == "expired"
    late = whole("execute", old["call_hash"], whole.address, *OWNER, "--json")
    assert late.document["revert"]["name"] == "SubmissionExpired"


def test_revoke__by_the_guardian__then_gone(whole: Whole) -> None:
    give = ("set-role", "strategist", address(5), "--vault", whole.address, *OWNER, "--broadcast", "--json")
    call_hash = whole(*give).document["call_hash"]
    stranger = whole("revoke", call_hash, whole.address, *STRANGER, "--json")
    assert stranger.document["revert"]["name"] == "Unauthorised"
    revoked = whole("revoke", call_hash, whole.address, *GUARDIAN, "--broadcast", "--json")
    assert revoked.code == 0
    assert revoked.document["changes"] == [f"the strategist is {address(5)}"]
    assert whole("pending", whole.address, "--json").document == []
    gone = whole("execute", call_hash, whole.address, *OWNER)
    assert (gone.code, "0 announced calls begin with" in gone.said) == (65, True)


def test_set_role__when_taken_away__then_at_once(whole: Whole) -> None:
    vault = ("--vault", whole.address, *OWNER, "--broadcast", "--json")
    assert whole("set-role", "keeper", address(1), "--remove", *vault).document["announced"] is False
    assert whole.read("isKeeper", address(1)) is False
    assert whole("set-role", "strategist", *vault).document["changes"] == ["the strategist is nobody"]
    assert int(whole.read("strategist"), 16) == 0
    assert whole("set-role", "owner", address(5), *vault).code == 0
    assert whole.read("pendingOwner") == address(5)


@pytest.mark.parametrize("arguments", [("keeper",), ("janitor", "0x" + "11" * 20), ("guardian", "0x12")])
def test_set_role__when_it_cannot_be_read__then_64(whole: Whole, arguments: tuple[str, ...]) -> None:
    assert whole("set-role", *arguments, "--vault", whole.address, *OWNER).code == 64


def test_renounce__of_a_power__then_gone_for_good_and_pausing_only_after_the_timelock(whole: Whole) -> None:
    give_up = ("--broadcast", "--json")
    targets = whole("renounce", "targets", whole.address, *OWNER, *give_up)
    assert (targets.code, targets.document["announced"]) == (0, False)
    moved = whole("targets", "EQUITY=62%", "BOND=29%", "GOLD=9%", "--vault", whole.address, *STRATEGIST, "--json")
    assert moved.document["revert"] == {"name": "PowerRenounced", "arguments": {"power": "TARGETS"}}
    pausing = whole("renounce", "pause", whole.address, *OWNER, *give_up)
    assert pausing.document["announced"] is True
    assert whole("renounce", "everything", whole.address, *OWNER).code == 64


def test_declare__by_the_owner__then_the_files_hash_is_in_the_ledger(whole: Whole) -> None:
    rule = Path("lots.toml")
    rule.write_bytes(b'method = "fifo"\n')
    said = "0x" + keccak(rule.read_bytes()).hex()
    dry = whole("declare", "lots.toml", whole.address, *OWNER, "--json")
    assert (dry.code, dry.document["statement"], dry.document["transaction"]) == (0, said, None)
    assert dry.document["changes"] == [f"the owner declares {said}"]
    assert whole("declare", "lots.toml", whole.address, *OWNER, "--broadcast").code == 0
    assert whole("declare", said, whole.address, *OWNER, "--broadcast").code == 0
    chain = whole.world.chain
    entries = ledger.entries(chain, str(whole.read("ledger")), whole.address, 0, chain.head())
    declared = [decode_entry(entry) for entry in entries if entry.kind == Kind.DECLARED]
    assert declared == [Declared(keccak(rule.read_bytes()))] * 2


@pytest.mark.parametrize(
    ("statement", "account", "code"),
    [("missing.toml", OWNER, 65), ("0x12", OWNER, 65), ("0x" + "12" * 32, STRANGER, 76)],
)
def test_declare__when_there_is_no_such_file_or_by_a_stranger__then_refused(
    whole: Whole, statement: str, account: tuple[str, ...], code: int
) -> None:
    assert whole("declare", statement, whole.address, *account).code == code
