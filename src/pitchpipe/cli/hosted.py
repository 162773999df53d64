"""What inventory and backup have in common: the service they ask, and how far they have come."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pitchpipe.errors import UsageError

if TYPE_CHECKING:
    from pitchpipe.config import Config
    from pitchpipe.default_plugins.openai_client import Connection


def connection_of(config: Config) -> Connection:
    """The service of the configured trainer.

    Raises:
        UsageError: the trainer is not one that speaks the API.
    """
    from pitchpipe.cli.flags import pipeline_of
    from pitchpipe.default_plugins.openai_client import Connection

    pipeline = pipeline_of(config)
    if not isinstance(pipeline.trainer, Connection):
        raise UsageError(
            f"--trainer {pipeline.trainer_name}: this trainer is not a client of the fine-tuning "
            "API, so there is no service to ask. Pass --trainer openai."
        )
    return pipeline.trainer


@contextlib.contextmanager
def list_progress() -> Iterator[Callable[[str, int], None]]:
    """Shows on stderr how many objects of a list were dealt with, while the block runs."""
    from pitchpipe.cli.progress import Progress

    progress = Progress(sys.stderr)
    current = ""

    def report(what: str, done: int) -> None:
        nonlocal current
        if what != current:
            progress.clear()
            progress.stage_started()
            current = what
        progress.stage_progressed(what, done, None)

    try:
        yield report
    finally:
        progress.clear()
