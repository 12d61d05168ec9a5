"""A compiler that stays warm between mutants, in the place of scripts/solc, which starts anew each time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT = """\
#!{python} -IS
import socket
import sys

if "--version" in sys.argv:
    print({version!r})
    sys.exit()
with socket.socket(socket.AF_UNIX) as server:
    server.connect({place!r})
    server.sendall(sys.stdin.buffer.read())
    server.shutdown(socket.SHUT_WR)
    while part := server.recv(1 << 20):
        sys.stdout.buffer.write(part)
"""


class Compiler:
    """One process of Node; it serves one call at a time."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp())  # a socket's name has to be short
        place = self._folder / "solc"
        command = ["node", str(Path(__file__).with_suffix(".cjs")), str(place), str(ROOT / "node_modules" / "solc")]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._server.stdout is None or self._server.stdout.readline() != b"listening\n":
            raise RuntimeError("The compiler does not start: see what Node says.")
        asked = [str(ROOT / "scripts" / "solc"), "--version"]
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.rstrip("\n")
        self._client = CLIENT.format(python=sys.executable, version=version, place=str(place))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server.stdin is not None:
            self._server.stdin.close()
        self._server.wait()
        shutil.rmtree(self._folder)

    def install(self, path: Path) -> None:
        """Puts a program there that is called as scripts/solc is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(self._client)
        path.chmod(0o755)
