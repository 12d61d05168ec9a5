"""The keeper file: TOML for an operator, read into what the keeper works with, every mistake reported at once.

No secret stands in it. Keys and passphrases come from files, credentials of systemd, or the environment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from controller.config import strategy_file
from controller.config.keeper_tables import (
    EXAMPLES,
    TABLES,
    AccountTable,
    AlertsTable,
    FileTable,
    GuardsTable,
    JournalTable,
)
from controller.config.networks import Network, load_network
from controller.config.strategy_file import StrategyFile
from controller.errors import ConfigurationError, EvenkeelError, InputError, Mistake
from controller.execution.keys import Secret
from controller.keeper.alerts import HOUR, Severity
from controller.keeper.guards import Costs
from controller.keeper.schedule import Pace, Schedule
from controller.keeper.standing import Trips

ALERT_URLS_VARIABLE: Final = "EVENKEEL_ALERT_URLS"
CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what LoadCredential names."""
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where an account's key is; exactly one of the first four is given."""

    name: str  # in the file
    keystore: Path | None
    key_variable: str | None  # of the environment
    signer_url: Secret | None  # of an external signer
    dev_account: int | None
    passphrase_file: Path | None  # of the keystore
    address: str | None  # that the key must have; None takes what it has
    vaults: frozenset[str] | None  # that it sends for; None: every vault


@dataclass(frozen=True, slots=True)
class CoinFeed:
    """A feed of the price of the chain's coin."""

    address: str
    decimals: int
    heartbeat: int  # {s}


@dataclass(frozen=True, slots=True)
class KeeperFile:
    """What an operator wants."""

    network: Network
    vaults: tuple[str, ...] | None  # None: every vault of the deployment
    schedule: Schedule
    silence: float  # {s} without a new block after which somebody is told
    skew: float  # {s} that a block may be ahead of this machine's clock
    kill_file: Path | None
    requests: int  # round trips to the endpoints that a tick may make
    costs: Costs
    trips: Trips
    daily_spend: int | None  # {wei} in any day; None: unlimited
    wrapped_coin: str | None  # symbol of a token
    coin_feed: CoinFeed | None
    accounts: tuple[KeyPlace, ...]
    alert_urls: tuple[Secret, ...]
    least: Severity
    repeat: float  # {s}
    port: int | None  # of metrics and health; None: neither is served
    heartbeat_file: Path | None
    patience: float  # {s} without a pass of the loop after which the keeper counts as dead
    journal: Secret | None  # URL of a database; None: the chain's own file
    lease: float  # {s} after which a standby takes over from a leader that is silent
    strategy: StrategyFile | None = None  # that plans are held against; None: what is due is traded
    gas: tuple[int, int] = (0, 0)  # {gas} of a plan with one trade, and of each further trade


def load(path: Path, environment: Mapping[str, str], networks: Path | None = None) -> KeeperFile:
    """Reads the keeper file at `path`.

    Raises
    ------
    ConfigurationError
        With every mistake of the file, of the network that it names, and of the files that it refers to.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    return parse(source, environment, networks)


def parse(source: bytes, environment: Mapping[str, str], networks: Path | None = None) -> KeeperFile:
    """Reads a keeper file; `networks` is a file with networks of one's own. Raises as `load`."""
    document = _read(source)
    mistakes: list[Mistake] = []
    file: FileTable | None = None
    try:
        file = FileTable.model_validate(document)
    except ValidationError as error:
        mistakes += [_mistake(item) for item in error.errors(include_url=False)]
    network = _network(document, environment, networks, mistakes)
    mistakes += _missing(document, environment)
    strategy = _strategy(document, mistakes)
    if file is None or network is None or mistakes:
        raise ConfigurationError("The keeper file has mistakes.", "Correct them and start again.", tuple(mistakes))
    return replace(_keeper(file, network, environment), strategy=strategy)


def usual(network: Network, environment: Mapping[str, str]) -> KeeperFile:
    """What holds where a keeper file says nothing but its network."""
    return _keeper(FileTable.model_validate({"keeper": {"network": network.name}}), network, environment)


