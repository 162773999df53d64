"""``python -m pitchpipe``."""

from __future__ import annotations

import sys

from pitchpipe.cli import main

if __name__ == "__main__":
    sys.exit(main())
