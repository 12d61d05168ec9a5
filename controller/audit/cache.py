"""What a node answered before, so that an audit that was interrupted goes on where it was.

Nothing in it is believed: every answer is verified again as if the node had just given it. It holds for the blocks up
to its anchor, and only as long as the node still has that block under the same hash.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from eth_utils.crypto import keccak

from controller.chain import wire
from controller.chain.client import Chain
from controller.chain.transport import Call, Source
from controller.chain.wire import Json
from controller.errors import StorageError
from controller.model import BlockRef

T = TypeVar("T")
_KEPT: Final = frozenset(
    {
        "eth_getBlockByNumber", "eth_getBlockByHash", "eth_getBlockReceipts", "eth_getTransactionReceipt",
        "eth_getTransactionByHash", "eth_getLogs", "eth_getProof", "eth_call",
    }
)  # fmt: skip
"""Methods whose answers do not change once their block is settled."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS answer (key BLOB PRIMARY KEY, answer BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS anchor (chain INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL);
"""


class Remembering:
    """A source that asks another one only what it does not know yet.

    Parameters
    ----------
    source : who is asked.
    path : the file; created when it is not there, emptied when the chain under it is another one.
    last : block up to which everything is asked.

    Raises
    ------
    StorageError
        When the file cannot be used.
    """

    def __init__(self, source: Source, path: Path, last: BlockRef) -> None:
        self._source = source
        self._path = path
        self.asked = self.known = 0  # answers that were asked for, and that were known
        with self._failing_as_storage():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path)
            self._file.executescript(_SCHEMA)
            self._anchor(Chain(source), last)

    @property
    def shown(self) -> str:
        return self._source.shown

    @property
    def serving(self) -> str:
        return self._source.serving

    def distrust(self) -> bool:
        return self._source.distrust()

    def close(self) -> None:
        self._file.close()

    def request(self, method: str, parameters: Sequence[Any]) -> Json:
        """See `Transport.request`."""
        return self._remembered([(method, parameters)], lambda _: [self._source.request(method, parameters)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Json]:
        """Asks only for those that are not known."""
        return self._remembered(calls, self._source.batch)

    def _remembered(self, calls: Sequence[Call], ask: Callable[[list[Call]], list[Json]]) -> list[Json]:
        with self._failing_as_storage():
            answers = {place: self._known(*call) for place, call in enumerate(calls)}
        missing = [place for place, found in answers.items() if found is None]
        self.known += len(calls) - len(missing)
        self.asked += len(missing)
        if missing:
            said = ask([calls[place] for place in missing])
            answers |= dict(zip(missing, said, strict=True))
            with self._failing_as_storage(), self._file:
                for place, answer in zip(missing, said, strict=True):
                    self._keep(*calls[place], answer)
        return list(answers.values())

    def _known(self, method: str, parameters: Sequence[Any]) -> Json | None:
        row = self._file.execute("SELECT answer FROM answer WHERE key = ?", [_key(method, parameters)]).fetchone()
        return None if row is None else json.loads(zlib.decompress(row[0]))

    def _keep(self, method: str, parameters: Sequence[Any], answer: Json) -> None:
        if method in _KEPT and answer is not None and "latest" not in parameters:
            packed = zlib.compress(json.dumps(answer).encode(), 1)
            self._file.execute("INSERT OR REPLACE INTO answer VALUES (?, ?)", [_key(method, parameters), packed])

    def _anchor(self, chain: Chain, last: BlockRef) -> None:
        """Keeps what is there only where its anchor is still a block of this chain, then moves the anchor on."""
        row = self._file.execute("SELECT chain, number, hash FROM anchor").fetchone()
        with self._file:
            if row is not None and (row[0] != chain.chain_id or not _is_there(chain, row[1], row[2])):
                self._file.execute("DELETE FROM answer")
                row = None
            if row is None or row[1] < last.number:
                self._file.execute("DELETE FROM anchor")
                self._file.execute("INSERT INTO anchor VALUES (?, ?, ?)", [chain.chain_id, last.number, last.hash])

    @contextmanager
    def _failing_as_storage(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, zlib.error, OSError, ValueError) as error:
            raise StorageError(
                f"The audit's cache {self._path} cannot be used: {error}.",
                "Remove it, or name another one with --cache.",
            ) from None


def _key(method: str, parameters: Sequence[Any]) -> bytes:
    return bytes(keccak(json.dumps([method, parameters], sort_keys=True).encode()))


def _is_there(chain: Chain, number: int, hash_: bytes) -> bool:
    answer = chain.request("eth_getBlockByNumber", hex(number), False)
    return answer is not None and wire.octets(wire.field(answer, "hash")) == hash_
