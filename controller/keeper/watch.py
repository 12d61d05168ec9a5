"""Whoever watches a keeper: its log, its metrics, its alerts, its heart. What happens is said once, here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from controller.chain.health import Health
from controller.errors import EvenkeelError, NodeError
from controller.execution.flight import Flight, Verdict
from controller.keeper import conditions
from controller.keeper.alerts import Alert, Condition, Told, tell
from controller.keeper.fleet import FleetTick
from controller.keeper.guards import Hold
from controller.keeper.health import Heart
from controller.keeper.logs import Event, Log
from controller.keeper.metrics import Metrics
from controller.keeper.schedule import Schedule
from controller.keeper.standing import Standing
from controller.model import BlockRef, NoTrade, Outcome
from controller.tick import error_name


@dataclass
class Watch:
    """Told of everything by the loop; tells operators what they need to know."""

    log: Log
    metrics: Metrics
    heart: Heart
    send: Callable[[Alert], None]
    repeat: float  # {s} after which a condition that lasts is told of again
    _told: Told = field(default_factory=Told)
    _of_tick: list[Condition] = field(default_factory=list)  # hold until the next tick says otherwise
    _of_pass: list[Condition] = field(default_factory=list)  # hold as long as each pass says so
    _unreachable: bool = False  # in the pass before

    # ---- in a pass

    def noted(self, condition: Condition | None) -> None:
        """Something that holds in this pass."""
        if condition is not None:
            self._of_pass.append(condition)

    def failed(self, error: EvenkeelError, subject: str = "") -> None:
        """An error that ended a pass, or a part of it."""
        self.noted(conditions.of_error(error, subject))
        self.log.warning(Event.TROUBLE, error=error_name(error), detail=str(error), subject=subject)

    def unreachable(self, error: NodeError | None) -> None:
        """Why the chain cannot be looked at in this pass; a line when it begins, however often it is looked at."""
        if error is not None:
            self.noted(conditions.of_error(error))
            if not self._unreachable:
                self.log.warning(Event.TROUBLE, error=error_name(error), detail=str(error), subject="")
        self._unreachable = error is not None

    def signed(self, flight: Flight) -> None:
        attempt = flight.attempts[-1]
        self.log.info(
            Event.INTENT,
            vault=flight.vault,
            account=flight.sender,
            intent=flight.intent,
            transaction=attempt.hash,
            max_fee=attempt.max_fee,
            cancels=attempt.cancels,
        )

    def ended(self, flight: Flight, verdict: Verdict) -> None:
        self.metrics.ended(verdict.fate.name)
        self.noted(conditions.of_fate(verdict.fate.name, flight.vault, verdict.reason))
        self.log.info(
            Event.OUTCOME,
            vault=flight.vault,
            intent=flight.intent,
            fate=verdict.fate.name,
            reason=verdict.reason,
            gas=verdict.paid.gas_used if verdict.paid else None,
            gas_price=verdict.paid.gas_price if verdict.paid else None,
            **({} if verdict.outcome is None else _done(verdict.outcome)),
        )

    # ---- in a tick

    def ticked(self, tick: FleetTick, seconds: float, skipped: int) -> None:
        """A tick that took `seconds` {s}; `skipped` before it because an earlier one took so long."""
        self._of_tick.clear()
        self.metrics.ticked(tick, seconds, skipped)
        self.log.info(
            Event.TICK,
            block=tick.block.number,
            vaults=len(tick.vaults),
            listed=[
                {
                    "vault": each.vault,
                    "reason": each.reason.value if each.reason else "",
                    "detail": each.detail,
                    "error": each.error,
                }
                for each in tick.record.listed
            ],
            milliseconds=round(seconds * 1_000),
        )
        if skipped:
            self.noted(conditions.of_skipped(skipped))
            self.log.warning(Event.SKIPPED, ticks=skipped)
        for each in tick.vaults:
            if isinstance(each.answer, EvenkeelError):
                self._lasting(conditions.of_error(each.answer, each.vault))
            elif each.snapshot is not None:
                self._of_tick += conditions.of_feeds(each.snapshot, tick.block.timestamp)
                if isinstance(each.answer, NoTrade):
                    self._of_tick += conditions.of_idle(each.snapshot)

    def held(self, vault: str, account: str, hold: Hold) -> None:
        """A plan that a guard held back; the account is that of `Guard.LOW_BALANCE`."""
        self.metrics.held(hold)
        self._lasting(conditions.of_hold(hold, conditions.subject_of(hold, vault, account)))
        self.log.info(Event.HELD, vault=vault, guard=hold.guard.value, why=hold.why, until=hold.until)

    def refused(self, vault: str, error: EvenkeelError) -> None:
        """A plan that could not be sent."""
        self._lasting(conditions.of_error(error, vault))
        self.log.warning(Event.TROUBLE, error=error_name(error), detail=str(error), subject=vault)

    def unserved(self, vault: str) -> None:
        self._lasting(conditions.of_unserved(vault))

    def balance(self, account: str, held: int, condition: Condition | None) -> None:
        """{wei} that an account holds, and what follows from it."""
        self.metrics.holds_balance(account, held)
        if condition is not None:
            self._lasting(condition)

    def _lasting(self, condition: Condition) -> None:
        self._of_tick.append(condition)

    # ---- around a pass

    def asked(self, health: Sequence[Health], requests: int) -> None:
        """How the endpoints are, and the round trips to them since the pass before."""
        self.metrics.asked(health, requests)
        for condition in conditions.of_endpoints(health):
            self.noted(condition)

    def looked(self, schedule: Schedule, block: BlockRef, now: float, wall: float) -> None:
        self.metrics.looked(schedule, block, now, wall)

    def passed(self, standing: Standing, chain_time: int, now: float) -> Sequence[Alert]:
        """The end of a pass: alerts go out, and the heart beats."""
        holding = [*self._of_tick, *self._of_pass]
        self._of_pass.clear()
        self._told, alerts = tell(self._told, now, holding, self.repeat)
        self._say(alerts)
        self.metrics.stands(standing, chain_time)
        self.metrics.told(alerts, holding)
        self.heart.beat()
        return alerts

    def _say(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            self.log.warning(
                Event.ALERT,
                kind=alert.condition.kind.value,
                phase=alert.phase.value,
                subject=alert.condition.subject,
                what=alert.condition.what,
            )
            self.send(alert)


def _done(outcome: Outcome) -> dict[str, object]:
    """What an executed plan has changed: drifts are D18{1}, values D36{quote}."""
    done = outcome.rebalance
    return {
        "transaction": outcome.transaction,
        "block": outcome.block.number,
        "drift_before": done.drift_before,
        "drift_after": done.drift_after,
        "value_before": done.value_before,
        "value_after": done.value_after,
    }
