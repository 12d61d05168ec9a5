"""A signer elsewhere that a test starts: Clef, geth or web3signer with a development key."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from eth_utils.address import to_checksum_address

from controller.execution.keys import development_signer

Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class SigningService:
    """Stands for Clef, geth or web3signer: signs with a development key whatever it is asked, in its client's form."""

    method: str
    bare: bool  # web3signer returns the bytes alone
    change: Change = dict  # what it makes of a transaction before it signs
    answer: Any = None  # what it returns in place of a signature
    key: int = 3  # of the development accounts
    account: int = 3  # that it is asked for
    asked: list[dict[str, Any]] = field(default_factory=list)

    def reply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append({"method": request["method"], **request["params"][0]})
        if request["method"] != self.method:
            return {"error": {"code": -32601, "message": f"the method {request['method']} does not exist"}}
        if self.answer is not None:
            return dict(self.answer)
        asked = dict(request["params"][0])
        assert asked.pop("from") == development_signer(self.account).address
        numbers = {name: int(asked.pop(name), 16) for name in list(asked) if name not in {"to", "data"}}
        if "to" in asked:
            asked["to"] = to_checksum_address(asked["to"])
        raw = "0x" + development_signer(self.key).sign(self.change({"type": 2, **asked, **numbers})).hex()
        return {"result": raw if self.bare else {"raw": raw, "tx": {}}}


@contextmanager
def signing(service: SigningService) -> Iterator[str]:
    """Its address on loopback, with what looks like a credential, for the length of a `with` block."""
    server = HTTPServer(("127.0.0.1", 0), _handler(service))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://user:secret@127.0.0.1:{server.server_address[1]}/path-with-a-key"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _handler(service: SigningService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"jsonrpc": "2.0", "id": request["id"], **service.reply(request)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Silent."""

    return Handler
