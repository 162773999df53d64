"""Where the library's log goes while a command runs."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """Sends Pitchpipe's log to stderr: all of it, or only warnings.

    Without ``verbose`` the run's own news is left out, because the progress display and the error
    message tell it.
    """
    logger = logging.getLogger("pitchpipe")
    handler = logging.StreamHandler(sys.stderr)
    before = logger.level
    if verbose:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.setLevel(logging.DEBUG)
    else:
        handler.setFormatter(logging.Formatter("pitchpipe: %(message)s"))
        handler.setLevel(logging.WARNING)
        handler.addFilter(lambda record: record.name != "pitchpipe.run")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
