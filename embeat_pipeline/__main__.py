"""``python -m embeat_pipeline``: calls ``cli.main`` and nothing else."""

import sys

from embeat_pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main())
