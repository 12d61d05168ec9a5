"""Whether a report says what the ledger and the standing rules in force give: every line of it, computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.tax.standing import Order

_COMPARED = (
    "asset",
    "quantity",
    "acquired",
    "disposed",
    "term",
    "method",
    "proceeds",
    "cost",
    "disallowed",
    "gain",
    "lot",
)


def differences(stated: Mapping[str, Any], again: Mapping[str, Any], orders: Sequence[Order]) -> list[str]:
    """What differs, a sentence for each line of the report.

    Parameters
    ----------
    stated, again : the report and the one computed again, as JSON documents.
    orders : the rules in force, for the words.
    """
    found = []
    rules = [rule["hash"] for rule in again["standing_rules"]]
    if [rule.get("hash") for rule in stated.get("standing_rules", [])] != rules:
        found.append(f"the report does not rest on the standing rules in force: {', '.join(rules) or 'none'}")
    theirs, ours = stated.get("lines", []), again["lines"]
    if len(theirs) != len(ours):
        found.append(f"the report has {len(theirs)} lines, the ledger gives {len(ours)}")
    for number, (said, right) in enumerate(zip(theirs, ours, strict=False), start=1):
        wrong = [key for key in _COMPARED if said.get(key) != right[key]]
        if wrong:
            found.append(f"line {number} ({right['disposal']['where']}): {_words(wrong, said, right, orders)}")
    if [figure.get("value") for figure in stated.get("figures", [])] != [one["value"] for one in again["figures"]]:
        found.append("the sums are not those of the lines")
    return found


def undeclared(declared: Sequence[tuple[int, int, bytes]], orders: Sequence[Order]) -> list[str]:
    """Declarations that are no standing lot rule of this vault as far as is known here."""
    known = {order.seq for order in orders}
    return [
        f"entry {seq} declares 0x{said.hex()}, which is no standing lot rule that is known here"
        for seq, _, said in declared
        if seq not in known
    ]


def _words(wrong: Sequence[str], said: Mapping[str, Any], right: Mapping[str, Any], orders: Sequence[Order]) -> str:
    if "method" in wrong:
        rule = next((f", as entry {order.seq} orders" for order in reversed(orders)), "")
        return f"lots were taken by {said.get('method')}, in force was {right['method']}{rule}"
    if "lot" in wrong and said.get("lot") and right["lot"]:
        return f"it names the lot {said['lot'].get('id')}, the rule in force takes {right['lot']['id']}"
    return f"{', '.join(wrong)} differ"
