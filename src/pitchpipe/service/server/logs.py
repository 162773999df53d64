"""Log records as lines: text for people, JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Literal

Form = Literal["text", "json"]
"""How a record is written."""

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and whatever the record carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """Time, level and message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines where there is a traceback."""
        took = getattr(record, "milliseconds", None)
        line = f"{_time(record.created)} {record.levelname.lower():7} {record.getMessage()}"
        line = line.encode("unicode_escape").decode() if not line.isprintable() else line
        line += f" {took} ms" if took is not None else ""
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def log_to_stderr(form: Form, level: str) -> None:
    """Sets this process up to log; for programs, which own their process.

    Args:
        form: how a record is written.
        level: of the records that are written, as the logging module names it.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def _time(seconds: float) -> str:
    return (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03}Z"
    )
