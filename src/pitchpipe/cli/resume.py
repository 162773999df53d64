"""Let a paused job go on."""

from __future__ import annotations

import argparse

from pitchpipe.cli.order import configure as configure
from pitchpipe.cli.order import give


def run(arguments: argparse.Namespace) -> int:
    """Resumes it, and shows how the job stands."""
    return give(arguments, lambda trainer, job: trainer.resume(job))
