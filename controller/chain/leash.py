"""Runs a program that dies with the process that started it, also when that one is killed outright.

Started as a script by `nodes.start_node`: ``leash.py PARENT_PID PROGRAM [ARGUMENT ...]`` with a pipe on stdin.

On Linux the kernel is asked to kill this process when its parent is gone, and then it becomes the program: one process,
no watcher. Elsewhere, and wherever that is refused, this process stays, reads stdin until the parent's end of the pipe
closes, and kills the program then. Standard library only: it runs without the package on its path.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> bool:
    """Ask the kernel; True when it agreed."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0)
    except (AttributeError, OSError):
        return False


def watch(program: list[str]) -> int:
    """Run `program` until it ends or stdin closes."""
    child = subprocess.Popen(program, stdin=subprocess.DEVNULL)

    def kill_when_closed() -> None:
        sys.stdin.buffer.read()
        child.kill()

    threading.Thread(target=kill_when_closed, daemon=True).start()
    return child.wait()


def main() -> int:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if parent and die_with_parent():
        if os.getppid() != parent:  # it died before the kernel was asked
            return 1
        os.execv(program[0], program)  # noqa: S606 - a shell in between would be the one that dies
    return watch(program)


if __name__ == "__main__":
    sys.exit(main())
