"""A JSON-RPC proxy in front of a real node that lies, stalls, loses and refuses as it is told.

A *fault* is a function of a call and of what passes it on; the functions below make the usual ones. `inject` puts a
fault in force for some methods (for all of them when none is named), for a number of times or until it is cleared.
Later ones lie outside of earlier ones. Everything that was asked and answered is kept for assertions::

    with start_node("anvil") as node, fault_proxy(node.url) as proxy:
        chain = Chain(proxy.url, node.chain_id)

        proxy.inject(status(429, retry_after=1), times=2)              # the next two requests, whatever they ask
        slow = proxy.inject(delayed(0.5), "eth_call", skip=1)          # from the second eth_call on, until cleared
        slow.clear()
        proxy.inject(altered(lambda balance: hex(int(balance, 16) + 1)), "eth_getBalance")
        proxy.inject(hidden(), "eth_getTransactionReceipt")            # null, though mined
        proxy.inject(behind(3))                                        # serves the chain as it was three blocks ago
        proxy.inject(frozen_at(chain.head().number))                   # its head stays there
        proxy.inject(unsent(), "eth_sendRawTransaction")               # answers the hash, forwards nothing
        proxy.inject(refused("nonce too low"), "eth_sendRawTransaction", times=1)
        proxy.clear()                                                  # an honest node again

        pool = proxy.geth_pool(limit=16)                               # geth's rules, which anvil lacks
        pool.holding = True                                            # nothing reaches the node from now on ...
        pool.release()                                                 # ... until here

        assert proxy.count("eth_sendRawTransaction") == 1
        assert proxy.calls("eth_call")[-1].answer == {"jsonrpc": "2.0", "id": 7, "result": "0x"}

Faults nest: a fault may ask the node several things, or nothing. One of your own::

    def no_code(call: Call, forward: Forward) -> Json:
        return {"result": "0x"} if call.parameters[0] == vault else forward(call)

Batches are taken apart, and each call passes the faults by itself; a fault of the connection (`status`, `dropped`,
`html`, `truncated`) spoils the whole HTTP answer. `ws_url` passes websockets through; `cut_websockets`,
`websockets_down` and `websockets_muted` trouble them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from typing import Any

import requests
import rlp
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve

Json = Any
SEND = "eth_sendRawTransaction"
BLOCK_AT: Mapping[str, int] = {
    "eth_call": 1,
    "eth_estimateGas": 1,
    "eth_getBalance": 1,
    "eth_getCode": 1,
    "eth_getTransactionCount": 1,
    "eth_getBlockByNumber": 0,
    "eth_getStorageAt": 2,
    "eth_getProof": 2,
    "eth_feeHistory": 1,
}
"""Where a method names its block."""


@dataclass(frozen=True)
class Call:
    """What was asked."""

    method: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True)
class Exchange:
    """One call and the answer that was given; None when the connection was spoilt."""

    method: str
    parameters: tuple[Any, ...]
    answer: Json


Forward = Callable[[Call], Json]
"""Passes a call on to the next fault, in the end to the node, and gives the JSON-RPC answer, an object."""
Fault = Callable[[Call, Forward], Json]


class Spoilt(Exception):  # noqa: N818 -- no error of the tests: how a fault ends a connection
    """Ends the whole HTTP answer. `status` None closes the connection without a word."""

    def __init__(self, status: int | None, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass
class Rule:
    """A fault in force."""

    fault: Fault
    methods: tuple[str, ...]
    times: int | None  # how often it acts; None until it is cleared
    skip: int  # matching calls that it lets pass first
    hits: int = 0
    _cleared: bool = False

    def clear(self) -> None:
        self._cleared = True

    @property
    def over(self) -> bool:
        """Whether it acts on nothing any more."""
        return self._cleared or (self.times is not None and self.hits >= self.times)

    def takes(self, call: Call) -> bool:
        """Whether it acts on this call; counts it."""
        if self.over or (self.methods and call.method not in self.methods):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.hits += 1
        return True


# ---- faults of the connection


def delayed(seconds: float) -> Fault:
    """Answers `seconds` {s} later."""

    def fault(call: Call, forward: Forward) -> Json:
        time.sleep(seconds)
        return forward(call)

    return fault


def status(code: int, retry_after: int | str | None = None) -> Fault:
    """HTTP `code`, 429 or 503 for example; `retry_after` {s} or a date."""
    return _spoiling(Spoilt(code, b"busy", {} if retry_after is None else {"Retry-After": str(retry_after)}))


def dropped() -> Fault:
    """The connection closes without an answer; the node never sees the call."""
    return _spoiling(Spoilt(None))


def answer_lost() -> Fault:
    """The node does what it is asked, but the connection closes before it answers."""

    def fault(call: Call, forward: Forward) -> Json:
        forward(call)
        raise Spoilt(None)

    return fault


def html() -> Fault:
    """A page of a load balancer, with status 200."""
    return _spoiling(Spoilt(200, b"<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"}))


def truncated() -> Fault:
    """The first half of the JSON, with status 200 and a Content-Length that fits it."""

    def fault(call: Call, forward: Forward) -> Json:
        whole = json.dumps({"jsonrpc": "2.0", "id": 1, **forward(call)}).encode()
        raise Spoilt(200, whole[: len(whole) // 2], {"Content-Type": "application/json"})

    return fault


def _spoiling(how: Spoilt) -> Fault:
    def fault(_call: Call, _forward: Forward) -> Json:
        raise how

    return fault


# ---- faults of the answer


def altered(change: Callable[[Any], Any]) -> Fault:
    """The node's result, changed; its errors as they are."""

    def fault(call: Call, forward: Forward) -> Json:
        answer = forward(call)
        return {**answer, "result": change(answer["result"])} if "result" in answer else answer

    return fault


