"""Stop a job until it is resumed."""

from __future__ import annotations

import argparse

from pitchpipe.cli.order import configure as configure
from pitchpipe.cli.order import give


def run(arguments: argparse.Namespace) -> int:
    """Pauses it, and shows how the job stands."""
    return give(arguments, lambda trainer, job: trainer.pause(job))