def _read(source: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(source.decode(), parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        mistake = Mistake("file", str(error))
        raise ConfigurationError("The keeper file is no TOML text.", "Correct what is named.", (mistake,)) from None


# ---- what a file means


def _keeper(file: FileTable, network: Network, environment: Mapping[str, str]) -> KeeperFile:
    keeper, guards, metrics = file.keeper, file.guards, file.metrics
    interval = float(keeper.interval_seconds)
    return KeeperFile(
        network=network,
        vaults=None if keeper.vaults is None else tuple(keeper.vaults),
        schedule=Schedule(Pace(keeper.schedule), interval),
        silence=float(keeper.silence_seconds),
        skew=float(keeper.skew_seconds),
        kill_file=keeper.kill_file,
        requests=keeper.requests_per_tick,
        costs=Costs(guards.gas_ceiling_gwei, guards.max_gas_cost_bps, guards.low_balance_rebalances),
        trips=Trips(guards.vault_failures, guards.fleet_failures),
        daily_spend=guards.daily_spend_eth,
        wrapped_coin=guards.wrapped_coin,
        coin_feed=_coin_feed(guards),
        accounts=tuple(_account(name, account, environment) for name, account in file.accounts.items()),
        alert_urls=_alert_urls(file.alerts, environment),
        least=Severity[file.alerts.least.upper()],
        repeat=float(file.alerts.repeat_hours) * HOUR,
        port=metrics.port,
        heartbeat_file=metrics.heartbeat_file,
        patience=interval * metrics.patience_intervals,
        journal=_journal(file.journal, environment),
        lease=float(file.journal.lease_seconds),
        gas=(file.strategy.gas_of_plan, file.strategy.gas_of_trade) if file.strategy else (0, 0),
    )


def _coin_feed(guards: GuardsTable) -> CoinFeed | None:
    feed = guards.coin_feed
    return None if feed is None else CoinFeed(feed.address, feed.decimals, int(feed.heartbeat_seconds))


def _account(name: str, table: AccountTable, environment: Mapping[str, str]) -> KeyPlace:
    variable = table.signer_url_variable
    return KeyPlace(
        name=name,
        keystore=table.keystore,
        key_variable=table.key_variable,
        signer_url=None if variable is None else Secret(environment[variable]),
        dev_account=table.dev_account,
        passphrase_file=_place(table.passphrase_file, table.passphrase_credential, environment),
        address=table.address,
        vaults=None if table.vaults is None else frozenset(table.vaults),
    )


def _alert_urls(table: AlertsTable, environment: Mapping[str, str]) -> tuple[Secret, ...]:
    """One address in each line."""
    path = _place(table.urls_file, table.urls_credential, environment)
    text = environment.get(ALERT_URLS_VARIABLE, "") if path is None else path.read_text()
    return tuple(Secret(line.strip()) for line in text.splitlines() if line.strip())


def _journal(table: JournalTable, environment: Mapping[str, str]) -> Secret | None:
    if table.url_variable is not None:
        return Secret(environment[table.url_variable])
    return None if table.path is None else Secret(f"sqlite:///{table.path.absolute()}")


def _place(file: Path | None, credential: str | None, environment: Mapping[str, str]) -> Path | None:
    """A file that is named, or systemd's copy of a credential."""
    return Path(environment[CREDENTIALS_VARIABLE]) / credential if credential is not None else file


# ---- what is wrong with it


def _network(
    document: Mapping[str, Any], environment: Mapping[str, str], networks: Path | None, mistakes: list[Mistake]
) -> Network | None:
    name = _table(document, "keeper").get("network")
    if not isinstance(name, str):
        return None
    try:
        return load_network(name, environment, networks)
    except InputError as error:
        mistakes += error.mistakes or (Mistake("keeper.network", str(error)),)
    except EvenkeelError as error:
        mistakes.append(Mistake("keeper.network", str(error)))
    return None


def _strategy(document: Mapping[str, Any], mistakes: list[Mistake]) -> StrategyFile | None:
    """The strategy file that the file refers to."""
    path = _table(document, "strategy").get("file")
    try:
        return strategy_file.load(Path(path)) if isinstance(path, str) and path else None
    except InputError as error:
        mistakes += error.mistakes or (Mistake("strategy.file", str(error)),)
        return None


def _missing(document: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[Mistake]:
    """Files and variables that the file refers to and that are not there."""
    for name, account in _table(document, "accounts").items():
        if isinstance(account, dict):
            yield from _absent(f"accounts.{name}", account, environment, ("keystore", "passphrase_file"))
    yield from _absent("alerts", _table(document, "alerts"), environment, ("urls_file",))
    yield from _absent("journal", _table(document, "journal"), environment, ())


def _absent(
    where: str, table: Mapping[str, Any], environment: Mapping[str, str], files: Sequence[str]
) -> Iterator[Mistake]:
    for key, value in table.items():
        if not isinstance(value, str):
            continue
        if key in files and not Path(value).is_file():
            yield Mistake(f"{where}.{key}", f"there is no file {value}")
        elif key.endswith("_variable") and not _VARIABLE.fullmatch(value):
            # not repeated: it may be the secret itself
            yield Mistake(f"{where}.{key}", "must be the name of a variable, in capitals")
        elif key.endswith("_variable") and not environment.get(value):
            yield Mistake(f"{where}.{key}", f"the variable {value} is not set")
        elif key.endswith("_credential") and CREDENTIALS_VARIABLE not in environment:
            yield Mistake(f"{where}.{key}", "is for a keeper that systemd starts, with LoadCredential in its unit")
        elif key.endswith("_credential") and not (Path(environment[CREDENTIALS_VARIABLE]) / value).is_file():
            yield Mistake(f"{where}.{key}", f"systemd gives no credential {value}: name it with LoadCredential")


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name, {})
    return found if isinstance(found, dict) else {}


_WANTED: Final = {
    "string_type": "text in quotes",
    "list_type": '"all" or a list of addresses',
    "model_type": "a table",
    "dict_type": "a table",
    "too_short": "a list with something in it",
}


def _mistake(item: ErrorDetails) -> Mistake:
    location, kind = item["loc"], item["type"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    key = str(location[-1])
    if kind == "missing":
        example = f", for example {key} = {EXAMPLES[key]}" if EXAMPLES.get(key) else f"; write [{key}]"
        return Mistake(where, f"is missing{example}")
    if kind == "extra_forbidden":
        return Mistake(where, f"is no key of a keeper file{_suggestion(key, location)}")
    if kind == "value_error":
        return Mistake(where, str(item["ctx"]["error"]))
    if kind == "literal_error":
        return Mistake(where, f"is {item['input']!r}, must be {item['ctx']['expected']}")
    return Mistake(where, f"must be {_WANTED.get(kind, item['msg'])}")


def _suggestion(key: str, location: Sequence[int | str]) -> str:
    inside = [part for part in location[:-1] if part in TABLES]
    table = TABLES[str(inside[-1])] if inside else FileTable
    near = get_close_matches(key, table.model_fields, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    home = [name for name, other in TABLES.items() if key in other.model_fields]
    return f" here; it belongs under [{home[0]}]" if home else f"; known here are {', '.join(table.model_fields)}"
