"""What a node means when it does not just take a transaction, in the words of every client."""

from __future__ import annotations

import re
from typing import Final

from controller.execution.flight import Reply

_WORDS: Final[tuple[tuple[Reply, tuple[str, ...]], ...]] = (
    (
        Reply.TAKEN,
        (
            r"already.?known|already.?imported|already.?exists|already in (the )?(mem)?pool",
            r"known.?transaction|tx with same hash",
        ),
    ),
    # whether it was used by one of ours is for the chain to tell
    (Reply.UNKNOWN, (r"nonce.{0,20}too.?low|correct nonce|old.?nonce|lower.*nonce|stale.?nonce",)),
    (
        Reply.UNDERPRICED,
        (
            r"replacement.{0,20}(underpriced|too low|not.?allowed)|replace existing",
            r"with same nonce in the queue|own.?nonce.?already.?used",
        ),
    ),
    (
        Reply.REFUSED,
        (
            r"insufficient.?(funds|balance)|not (have )?enough funds|upfront.?cost|overdraft",
            r"exceeds.{0,20}gas.?limit|gas.?limit.?exceed|intrinsic.?gas|enough gas to cover minimal cost",
            r"exceeds the configured cap|fee cap exceeded|oversized|too big",
            r"invalid.{0,20}(sender|signature|chain)|type not supported",
        ),
    ),
)
_PATTERNS: Final = tuple((reply, re.compile("|".join(words), re.IGNORECASE)) for reply, words in _WORDS)


def reply_of(text: str) -> Reply:
    """Who has the bytes after a refusal in these words.

    Words that nobody knows are unclear: a gateway may have passed the bytes on before it said them.
    """
    return next((reply for reply, pattern in _PATTERNS if pattern.search(text)), Reply.UNKNOWN)
