"""What a keeper says: JSON lines of one vocabulary, and no secret in any of them, wherever it was hidden."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import NodeError
from controller.execution.keys import Secret
from controller.keeper.alerts import AlertKind, Severity
from controller.keeper.logs import HIDDEN, Event, Log, Redactor

KEY = "0x" + "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d"


def _said(write: Callable[[Log], object], *secrets: Secret) -> str:
    stream = io.StringIO()
    write(Log(Redactor(secrets), stream))
    return stream.getvalue()


def _line(**values: Any) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(_said(lambda log: log.info(Event.TICK, **values)))
    return line


def test_log__when_an_event_is_said__then_one_json_line_with_time_level_and_values() -> None:
    line = _line(
        vaults=3, part=0.5, due=True, nothing=None, many=(1, "a"), big=2**80, raw=b"\x01", kind=AlertKind.PAUSED
    )
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "tick", "level": "info", "vaults": 3, "part": 0.5, "due": True, "nothing": None, "many": [1, "a"],
        "big": str(2**80), "raw": "0x01", "kind": "paused",
    }  # fmt: skip


def test_log__when_it_is_worse__then_the_level_says_so() -> None:
    said = _said(lambda log: (log.warning(Event.HELD), log.error(Event.TROUBLE)))
    assert [json.loads(line)["level"] for line in said.splitlines()] == ["warning", "error"]


def test_log__when_a_value_is_no_json__then_still_a_line() -> None:
    assert _line(severity=Severity.INFO, number=float("nan"), error=NodeError("Gone.", "Wait."))["number"] == "nan"
    assert _line(severity=Severity.INFO)["severity"] == "INFO"
    assert _line(error=NodeError("Gone.", "Wait."))["error"] == "Gone. Wait."


# ---- secrets

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Zs", "Cc"]), min_size=8, max_size=40)
KEYS = st.binary(min_size=32, max_size=32).map(lambda key: key.hex()).filter(lambda key: len(set(key)) > 3)


@dataclass(frozen=True)
class Holder:
    inside: Any


class Shown:
    def __init__(self, inside: str) -> None:
        self._inside = inside

    def __repr__(self) -> str:
        return f"Shown({self._inside!r})"


def _buried(secret: str) -> st.SearchStrategy[Any]:
    """Somewhere in a value of any shape."""
    seeds = st.sampled_from(
        [
            secret,
            f"before {secret} after",
            f"x{secret}",
            secret.upper(),
            Secret(secret),
            secret.encode(),
            ValueError(f"wrong: {secret}"),
            Shown(secret),
            f"postgresql://keeper:{secret}@host/journal",
            f"https://node.example/v3/{secret}?key={secret}",
        ]
    )
    return st.recursive(
        seeds,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3),
            st.tuples(inner, st.integers()),
            st.dictionaries(st.sampled_from(["a", secret, f"my-{secret}"]), inner, min_size=1, max_size=2),
            inner.map(Holder),
        ),
        max_leaves=6,
    )


@given(data=st.data(), secret=TEXTS | KEYS)
def test_log__when_a_known_secret_is_anywhere_in_what_is_said__then_it_does_not_show(
    data: st.DataObject, secret: str
) -> None:
    value = data.draw(_buried(secret))
    said = _said(lambda log: log.info(Event.TICK, value=value, **{secret: value}), Secret(secret))
    line = json.loads(said)
    for shown in (said, json.dumps(line, ensure_ascii=False)):
        assert secret.lower() not in shown.lower()
        assert secret.encode().hex() not in shown.lower()
    assert json.dumps(secret)[1:-1].lower() not in said.lower()


@given(key=KEYS)
def test_log__when_a_key_is_written_as_a_number_or_as_bytes__then_it_does_not_show(key: str) -> None:
    values = [int(key, 16), bytes.fromhex(key), "0x" + key, key.upper(), {int(key, 16): 1}]
    said = _said(lambda log: log.info(Event.TICK, values=values), Secret("0x" + key))
    assert str(int(key, 16)) not in said
    assert key.lstrip("0") not in said.lower()


@given(
    path=st.text("abcdefghijklmnopqrstuvwxyz0123456789-_/", min_size=8),
    scheme=st.sampled_from(["https", "wss", "postgresql", "HTTP", "json"]),
)
def test_log__when_a_url_is_said__then_only_scheme_host_and_port(path: str, scheme: str) -> None:
    url = f"{scheme}://user:{'p' * 9}@node.example:8545/{path}?key={path}#{path}"
    line = _line(said=f"cannot reach {url}", url=url)
    assert line["url"] == f"{scheme.lower()}://node.example:8545"
    assert line["said"] == f"cannot reach {scheme.lower()}://node.example:8545"


@pytest.mark.parametrize(
    "url", ["http://[half/key-key-key", "http://host:99999999/key-key-key", "https:///key-key-key"]
)
def test_log__when_a_url_makes_no_sense__then_nothing_of_its_path_shows(url: str) -> None:
    assert "key-key" not in json.dumps(_line(url=url))


def test_log__when_the_url_is_a_secret__then_its_path_is_one_where_it_stands_alone() -> None:
    """Libraries quote the path of a request without its host."""
    url = Secret("https://keeper:hunter22@node.example/v3/abcdef0123456789?token=zyxwv")
    said = _said(lambda log: log.info(Event.TROUBLE, text="retrying /v3/abcdef0123456789 token=zyxwv hunter22"), url)
    assert json.loads(said)["text"] == f"retrying /{HIDDEN} {HIDDEN} {HIDDEN}"


@pytest.mark.parametrize(
    "name",
    [
        "passphrase",
        "Password",
        "private_key",
        "key",
        "apikey",
        "EVENKEEL_KEY",
        "mnemonic",
        "Authorization",
        "client_secret",
    ],
)
def test_log__when_a_name_says_that_it_is_secret__then_the_value_is_hidden_unseen(name: str) -> None:
    assert _line(**{name: "short"})[name] == HIDDEN
    assert _line(deep=[{name: {"a": 1}}])["deep"][0][name] == HIDDEN


def test_log__when_an_unknown_private_key_is_said__then_hidden_but_hashes_are_not() -> None:
    assert _line(text=f"key {KEY[2:]}")["text"] == f"key {HIDDEN}"
    assert _line(transaction=KEY)["transaction"] == KEY, "a hash looks the same, and has 0x in front"


def test_log__when_an_exception_is_shown_with_its_trace__then_redacted_as_well() -> None:
    def fail(log: Log) -> None:
        try:
            raise ValueError(f"bad key {'hunter' + '2hunter2'}")
        except ValueError:
            log.error(Event.TROUBLE, exc_info=True)

    said = _said(fail, Secret("hunter2hunter2"))
    assert "ValueError" in json.loads(said)["exception"]
    assert "hunter2hunter2" not in said


def test_redactor__when_it_learns_later_or_is_shown__then_hides_and_tells_nothing() -> None:
    redactor = Redactor()
    assert redactor.clean("open sesame") == "open sesame"
    redactor.learn(Secret("open sesame"), Secret("  "))
    assert redactor.clean("open sesame") == HIDDEN
    assert redactor.clean("nothing else is hidden") == "nothing else is hidden"
    assert "sesame" not in repr(redactor)


def test_library_handler__when_a_library_warns__then_it_is_a_redacted_line_as_well() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("evenkeel.test.library")
    logger.propagate = False
    handler = Log(Redactor([Secret("hunter2hunter2")]), stream).library_handler()
    logger.addHandler(handler)
    try:
        logger.warning("retry %s of %s with hunter2hunter2", 2, "https://node.example/v3")
    finally:
        logger.removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["library"], line["level"]) == ("library", "evenkeel.test.library", "warning")
    assert line["said"] == f"retry 2 of https://node.example with {HIDDEN}"
