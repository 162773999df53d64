"""End a job without a model."""

from __future__ import annotations

import argparse

from pitchpipe.cli.order import configure as configure
from pitchpipe.cli.order import give


def run(arguments: argparse.Namespace) -> int:
    """Cancels it, and shows how the job stands."""
    return give(arguments, lambda trainer, job: trainer.cancel(job))
