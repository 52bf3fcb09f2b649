"""``python -m embeat_serve``: calls ``cli.main`` and nothing else."""

import sys

from embeat_serve.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
