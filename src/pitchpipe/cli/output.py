"""Writing to the terminal: the answer to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from pitchpipe.cli.streams import forget


def write(text: str, stream: TextIO, end: str = "\n") -> None:
    """Writes lines; what the stream's encoding lacks is written as escapes.

    Raises:
        WriteError: standard output takes no more. Where news cannot be told, the work goes on.
    """
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if stream is sys.stderr:
            forget(stream)
            return
        raise unwritable(error) from None


def unwritable(error: OSError) -> Exception:
    """The error of a standard output that takes no more."""
    from pitchpipe.files import WriteError

    return WriteError(
        f"standard output: cannot be written: {error.strerror or error}. Free some space, or send "
        "it elsewhere, and run again; finished work is kept."
    )


def answer(text: str) -> None:
    """Writes what was asked for, to stdout."""
    write(text, sys.stdout)


def answer_json(value: Any, *, compact: bool = False) -> None:
    """Writes one JSON value to stdout, in ASCII, so that no encoding can spoil it.

    Args:
        value: JSON types; what is none of them is written as text.
        compact: on one line, for a stream of values.
    """
    write(json.dumps(value, indent=None if compact else 2, default=str), sys.stdout)


def say(text: str) -> None:
    """Writes news to stderr."""
    write(text, sys.stderr)


def warn(text: str) -> None:
    """Writes something the user should know, though the work goes on, to stderr."""
    say(f"pitchpipe: {text}")


def shown(value: object) -> str:
    """A value of the user's for a table: on one line, without control characters."""
    text = value if isinstance(value, str) else str(value)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def number(value: float | int | None) -> str:
    """A figure with three decimals; a dash when there is none."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their titles, as wide as need be; numbers stand to the right."""
    from rich.cells import cell_len

    rows = [list(row) for row in rows]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        for i in range(len(titles))
    ]
    cells = [list(titles)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(titles))]
    lines = []
    for row in cells:
        padded = []
        for text, width, right in zip(row, widths, numeric, strict=True):
            space = " " * (width - cell_len(text))
            padded.append(space + text if right else text + space)
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def pairs(values: Mapping[str, object]) -> str:
    """One "name  value" line each, the values under one another."""
    width = max((len(name) for name in values), default=0)
    return "\n".join(f"{name:{width}}  {shown(value)}" for name, value in values.items())


def _cell(value: object) -> str:
    return number(value) if isinstance(value, int | float) else shown(value)