def hidden() -> Fault:
    """Null in place of what there is: receipts, transactions, blocks."""
    return altered(lambda _result: None)


def refused(message: str, code: int = -32000, data: Json = None) -> Fault:
    """An error in any client's words; the node never sees the call."""
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return lambda _call, _forward: {"error": error}


def unsent() -> Fault:
    """For `eth_sendRawTransaction`: answers the hash and forwards nothing."""
    return lambda call, _forward: {"result": "0x" + keccak(hexstr=call.parameters[0]).hex()}


def no_logs() -> Fault:
    """For `eth_getLogs`: an empty list."""
    return altered(lambda _logs: [])


def fewer_logs(missing: int = 1) -> Fault:
    """For `eth_getLogs`: without the last `missing` ones."""
    return altered(lambda logs: logs[: max(len(logs) - missing, 0)])


def behind(blocks: int) -> Fault:
    """The chain as it was `blocks` ago, in every method: heads, state, receipts, logs."""
    return _below(lambda newest: max(newest - blocks, 0))


def frozen_at(number: int) -> Fault:
    """The chain as it was at block `number`, whatever is mined."""
    return _below(lambda newest: min(newest, number))


def _below(ceiling: Callable[[int], int]) -> Fault:
    def fault(call: Call, forward: Forward) -> Json:
        top = ceiling(int(forward(Call("eth_blockNumber", ()))["result"], 16))
        return _as_of(top, call, forward)

    return fault


def _as_of(top: int, call: Call, forward: Forward) -> Json:
    """`call` answered as if block `top` were the newest."""
    if call.method == "eth_blockNumber":
        return {"result": hex(top)}
    if call.method == "eth_getLogs":
        return {"result": [log for log in forward(call)["result"] if int(log["blockNumber"], 16) <= top]}
    if call.method == "eth_getBlockByHash":
        answer = forward(call)
        known = answer.get("result") and int(answer["result"]["number"], 16) <= top
        return answer if known else {"result": None}
    if call.method == "eth_getTransactionReceipt":
        answer = forward(call)
        mined = answer.get("result") and int(answer["result"]["blockNumber"], 16) <= top
        return answer if mined else {"result": None}
    at = BLOCK_AT.get(call.method)
    if at is None or len(call.parameters) <= at:
        return forward(call)
    number = _number(call.parameters[at], top, forward)
    if number > top:
        return {"result": None} if call.method == "eth_getBlockByNumber" else _unknown_block()
    parameters = list(call.parameters)
    if not isinstance(parameters[at], Mapping):
        parameters[at] = hex(number)
    return forward(Call(call.method, tuple(parameters)))


