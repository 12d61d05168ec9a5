"""Several endpoints of one chain as one source: the healthy ones answer, and before money moves they have to agree.

READS go to the best endpoint, and to the next one when it gives no answer. Everything of a tick is pinned to one block
by its hash, so that another endpoint answers the same or fails by name.

HEADS tell which endpoints are stale: too far behind the best head, or too old by the machine's clock.

WRITES go to every endpoint, or to the private one alone: what was meant to stay private never falls back to the others.

KNOWN LIMITS. The best head is believed until endpoints have to agree: one that invents blocks makes the others look
stale, which stops trading and moves no money.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from controller.chain import agreement, wire
from controller.chain.health import MANNERS, REAL_TIME, Endpoint, Health, Manners, Timing
from controller.chain.transport import Call, NoAnswerError, RpcError, Transport, shown
from controller.chain.wire import Json
from controller.errors import NodeError, RequestBudgetError, RevertError, StaleHeadError, UsageError, WrongChainError
from controller.model import BlockRef

SEND: Final = "eth_sendRawTransaction"
_HEAD: Final = ("eth_getBlockByNumber", "latest")

T = TypeVar("T")
Ask = Callable[[Transport], T]


class Endpoints:
    """Behind the interface of `Transport`.

    Parameters
    ----------
    urls : in order of preference.
    chain_id : an endpoint that serves another chain is never used; None takes what the first one serves.
    private : where transactions go instead of to all.
    quorum : how many endpoints must agree inside of `agreeing`.
    timeout : {s} for one request.

    Raises
    ------
    UsageError
        When there are fewer endpoints than must agree.
    """

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int | None = None,
        *,
        private: str | None = None,
        quorum: int = 1,
        timeout: float = 30.0,
        manners: Manners = MANNERS,
        timing: Timing = REAL_TIME,
    ) -> None:
        if not 1 <= quorum <= len(set(urls)):
            raise UsageError(
                f"{quorum} endpoints cannot agree where {len(set(urls))} are configured.",
                "Add urls to the network, or lower its quorum.",
            )
        self._all = [Endpoint(Transport(url, timeout), manners, timing) for url in urls]
        self._private = Endpoint(Transport(private, timeout), manners, timing) if private else None
        self._chain_id = chain_id
        self._quorum = quorum
        self._manners = manners
        self._timing = timing
        self._probed = timing.clock() - manners.probe
        self._left: int | None = None
        self._lock = threading.Lock()
        self._here = threading.local()
        self.requests = 0  # round trips so far, a batch counted once
        self.shown = ", ".join(shown(url) for url in urls)

    def __repr__(self) -> str:
        return f"Endpoints({self.shown})"

    # ---- as a source

    @property
    def serving(self) -> str:
        return self._serving.shown

    @property
    def _serving(self) -> Endpoint:
        found: Endpoint = getattr(self._here, "serving", self._all[0])
        return found

    def distrust(self) -> bool:
        """Leaves the endpoint that answered last alone for a while; False when no other one is usable."""
        self._serving.failed("it left out logs")
        return any(endpoint.pause == 0.0 for endpoint in self._all)

    def request(self, method: str, parameters: Sequence[Any]) -> Json:
        """One call, see `Transport.request`; `StaleHeadError` when no endpoint has a head that is fresh."""
        if method == SEND:
            return self._send(parameters)
        if (method, *parameters[:1]) == _HEAD:
            return self._newest(parameters)
        return self._read([(method, parameters)], lambda transport: [transport.request(method, parameters)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Json]:
        """Several calls in one round trip to one endpoint."""
        return self._read(calls, lambda transport: transport.batch(calls))

    # ---- for the keeper

    @property
    def quorum(self) -> int:
        """How many endpoints must agree inside of `agreeing`."""
        return self._quorum

    @property
    def health(self) -> tuple[Health, ...]:
        """In the order of the configuration."""
        best = self._best()
        return tuple(endpoint.health(best) for endpoint in self._all)

    def probe(self) -> tuple[Health, ...]:
        """Asks every endpoint for its chain and its head, except those that are left alone."""
        self._probed = self._timing.clock()
        for endpoint in self._all:
            if endpoint.pause == 0.0:
                try:
                    self._ask(endpoint, lambda transport: transport.request(_HEAD[0], [_HEAD[1], False]), head=True)
                except RequestBudgetError:
                    raise
                except NodeError:
                    continue  # it stands in its health
        return self.health

    @contextmanager
    def budget(self, requests: int) -> Iterator[None]:
        """At most so many round trips inside, of all threads together; then `RequestBudgetError`."""
        with self._lock:
            outer, self._left = self._left, requests
        try:
            yield
        finally:
            with self._lock:
                self._left = outer

    @contextmanager
    def agreeing(self, block: BlockRef) -> Iterator[None]:
        """Every read of state inside is asked of `quorum` endpoints, on this thread.

        Raises
        ------
        DisagreeingNodesError
            When two answer differently, the hash of `block` first of all.
        NodeError
            When fewer than `quorum` give an answer.
        """
        outer = getattr(self._here, "agreeing", False)
        self._here.agreeing = self._quorum > 1
        try:
            agreement.require_hash(block, self.request("eth_getBlockByNumber", [hex(block.number), False]))
            yield
        finally:
            self._here.agreeing = outer

    # ---- reads

    def _read(self, calls: Sequence[Call], ask: Ask[list[Json]]) -> list[Json]:
        if getattr(self._here, "agreeing", False) and agreement.comparable(calls):
            return self._agreed(calls, ask)
        return self._first(self._all, lambda endpoint: self._ask(endpoint, ask))

    def _newest(self, parameters: Sequence[Any]) -> Json:
        if len(self._all) > 1 and self._timing.clock() - self._probed >= self._manners.probe:
            self.probe()
        return self._first(
            self._all,
            lambda endpoint: self._ask(endpoint, lambda transport: transport.request(_HEAD[0], parameters), head=True),
        )

    def _first(self, endpoints: Sequence[Endpoint], ask: Callable[[Endpoint], T]) -> T:
        """The first answer of the best endpoints, `tries` at most."""
        found: NodeError | None = None
        asked: list[Endpoint] = []
        patience = self._manners.patience
        for _ in range(self._manners.tries):
            usable = [endpoint for endpoint in endpoints if endpoint not in asked and endpoint.pause <= patience]
            if not usable:
                break
            chosen = min(usable, key=lambda endpoint: (endpoint.pause, *endpoint.rank))
            patience -= chosen.pause
            if chosen.pause:
                self._timing.sleep(chosen.pause)
            try:
                return ask(chosen)
            except NodeError as error:
                if not _elsewhere(error):
                    raise
                found = found or error
                if not chosen.pause:
                    asked.append(chosen)  # it has answered, and will not answer otherwise
        raise found or self._none(endpoints)

    def _agreed(self, calls: Sequence[Call], ask: Ask[list[Json]]) -> list[Json]:
        answers: list[tuple[str, list[Json] | RevertError]] = []
        found: NodeError | None = None
        for endpoint in sorted(self._all, key=lambda endpoint: endpoint.rank):
            if endpoint.pause or len(answers) == self._quorum:
                continue
            try:
                answers.append((endpoint.shown, self._ask(endpoint, ask)))
            except RevertError as error:
                answers.append((endpoint.shown, error))
            except NodeError as error:
                if not _elsewhere(error):
                    raise
                found = error
        if len(answers) < self._quorum:
            raise found or self._none(self._all)
        agreement.require(calls, answers)
        answer = answers[0][1]
        if isinstance(answer, RevertError):
            raise answer
        return answer

    # ---- writes

    def _send(self, parameters: Sequence[Any]) -> Json:
        def ask(endpoint: Endpoint) -> Json:
            return self._ask(endpoint, lambda transport: transport.request(SEND, parameters))

        if self._private is not None:
            return self._first([self._private], ask)
        answers: list[Json] = []
        refusals: list[NodeError] = []
        for endpoint in sorted(self._all, key=lambda endpoint: endpoint.rank):
            if endpoint.pause == 0.0:
                try:
                    answers.append(ask(endpoint))
                except RequestBudgetError:
                    raise
                except NodeError as error:
                    refusals.append(error)
        if answers:
            return answers[0]
        unclear = [error for error in refusals if not isinstance(error, RpcError)]
        if refusals:
            # one that gave no answer may have the bytes, whatever another one says of them
            raise (unclear or refusals)[0]
        return self._first(self._all, ask)

    # ---- one endpoint

    def _ask(self, endpoint: Endpoint, ask: Ask[T], *, head: bool = False) -> T:
        if not endpoint.admitted:
            self._admit(endpoint)
        answer = self._timed(endpoint, ask)
        if head:
            endpoint.show(wire.block_ref(answer), self._best())
        self._here.serving = endpoint
        return answer

    def _timed(self, endpoint: Endpoint, ask: Ask[T]) -> T:
        self._spend()
        begun = self._timing.clock()
        try:
            answer = ask(endpoint.transport)
        except NoAnswerError as error:
            endpoint.failed(error.message, error.retry_after)
            raise
        except RpcError as error:
            if error.throttled:
                endpoint.failed(error.message)
            raise
        endpoint.succeeded(self._timing.clock() - begun)
        return answer

    def _admit(self, endpoint: Endpoint) -> None:
        served = wire.quantity(self._timed(endpoint, lambda transport: transport.request("eth_chainId", [])))
        if self._chain_id is None:
            self._chain_id = served
        if served != self._chain_id:
            endpoint.refused = WrongChainError(
                f"The node at {endpoint.shown} serves chain {served}, not {self._chain_id}.",
                "It is not used: correct the urls of the network.",
            )
            raise endpoint.refused
        endpoint.admitted = True

    def _best(self) -> int:
        """Number of the newest block that a usable endpoint has shown."""
        return max((endpoint.head.number for endpoint in self._all if endpoint.head and not endpoint.pause), default=0)

    def _spend(self) -> None:
        with self._lock:
            if self._left == 0:
                raise RequestBudgetError(
                    "As many requests as one tick may make have been made.",
                    "It goes on at the next block; raise the budget if this repeats.",
                )
            if self._left is not None:
                self._left -= 1
            self.requests += 1

    def _none(self, endpoints: Sequence[Endpoint]) -> NodeError:
        refused = [endpoint.refused for endpoint in endpoints if endpoint.refused]
        if len(refused) == len(endpoints):
            return refused[0]
        said = "; ".join(f"{endpoint.shown}: {endpoint.trouble or 'not asked'}" for endpoint in endpoints)
        return NodeError(f"No endpoint can be asked now ({said}).", "Wait a moment, or add endpoints to the network.")


def _elsewhere(error: NodeError) -> bool:
    """Whether another endpoint may do better."""
    if isinstance(error, RpcError):
        return error.throttled or error.lacking
    return isinstance(error, NoAnswerError | StaleHeadError | WrongChainError)
