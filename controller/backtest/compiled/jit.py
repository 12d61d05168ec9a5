"""What compiles the functions of this package, once for a machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final, ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")
_HERE: Final = Path(__file__).parent
_CONFIG: Final[Any] = numba.config


def _folder() -> str:
    """Where compiled code is kept, under the digest of every source: numba itself looks only at the file of the
    function that is called, and would go on with an old version of whatever that calls."""
    digest = sha256(b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))).hexdigest()[:16]
    kept = _HERE / "__pycache__"
    mine = Path(gettempdir()) / f"evenkeel-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    root = Path(_CONFIG.CACHE_DIR) if _CONFIG.CACHE_DIR else kept if os.access(_HERE, os.W_OK) else mine
    return str(root / digest)


_FOLDER: Final = _folder()


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """A function that others of this package call, as machine code."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """A function that Python calls, as machine code, which threads may run side by side."""
    return _compiled(function, nogil=True)


def _compiled(function: Callable[P, R], **options: bool) -> Callable[P, R]:
    before, _CONFIG.CACHE_DIR = _CONFIG.CACHE_DIR, _FOLDER
    try:
        compiler: Any = numba.njit
        made: Callable[P, R] = compiler(cache=True, error_model="numpy", **options)(function)
        return made
    finally:
        _CONFIG.CACHE_DIR = before
