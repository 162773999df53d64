"""Log records as lines: text for people, JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Literal

Form = Literal["text", "json"]
"""How a record is written."""

_MAX_TEXT = 2000
"""Characters of a message, or of a word that a client wrote."""

_MAX_TRACEBACK = 20_000

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and whatever the record carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _clipped(record.getMessage()),
        }
        line |= {
            name: _clipped(value) if isinstance(value, str) else value
            for name, value in vars(record).items()
            if name not in _USUAL
        }
        if record.exc_info:
            line["traceback"] = _clipped(self.formatException(record.exc_info), _MAX_TRACEBACK)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """Time, level and message; a traceback indented below, so that no client writes a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines where there is a traceback."""
        took = getattr(record, "milliseconds", None)
        message = _printable(_clipped(record.getMessage()))
        line = f"{_time(record.created)} {record.levelname.lower():7} {message}"
        line += f" {took} ms" if took is not None else ""
        if not record.exc_info:
            return line
        traceback = _clipped(self.formatException(record.exc_info), _MAX_TRACEBACK)
        return "\n  ".join([line, *map(_printable, traceback.split("\n"))])


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


def _clipped(text: str, most: int = _MAX_TEXT) -> str:
    """The text; its middle is left out where it is too long: tracebacks end with the error."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} ... ({len(text) - 2 * half:,} characters) ... {text[-half:]}"


def _printable(text: str) -> str:
    """The text without line ends, terminal sequences and signs that turn its direction."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _time(seconds: float) -> str:
    return (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03}Z"
    )
