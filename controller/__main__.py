"""Entry point of the command `evenkeel`, and of `python -m controller`."""

from __future__ import annotations

import sys


def run() -> None:
    """Runs the command line; a Ctrl-C while Python is still importing it ends without a traceback too."""
    try:
        from controller.cli.main import main
    except KeyboardInterrupt:
        sys.exit(130)
    main()


if __name__ == "__main__":
    run()