def _number(named: Json, top: int, forward: Forward) -> int:
    if isinstance(named, Mapping):
        block = forward(Call("eth_getBlockByHash", (named["blockHash"], False))).get("result")
        return top + 1 if block is None else int(block["number"], 16)
    if named == "earliest":
        return 0
    return int(named, 16) if named.startswith("0x") else top


def _unknown_block() -> Json:
    return {"error": {"code": -32000, "message": "header not found"}}


# ---- the pool


@dataclass(frozen=True)
class Pooled:
    """A signed transaction, decoded."""

    raw: str
    hash: str
    sender: str
    nonce: int
    max_fee: int  # {wei/gas}
    tip: int  # {wei/gas}

    @classmethod
    def of(cls, raw: str) -> Pooled:
        octets = bytes.fromhex(raw.removeprefix("0x"))
        sender = str(Account.recover_transaction(octets))
        if octets[0] < 0xC0:
            fields = TypedTransaction.from_bytes(HexBytes(octets)).as_dict()
            price = fields.get("gasPrice", 0)
            nonce, most, tip = (
                fields["nonce"],
                fields.get("maxFeePerGas", price),
                fields.get("maxPriorityFeePerGas", price),
            )
        else:
            nonce, most = (int.from_bytes(word, "big") for word in rlp.decode(octets)[:2])
            tip = most
        return cls(raw, "0x" + keccak(octets).hex(), sender, nonce, most, tip)


@dataclass
class GethPool:
    """geth's rules for its pool in front of a node without them, see `Proxy.geth_pool`.

    What pays less than the block's base fee waits here, because anvil refuses it where geth keeps it; `release` offers
    it again.
    """

    limit: int
    ask: Forward
    holding: bool = False  # keep everything here until `release`
    _pool: dict[tuple[str, int], Pooled] = field(default_factory=dict)
    _kept: dict[tuple[str, int], Pooled] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def held(self) -> tuple[Pooled, ...]:
        """Accepted, and not passed on to the node."""
        with self._lock:
            return tuple(self._kept[key] for key in sorted(self._kept))

    @property
    def pooled(self) -> tuple[Pooled, ...]:
        """Taken, and not known to be mined; those included that are held."""
        with self._lock:
            return tuple(self._pool.values())

    def release(self) -> list[Json]:
        """Passes on what is held, in the order of nonces; the node's answers."""
        with self._lock:
            self.holding = False
            kept, self._kept = self.held, {}
            return [self._pass(transaction, self.ask) for transaction in kept]

    def restore(self, raw: str) -> Json:
        """Takes in what a reorg has taken out of a block; the node's answer."""
        with self._lock:
            return self._pass(Pooled.of(raw), self.ask)

    def forget(self, transaction: str) -> None:
        """Drops a held transaction, by its hash, as a pool does that is full."""
        with self._lock:
            self._pool = {key: pooled for key, pooled in self._pool.items() if pooled.hash != transaction}
            self._kept = {key: pooled for key, pooled in self._kept.items() if pooled.hash != transaction}

    def __call__(self, call: Call, forward: Forward) -> Json:
        with self._lock:
            if call.method == SEND:
                return self._take(Pooled.of(call.parameters[0]), forward)
            if call.method == "eth_getTransactionCount" and call.parameters[1:] == ("pending",):
                return {"result": hex(self._next_nonce(call, forward))}
            if call.method == "eth_getTransactionByHash":
                found = [pooled for pooled in self.held if pooled.hash == call.parameters[0]]
                return {"result": _pending(found[0])} if found else forward(call)
        return forward(call)

    def _take(self, new: Pooled, forward: Forward) -> Json:
        mined = int(forward(Call("eth_getTransactionCount", (new.sender, "latest")))["result"], 16)
        self._pool = {key: old for key, old in self._pool.items() if key[0] != new.sender or old.nonce >= mined}
        said = self._objection(new, mined)
        if said:
            return {"error": {"code": -32000, "message": said}}
        if self.holding:
            self._keep(new)
            return {"result": new.hash}
        return self._pass(new, forward)

    def _objection(self, new: Pooled, mined: int) -> str:
        old = self._pool.get((new.sender, new.nonce))
        if old is not None and old.hash == new.hash:
            return "already known"
        if new.nonce < mined:
            return f"nonce too low: next nonce {mined}, tx nonce {new.nonce}"
        if old is not None:
            enough = 10 * new.max_fee >= 11 * old.max_fee and 10 * new.tip >= 11 * old.tip
            return "" if enough else "replacement transaction underpriced"
        theirs = sum(key[0] == new.sender for key in self._pool)
        return "account limit exceeded" if theirs >= self.limit else ""

    def _pass(self, new: Pooled, forward: Forward) -> Json:
        answer: Json = forward(Call(SEND, (new.raw,)))
        if "less than block base fee" in answer.get("error", {}).get("message", ""):
            self._keep(new)
            return {"result": new.hash}
        if "result" in answer:
            self._pool[new.sender, new.nonce] = new
            self._kept.pop((new.sender, new.nonce), None)
        return answer

    def _keep(self, new: Pooled) -> None:
        self._pool[new.sender, new.nonce] = self._kept[new.sender, new.nonce] = new

    def _next_nonce(self, call: Call, forward: Forward) -> int:
        nonce = int(forward(call)["result"], 16)
        sender = call.parameters[0].lower()
        held = {pooled.nonce for pooled in self.held if pooled.sender.lower() == sender}
        while nonce in held:
            nonce += 1
        return nonce


