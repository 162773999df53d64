"""Where the library's log goes while a command runs."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator


class _Brief(logging.Formatter):
    """One line a record: an exception by its name and words, without the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        from pitchpipe.redaction import hide_credentials

        error = record.exc_info[1] if record.exc_info else None
        told = f": {type(error).__name__}: {error}" if error else ""
        return hide_credentials(f"pitchpipe: {record.getMessage()}{told}")


@contextlib.contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """Sends Pitchpipe's log to stderr: all of it, or only warnings.

    Without ``verbose`` the run's own news is left out, because the progress display and the error
    message tell it.
    """
    from pitchpipe.redaction import HidingFilter

    logger = logging.getLogger("pitchpipe")
    handler = logging.StreamHandler(sys.stderr)
    before = logger.level
    if verbose:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.setLevel(logging.DEBUG)
    else:
        handler.setFormatter(_Brief())
        handler.setLevel(logging.WARNING)
        handler.addFilter(lambda record: record.name != "pitchpipe.run")
    handler.addFilter(HidingFilter())
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
