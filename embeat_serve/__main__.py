"""``python -m embeat_serve``: calls ``cli.main`` and ends the process."""

import os
import sys

from embeat_serve.cli.main import main

if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # The engine takes longer to close a release that nothing was written to than to answer from
    # it, so the process ends without closing it.
    os._exit(status)
