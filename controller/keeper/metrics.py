"""What Prometheus collects of one keeper. Names are ``evenkeel_*`` in base units; amounts of the chain's coin are
floats here and nowhere else, for pictures. docs/RUNBOOK.md and deployments/grafana/evenkeel.json use these names.
"""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from controller import __version__
from controller.chain.health import Health
from controller.errors import EvenkeelError
from controller.keeper.alerts import Alert, AlertKind, Condition, Phase
from controller.keeper.fleet import FleetTick, VaultTick
from controller.keeper.guards import COIN_DECIMALS, Guard, Hold
from controller.keeper.schedule import Schedule, silent_for
from controller.keeper.standing import Standing
from controller.model import BlockRef, NoTrade, Plan, Reason
from controller.tick import error_name

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""{s} bounds of the histogram of ticks."""
_DUE, _IDLE, _TROUBLE = "due", "idle", "trouble"


class Metrics:
    """One registry, filled by the keeper as it goes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_ticks()
        self._make_money()
        self._make_alerts()
        self._make_endpoints()
        Info("evenkeel_build", "Version of this keeper.", registry=self.registry).info({"version": __version__})

    def _make_ticks(self) -> None:
        registry = self.registry
        self._tick_seconds = Histogram(
            "evenkeel_tick_duration_seconds", "Time that a fleet tick took.", buckets=_SECONDS, registry=registry
        )
        self._skipped = Counter("evenkeel_ticks_skipped", "Ticks that came due during another.", registry=registry)
        self._last_tick = Gauge(
            "evenkeel_last_tick_timestamp_seconds", "Chain time of the last tick.", registry=registry
        )
        self._head = Gauge("evenkeel_head_block", "Number of the newest block.", registry=registry)
        self._silence = Gauge("evenkeel_chain_silence_seconds", "Time without a new block.", registry=registry)
        self._skew = Gauge(
            "evenkeel_clock_skew_seconds", "This machine's clock less the newest block's time.", registry=registry
        )
        self._vaults = Gauge("evenkeel_vaults", "Vaults by their last answer.", ["state"], registry=registry)
        self._decisions = Counter("evenkeel_decisions", "Answers of ticks by kind.", ["answer"], registry=registry)
        self._errors = Counter("evenkeel_errors", "Errors of ticks by name.", ["error"], registry=registry)
        self._oldest_feed = Gauge(
            "evenkeel_oldest_feed_ratio", "Age of the oldest price in parts of its heartbeat.", registry=registry
        )

    def _make_money(self) -> None:
        registry = self.registry
        self._holds = Counter("evenkeel_holds", "Plans that a guard held back.", ["guard"], registry=registry)
        self._outcomes = Counter("evenkeel_outcomes", "Ends of flights by fate.", ["fate"], registry=registry)
        self._room = Gauge("evenkeel_spend_room_ether", "Left of the daily budget now.", registry=registry)
        self._flights = Gauge("evenkeel_flights", "Plans that are signed and not final.", registry=registry)
        self._balance = Gauge(
            "evenkeel_account_balance_ether", "What an account holds for gas.", ["account"], registry=registry
        )
        self._paused = Gauge("evenkeel_paused", "1 while paused by its operator.", registry=registry)
        self._vault_breakers = Gauge("evenkeel_vault_breakers_open", "Open breakers of vaults.", registry=registry)
        self._fleet_breaker = Gauge("evenkeel_fleet_breaker_open", "1 while it is open.", registry=registry)
        for guard in Guard:
            self._holds.labels(guard.value)

    def _make_alerts(self) -> None:
        registry = self.registry
        self._active = Gauge("evenkeel_alerts_active", "Conditions that hold now.", ["kind"], registry=registry)
        self._alerts = Counter("evenkeel_alerts", "Alerts by kind.", ["kind"], registry=registry)
        self._undelivered = Counter("evenkeel_alerts_undelivered", "Alerts that reached nobody.", registry=registry)
        for kind in AlertKind:
            self._active.labels(kind.value)

    def _make_endpoints(self) -> None:
        registry, named = self.registry, ["number", "endpoint"]
        self._usable = Gauge("evenkeel_endpoint_usable", "1 while it may be asked.", named, registry=registry)
        self._lag = Gauge("evenkeel_endpoint_lag_blocks", "Blocks behind the best endpoint.", named, registry=registry)
        self._error_ratio = Gauge(
            "evenkeel_endpoint_error_ratio", "Part of its recent requests that failed.", named, registry=registry
        )
        self._latency = Gauge(
            "evenkeel_endpoint_latency_seconds", "Time that an answer takes.", named, registry=registry
        )
        self._requests = Counter("evenkeel_requests", "Round trips to all endpoints.", registry=registry)
        self._leads = Gauge("evenkeel_leading", "1 while this keeper leads.", registry=registry)
        self._epoch = Gauge("evenkeel_lease_epoch", "Number of this keeper's turn; 0 without one.", registry=registry)

    # ---- filling

    def looked(self, schedule: Schedule, block: BlockRef, now: float, wall: float) -> None:
        """After a look at the chain; `now` {s} on the schedule's clock, `wall` {s} since 1970 on this machine's."""
        self._head.set(block.number)
        self._silence.set(silent_for(schedule, now))
        self._skew.set(wall - block.timestamp)

    def ticked(self, tick: FleetTick, seconds: float, skipped: int) -> None:
        """After a tick that took `seconds` {s}; `skipped` since the one before."""
        self._tick_seconds.observe(seconds)
        self._skipped.inc(skipped)
        self._last_tick.set(tick.block.timestamp)
        states = Count(_state(each) for each in tick.vaults)
        for state in (_DUE, _IDLE, _TROUBLE):
            self._vaults.labels(state).set(states[state])
        for answer, count in Count(_answer(each) for each in tick.vaults).items():
            self._decisions.labels(answer).inc(count)
        for error, count in Count(
            error_name(each.answer) for each in tick.vaults if isinstance(each.answer, EvenkeelError)
        ).items():
            self._errors.labels(error).inc(count)
        self._oldest_feed.set(max((_oldest(each, tick.block) for each in tick.vaults), default=0.0))

    def asked(self, health: Sequence[Health], requests: int) -> None:
        """After a pass: how the endpoints are, and the round trips since the pass before."""
        self._requests.inc(requests)
        for number, each in enumerate(health, start=1):
            names = str(number), each.shown
            self._usable.labels(*names).set(each.usable)
            self._lag.labels(*names).set(each.lag)
            self._error_ratio.labels(*names).set(each.error_rate)
            self._latency.labels(*names).set(each.latency)

    def leads(self, turn: int | None) -> None:
        """Under which epoch this keeper leads; None while it does not."""
        self._leads.set(turn is not None)
        self._epoch.set(turn or 0)

    def held(self, hold: Hold) -> None:
        self._holds.labels(hold.guard.value).inc()

    def ended(self, fate: str) -> None:
        self._outcomes.labels(fate).inc()

    def stands(self, standing: Standing, now: int) -> None:
        """Where the keeper stands at chain time `now` {s}."""
        self._paused.set(bool(standing.paused))
        self._vault_breakers.set(len(standing.open))
        self._fleet_breaker.set(standing.fleet_open)
        self._flights.set(len(standing.spending.reserved))
        if standing.spending.budget is not None:
            self._room.set(_ether(standing.spending.room(now)))

    def holds_balance(self, account: str, balance: int) -> None:
        """{wei}"""
        self._balance.labels(account).set(_ether(balance))

    def told(self, alerts: Iterable[Alert], holding: Iterable[Condition]) -> None:
        """After a tick: what was said, and all conditions that hold."""
        for alert in alerts:
            if alert.phase is not Phase.OVER:
                self._alerts.labels(alert.condition.kind.value).inc()
        counts = Count(condition.kind for condition in set(holding))
        for kind in AlertKind:
            self._active.labels(kind.value).set(counts[kind])

    def undelivered(self) -> None:
        self._undelivered.inc()


def _ether(amount: int) -> float:
    """{coin} of {wei}"""
    return float(amount / 10**COIN_DECIMALS)


def _state(tick: VaultTick) -> str:
    if isinstance(tick.answer, EvenkeelError) or _is_priceless(tick):
        return _TROUBLE
    return _DUE if isinstance(tick.answer, Plan) or (tick.snapshot and tick.snapshot.due.due) else _IDLE


def _is_priceless(tick: VaultTick) -> bool:
    return isinstance(tick.answer, NoTrade) and tick.answer.reason is Reason.PRICE_UNUSABLE


def _answer(tick: VaultTick) -> str:
    if isinstance(tick.answer, EvenkeelError):
        return "error"
    return "plan" if isinstance(tick.answer, Plan) else tick.answer.reason.name.lower()


def _oldest(tick: VaultTick, block: BlockRef) -> float:
    if tick.snapshot is None:
        return 0.0
    pairs = zip(tick.snapshot.prices, tick.snapshot.mandate.assets, strict=True)
    return max((block.timestamp - price.updated_at) / asset.feed.heartbeat for price, asset in pairs)