def _pending(pooled: Pooled) -> Json:
    return {
        "hash": pooled.hash,
        "from": pooled.sender,
        "nonce": hex(pooled.nonce),
        "maxFeePerGas": hex(pooled.max_fee),
        "maxPriorityFeePerGas": hex(pooled.tip),
        "blockHash": None,
        "blockNumber": None,
    }


# ---- the proxy


class Proxy:
    """See the module's docstring."""

    def __init__(self, node_url: str) -> None:
        self._node_url = node_url
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._posts = 0
        self._local = threading.local()
        self._sockets: set[ServerConnection] = set()
        self.websockets_down = False  # refuses new websockets; see `cut_websockets` for those that are open
        self.websockets_muted = False  # keeps websockets open and passes nothing of the node's on
        self._http = _HttpServer(("127.0.0.1", 0), _handler(self))
        self._ws = serve(self._relay, "127.0.0.1", 0)

    # ---- for tests

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._ws.socket.getsockname()[1]}"

    def inject(self, fault: Fault, *methods: str, times: int | None = None, skip: int = 0) -> Rule:
        """Puts a fault in force, outside of those that are."""
        rule = Rule(fault, methods, times, skip)
        with self._lock:
            self._rules = [*(old for old in self._rules if not old.over), rule]
        return rule

    def clear(self) -> None:
        """No fault any more."""
        with self._lock:
            self._rules.clear()

    def geth_pool(self, limit: int = 64) -> GethPool:
        """Enforces what geth does and anvil does not.

        A replacement pays at least 10% more on both fees, nothing is known twice, no nonce lies below the mined one,
        one account has at most `limit` transactions.
        """
        pool = GethPool(limit, self._node)
        self.share(pool)
        return pool

    def share(self, pool: GethPool) -> None:
        """Puts the same pool behind another proxy of the same node."""
        self.inject(pool, SEND, "eth_getTransactionCount", "eth_getTransactionByHash")

    def calls(self, *methods: str) -> list[Exchange]:
        """What was asked, in order, of these methods or of all."""
        with self._lock:
            return [exchange for exchange in self._exchanges if not methods or exchange.method in methods]

    def count(self, *methods: str) -> int:
        return len(self.calls(*methods))

    @property
    def posts(self) -> int:
        """HTTP requests so far, a batch counted once."""
        return self._posts

    def forget(self) -> None:
        """Starts the record anew."""
        with self._lock:
            self._exchanges.clear()
            self._posts = 0

    def cut_websockets(self) -> None:
        """Drops every open websocket."""
        for connection in list(self._sockets):
            with suppress(OSError):
                connection.socket.shutdown(SHUT_RDWR)

    # ---- inside

    def answer(self, body: bytes) -> bytes:
        """The answer to one HTTP request; raises `Spoilt`."""
        self._posts += 1
        asked = json.loads(body)
        if isinstance(asked, list):
            return json.dumps([self._answered(call) for call in asked]).encode()
        return json.dumps(self._answered(asked)).encode()

    def _answered(self, asked: Mapping[str, Any]) -> Json:
        call = Call(asked["method"], tuple(asked.get("params", ())))
        with self._lock:
            rules = [rule for rule in self._rules if rule.takes(call)]
        forward: Forward = self._node
        for rule in rules:
            forward = _nested(rule.fault, forward)
        try:
            answer = {"jsonrpc": "2.0", "id": asked.get("id"), **_bare(forward(call))}
        except Spoilt:
            self._record(call, None)
            raise
        self._record(call, answer)
        return answer

    def _record(self, call: Call, answer: Json) -> None:
        with self._lock:
            self._exchanges.append(Exchange(call.method, call.parameters, answer))

    def _node(self, call: Call) -> Json:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        asked = {"jsonrpc": "2.0", "id": 1, "method": call.method, "params": list(call.parameters)}
        try:
            return session.post(self._node_url, json=asked, timeout=60).json()
        except requests.RequestException:
            raise Spoilt(502, b"the node behind the proxy is gone") from None

    def end_thread(self) -> None:
        """Closes what the calling thread holds."""
        session = getattr(self._local, "session", None)
        if session is not None:
            session.close()

    def _relay(self, connection: ServerConnection) -> None:
        if self.websockets_down:
            connection.close(1013)
            return
        with connect(self._node_url.replace("http", "ws", 1), open_timeout=5, max_size=None) as node:
            self._sockets.add(connection)
            back = threading.Thread(target=self._copy_back, args=(node, connection), daemon=True)
            back.start()
            try:
                for message in connection:
                    node.send(message)
            except (ConnectionClosed, OSError):
                pass
            finally:
                self._sockets.discard(connection)
                node.close()
                back.join(5)

    def _copy_back(self, node: Any, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed, OSError):
            for message in node:
                if not self.websockets_muted:
                    connection.send(message)
        with suppress(OSError):
            connection.socket.shutdown(SHUT_RDWR)

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        threads = [
            threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True),
            threading.Thread(target=self._ws.serve_forever, daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.cut_websockets()
            _shut(self._http, self._ws)
            self.end_thread()
            for thread in threads:
                thread.join(5)


def _shut(http: _HttpServer, ws: Server) -> None:
    http.shutdown()
    http.cut()
    http.server_close()
    ws.shutdown()


def _nested(fault: Fault, forward: Forward) -> Forward:
    return lambda call: fault(call, forward)


def _bare(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name in {"result", "error"}}


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is no error of the proxy's."""

    def cut(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                self._reply(200, proxy.answer(body), {"Content-Type": "application/json"})
            except Spoilt as how:
                if how.status is None:
                    self.close_connection = True
                    self.connection.shutdown(SHUT_RDWR)
                else:
                    self._reply(how.status, how.body, how.headers)

        def _reply(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def finish(self) -> None:
            proxy.end_thread()
            super().finish()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Silent."""

    return Handler


@contextmanager
def fault_proxy(node_url: str) -> Iterator[Proxy]:
    """A proxy before the node at `node_url`, for the length of a `with` block."""
    with Proxy(node_url).running() as proxy:
        yield proxy
